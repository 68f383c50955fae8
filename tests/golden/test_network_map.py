"""What get-cluster-network --map prints, byte by byte: a network with everything in it, and large pools."""

from __future__ import annotations

import pytest
from goldens import Compare

from aksprov.cli.tables import as_text
from aksprov.cmdlets.network import GET_NETWORK
from aksprov.ipam.address_map import address_map
from aksprov.model.desired import Snapshot
from aksprov.model.host import Host
from aksprov.model.network import AddressRange, Lease, Network, Pools
from aksprov.model.outcome import Outcome
from aksprov.model.quarantine import of_stranger, quarantine_key
from aksprov.workflows.get_cluster_network import map_object
from aksprov.workflows.network_definition import network_object


def run(start: str, end: str = "") -> AddressRange:
    return AddressRange(start=start, end=end or start)


def node(address: str, host: str, cluster: str) -> Lease:
    return Lease(address=address, network="mynet", purpose="node", owner=f"host/{host}", cluster=cluster)


def vip(address: str, cluster: str) -> Lease:
    owner = cluster if "/" in cluster else f"cluster/{cluster}"
    return Lease(address=address, network="mynet", purpose="vip", owner=owner, cluster=cluster)


SMALL = Network(
    name="mynet",
    vswitch_name="External",
    ip_address_prefix="10.0.0.0/24",
    gateway="10.0.0.1",
    dns_servers=("10.0.0.2",),
    vip_pool=run("10.0.0.200", "10.0.0.220"),
    node_pool=run("10.0.0.10", "10.0.0.100"),
    pools=Pools(
        vip=(run("10.0.0.200", "10.0.0.220"), run("10.0.0.230", "10.0.0.239")),
        node=(run("10.0.0.10", "10.0.0.90"),),
        reserved=(run("10.0.0.210", "10.0.0.214"), run("10.0.0.50")),
    ),
)
LARGE = Network(
    name="mynet",
    vswitch_name="External",
    ip_address_prefix="172.16.0.0/16",
    gateway="172.16.0.1",
    dns_servers=("172.16.0.2",),
    vip_pool=run("172.16.255.0", "172.16.255.254"),
    node_pool=run("172.16.4.0", "172.16.254.255"),
)
CASES = {
    "small": Snapshot(
        networks={"mynet": SMALL},
        hosts={"w9": Host(name="w9", address="10.0.0.23", os="linux")},
        leases=(
            vip("10.0.0.200", "demo"),
            vip("10.0.0.201", "shop"),
            vip("10.0.0.202", quarantine_key("gone")),
            of_stranger("10.0.0.230", "mynet", "52:54:00:aa:bb:cc"),
            node("10.0.0.11", "cp1", "demo"),
            node("10.0.0.21", "w1", "demo"),
            node("10.0.0.22", "w2", "demo"),
            node("10.0.0.12", "cp2", "shop"),
            node("10.0.0.41", "lb9", quarantine_key("gone")),
            node("10.0.0.150", "w8", "shop"),
        ),
    ),
    "large": Snapshot(
        networks={"mynet": LARGE},
        leases=(
            *(vip(f"172.16.255.{number}", f"c{number}") for number in range(3)),
            *(node(f"172.16.{4 + n // 200}.{n % 200}", f"h{n}", f"c{n % 3}") for n in range(0, 3000, 97)),
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_map_looks_as_it_did(case: str, compare: Compare) -> None:
    snapshot = CASES[case]
    network = snapshot.networks["mynet"]
    shown = network_object(network) | {"Map": [map_object(pool) for pool in address_map(network, snapshot)]}
    text = as_text(GET_NETWORK, Outcome(objects=(shown,)))
    assert text.isascii() and max(map(len, text.splitlines())) <= 80
    compare(f"network-map/{case}", {"map.txt": text})
