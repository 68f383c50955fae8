"""Fifty processes at once on one state and one network: the promise that no address is given twice."""

from __future__ import annotations

import multiprocessing
from collections import Counter

import pytest

from aksprov.errors import AksprovError
from aksprov.ipam import placement
from aksprov.ipam.allocate import RESERVED_ROUTER_IDS
from aksprov.model.cluster import Cluster, NodePool
from aksprov.model.facts import Facts, Interface
from aksprov.model.host import Host
from aksprov.model.network import AddressRange, Network, RouterId
from aksprov.state import open_store

# From 3.12 on Python warns of a fork beside threads, which other tests may have left; these children need none of them.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

PROCESSES = 50
HOSTS_EACH = 3
NETWORK = Network(
    name="lab",
    vswitch_name="eth0",
    ip_address_prefix="10.0.0.0/23",
    gateway="10.0.0.1",
    dns_servers=("10.0.0.2",),
    vip_pool=AddressRange(start="10.0.1.1", end="10.0.1.60"),
    node_pool=AddressRange(start="10.0.1.100", end="10.0.1.200"),
)


def fill_inventory(where: str, hosts: int) -> None:
    with open_store(where).write() as transaction:
        transaction.put_network(NETWORK)
        for number in range(hosts):
            host = Host(name=f"host{number}", address=f"host{number}.example", os="linux")
            interface = Interface(name="eth0", addresses=(f"10.0.0.{number + 10}/23",))
            transaction.put_host(host)
            transaction.put_facts(
                host.key, Facts(machine_id=f"{number:032x}", cpus=4, memory_mb=8192, interfaces=(interface,))
            )


def make_cluster(where: str, number: int) -> str:
    """What new-cluster does with the state: place and record in one write transaction."""
    cluster = Cluster(
        name=f"c{number}", network="lab", kubernetes_version="v1.36.4", node_pools=(NodePool(name="pool"),)
    )
    try:
        with open_store(where).write() as transaction:
            desired = placement.place(cluster, NETWORK, transaction.snapshot())
            transaction.put_cluster(cluster)
            transaction.add_nodes(desired.nodes)
            transaction.add_leases(desired.leases)
            transaction.add_router_id(
                RouterId(site="", prefix=NETWORK.ip_address_prefix, router_id=desired.router_id, cluster=cluster.key)
            )
    except AksprovError as error:
        return f"{error.code}: {error.what}"
    return "made"


@pytest.mark.parametrize("hosts", [PROCESSES * HOSTS_EACH, 92])
def test_fifty_processes_get_fifty_addresses_and_no_host_twice(place: str, hosts: int) -> None:
    """With hosts for all, and with hosts for thirty: the others are told what is missing."""
    fill_inventory(place, hosts)
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(PROCESSES), context.SimpleQueue()

    def run(number: int) -> None:
        start.wait(60)
        try:
            answers.put((number, make_cluster(place, number)))
        except Exception as error:
            answers.put((number, repr(error)))
            raise

    children = [context.Process(target=run, args=(number,)) for number in range(PROCESSES)]
    for child in children:
        child.start()
    results = dict(answers.get() for _ in children)
    for child in children:
        child.join(60)

    made = min(PROCESSES, hosts // HOSTS_EACH)
    assert Counter(results.values())["made"] == made
    left = hosts - made * HOSTS_EACH
    refused = [text for text in results.values() if text != "made"]
    assert all(text.startswith("TooFewHosts: cluster c") and "1 of 1 worker of pool pool" in text for text in refused)
    assert all(("1 of 1 load balancer" in text) == (left < 2) for text in refused)

    found = open_store(place).snapshot()
    assert len(found.clusters) == made
    assert len({node.host for node in found.nodes}) == len(found.nodes) == made * HOSTS_EACH
    assert len({lease.address for lease in found.leases}) == len(found.leases) == made * (HOSTS_EACH + 1)
    assert len({lease.address for lease in found.leases if lease.purpose == "vip"}) == made
    router_ids = {r.router_id for r in found.router_ids}
    assert len(router_ids) == made
    assert not router_ids & RESERVED_ROUTER_IDS.keys()
    assert {Counter(n.role for n in found.nodes if n.cluster == key).total() for key in found.clusters} == {HOSTS_EACH}
