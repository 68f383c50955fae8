"""Many hosts in one state: what it costs to place, lease, plan and render them, and how that grows.

Everything but the network is real: a state on disk, placement, templates, planning and the
transaction that takes the leases.  Hosts answer at once with the facts that are recorded.

``python tests/bench/estate.py`` prints the curves, each size in a process of its own;
``python tests/bench/estate.py big 1000`` measures one size.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from aksprov.events import EventStream
from aksprov.ipam.cluster_rules import check_cluster
from aksprov.ipam.placement import place
from aksprov.ipam.rules import check_network
from aksprov.model.cluster import Cluster, ClusterStatus, LoadBalancerSettings, NodePool
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.facts import Facts, Interface, Observed
from aksprov.model.host import Host
from aksprov.model.host_lease import LeaseTerms
from aksprov.model.network import AddressRange, Network
from aksprov.model.transport import Completed, Connection, Delivery, Receipt
from aksprov.rendering.templates import Templates
from aksprov.rollout.runner import Fleet
from aksprov.state import Store, open_store
from aksprov.workflows.cluster_apply import reserve
from aksprov.workflows.cluster_plan import look, rendered

SIZES = (100, 300, 1000, 3000, 10_000)
SITE_HOSTS, CLUSTER_HOSTS = 100, 10


@dataclass(frozen=True)
class Cost:
    """Of one estate.

    Args:
        cpu: seconds of processor time, by part.
        peak_mb: highest resident memory of the process in MiB, and what it was before.
    """

    hosts: int
    cpu: dict[str, float]
    peak_mb: float
    base_mb: float


class Quiet:
    """A host that answers at once: it has its facts and none of our files."""

    def __init__(self, host: Host, facts: Facts) -> None:
        self.host, self._facts = host, facts

    async def observe(self, paths: Sequence[str], *, facts: bool = True) -> Observed:
        """The facts."""
        return Observed(host=self.host.name, facts=self._facts)

    async def get(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Nothing is there."""
        return {}

    async def close(self) -> None:
        """Nothing is open."""

    async def run(self, script: str, stdin: bytes = b"") -> Completed:
        """It hears nobody: the one script that a plan runs listens for VRRP."""
        return Completed(status=0, stdout=b"end\n")

    async def put_bundle(self, delivery: Delivery) -> Receipt:
        """Not part of what is measured."""
        raise NotImplementedError

    async def tcp_open(self, address: str, port: int) -> bool:
        """Not part of what is measured."""
        raise NotImplementedError

    async def unix_exchange(self, path: str, request: bytes) -> bytes | None:
        """Not part of what is measured."""
        raise NotImplementedError


def facts(number: int, address: str) -> Facts:
    """Of a machine that is large enough for everything."""
    return Facts(
        hostname=f"h{number}",
        os_id="debian",
        os_version="12",
        cpus=8,
        memory_mb=32_000,
        machine_id=f"{number:032x}",
        cgroup="v2",
        interfaces=(
            Interface(name="lo", up=True, addresses=("127.0.0.1/8", "::1/128")),
            Interface(name="eth0", up=True, mtu=1500, mac="00:00:00:00:00:00", addresses=(address, "fe80::1/64")),
        ),
        programs={"haproxy": "2.6.12", "keepalived": "2.2.7", "containerd": "2.2.1"},
    )


@dataclass(frozen=True)
class Estate:
    """What is recorded before anything is measured, and the cluster that is made then."""

    networks: list[Network]
    inventory: list[tuple[Host, Facts]]
    placed: list[Desired]
    cluster: Cluster


def big(hosts: int) -> Estate:
    """A cluster that takes every host of one network."""
    network = Network(
        name="all",
        vswitch_name="eth0",
        ip_address_prefix="172.16.0.0/16",
        gateway="172.16.0.1",
        dns_servers=("172.16.0.2",),
        vip_pool=AddressRange(start="172.16.255.1", end="172.16.255.200"),
        node_pool=AddressRange(start="172.16.1.0", end="172.16.254.255"),
    )
    inventory = [
        (Host(name=f"h{n}", address=address, os="linux"), facts(n, f"{address}/16"))
        for n in range(hosts)
        for address in [f"172.16.{1 + n // 256}.{n % 256}"]
    ]
    cluster = Cluster(
        name="big",
        network="all",
        kubernetes_version="v1.36.4",
        control_plane_node_count=3,
        load_balancer=LoadBalancerSettings(count=2),
        node_pools=tuple(NodePool(name=f"pool{n}", count=(hosts - 5) // 5) for n in range(5)),
        pod_cidrs=("10.0.0.0/8",),
        service_cidrs=("192.168.0.0/16",),
    )
    return Estate([network], inventory, [], cluster)


def one_more(hosts: int) -> Estate:
    """A cluster of ten, where all other hosts are in such clusters: shops that have the same addresses."""
    networks, inventory, placed = [], [], []
    for site in range(hosts // SITE_HOSTS):
        network = Network(
            name=f"site{site}",
            vswitch_name="eth0",
            ip_address_prefix="192.168.1.0/24",
            gateway="192.168.1.1",
            dns_servers=("192.168.1.2",),
            vip_pool=AddressRange(start="192.168.1.200", end="192.168.1.220"),
            node_pool=AddressRange(start="192.168.1.10", end="192.168.1.190"),
            site=f"shop{site}",
        )
        labels = {"site": f"shop{site}"}
        shop = [
            (Host(name=f"s{site}h{n}", address=f"s{site}h{n}.example", os="linux", labels=labels), facts(number, cidr))
            for n in range(SITE_HOSTS)
            for number, cidr in [(site * SITE_HOSTS + n, f"192.168.1.{10 + n}/24")]
        ]
        networks.append(network)
        inventory += shop
        for n in range(SITE_HOSTS // CLUSTER_HOSTS):
            some = shop[n * CLUSTER_HOSTS : (n + 1) * CLUSTER_HOSTS]
            known = Snapshot(hosts={h.key: h for h, _ in some}, facts={h.key: f for h, f in some})
            cluster = Cluster(
                name=f"s{site}c{n}",
                network=network.name,
                kubernetes_version="v1.36.4",
                control_plane_node_count=3,
                load_balancer=LoadBalancerSettings(count=2),
                node_pools=(NodePool(name="pool", count=CLUSTER_HOSTS - 5),),
            )
            desired = place(cluster, network, known)
            vip = f"192.168.1.{200 + n}"
            leases = tuple(msgspec.structs.replace(x, address=vip) if x.purpose == "vip" else x for x in desired.leases)
            placed.append(msgspec.structs.replace(desired, vip=vip, leases=leases))
    return Estate(networks, inventory, placed[:-1], placed[-1].cluster)


ESTATES = {"big": big, "one_more": one_more}


def record(store: Store, estate: Estate) -> None:
    """The state before anything is measured."""
    with store.write() as transaction:
        for network in estate.networks:
            transaction.put_network(check_network(network, Snapshot()))
        for host, known in estate.inventory:
            transaction.put_host(host)
            transaction.put_facts(host.key, known)
        for desired in estate.placed:
            transaction.put_cluster(desired.cluster)
            transaction.put_status(desired.cluster.key, ClusterStatus(state="Configured"))
            transaction.add_nodes(desired.nodes)
            transaction.add_leases(desired.leases)


async def make(store: Store, cluster: Cluster, known: Mapping[str, Facts]) -> dict[str, float]:
    """Make a cluster up to the point where hosts would be sent their files; the seconds of each part."""

    async def connect(host: Host) -> Connection:
        return Quiet(host, known[host.key])

    stream = EventStream(lambda: datetime.now(UTC))
    source = rendered(Templates.load())
    began = time.process_time()
    snapshot = store.snapshot()
    read = time.process_time()
    network = snapshot.networks[cluster.network]
    check_cluster(cluster, network)
    async with Fleet(snapshot.hosts, connect, stream) as fleet:
        picture = await look("new-cluster", cluster, network, snapshot, fleet, source, offline=False)
    assert len(picture.plan.hosts) == len(picture.desired.nodes) > 0
    planned = time.process_time()
    reserve(store, picture, verb="new-cluster", request_hash=cluster.key, offline=False, terms=LeaseTerms())
    leased = time.process_time()
    return {"read": read - began, "plan": planned - read, "lease": leased - planned}


def measure(name: str, hosts: int) -> Cost:
    """Make the cluster of an estate of so many hosts."""
    estate = ESTATES[name](hosts)
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(str(Path(folder) / "state.db"))
        record(store, estate)
        base = peak_mb()
        cpu = asyncio.run(make(store, estate.cluster, {host.key: found for host, found in estate.inventory}))
    return Cost(hosts, cpu, peak_mb(), base)


def peak_mb() -> float:
    """The highest resident memory of this process so far, in MiB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_own_process(name: str, hosts: int) -> Cost:
    """The same, where nothing else has used memory."""
    argv = [sys.executable, __file__, name, str(hosts)]
    return Cost(**json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout))


def print_curve(name: str, sizes: Sequence[int]) -> None:
    """A line for each size, with what it is for each host in the state."""
    print(f"\n{ESTATES[name].__doc__}")
    print(f"{'hosts':>7}  {'read s':>7}  {'plan s':>7}  {'lease s':>7}  {'CPU s':>7}  {'ms/host':>7}  {'MiB':>5}")
    for hosts in sizes:
        cost = in_own_process(name, hosts)
        total = sum(cost.cpu.values())
        parts = "  ".join(f"{seconds:7.2f}" for seconds in cost.cpu.values())
        print(f"{hosts:7}  {parts}  {total:7.2f}  {total / hosts * 1000:7.2f}  {cost.peak_mb:5.0f}", flush=True)


def main(words: Sequence[str]) -> None:
    """The curves of all estates, or one size of one of them as JSON."""
    if words:
        print(json.dumps(asdict(measure(words[0], int(words[1])))))
        return
    for name in ESTATES:
        print_curve(name, SIZES)


if __name__ == "__main__":
    main(sys.argv[1:])
