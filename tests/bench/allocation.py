"""How many clusters a second get their hosts, addresses and router id, by fifty processes at once, on both databases.

``python tests/bench/allocation.py`` prints a row for each database and number of addresses that are leased already.
What is measured is the one write transaction in which new-cluster takes what its plan proposes (``reserve``): a
control plane, a load balancer, a worker and a VIP, which are four leases, and the run with its three hosts.
Proposals are made before; each is for another network of a site of its own.
"""

from __future__ import annotations

import gc
import multiprocessing
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from estate import facts
from postgresql_server import Server

from aksprov.ipam.placement import place
from aksprov.model.cluster import Cluster, ClusterStatus, LoadBalancerSettings, NodePool
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.facts import Facts
from aksprov.model.host import Host
from aksprov.model.host_lease import LeaseTerms
from aksprov.model.network import AddressRange, Network
from aksprov.model.plan import HostPlan, Plan
from aksprov.state import Store, open_store
from aksprov.workflows.cluster_apply import reserve
from aksprov.workflows.cluster_plan import Picture

PROCESSES, NETWORKS = 50, 1000
LEASES = (100, 1000, 10_000)
SITE_LEASES = 10  # in each cluster that is there already
WIDTH = 11  # of a column
TARGETS = {"sqlite": 200, "postgresql": 100}  # allocations a second


@dataclass(frozen=True)
class Site:
    """A network with hosts, some of which are a cluster already, and what a new one is to get."""

    network: Network
    hosts: dict[str, tuple[Host, Facts]]
    recorded: Desired | None
    proposed: Desired


@dataclass(frozen=True)
class Rate:
    """What was reached.

    Args:
        cpu: seconds of processor time of the processes that allocate, without PostgreSQL's own.
        slowest: seconds that the slowest allocation took, its wait included.
    """

    allocations: int
    seconds: float
    cpu: float
    slowest: float


def make_site(number: int, leases: int) -> Site:
    """A site in whose cluster so many addresses are leased; 0 for none."""
    network = Network(
        name=f"site{number}",
        vswitch_name="eth0",
        ip_address_prefix="192.168.1.0/24",
        gateway="192.168.1.1",
        dns_servers=("192.168.1.2",),
        vip_pool=AddressRange(start="192.168.1.200", end="192.168.1.220"),
        node_pool=AddressRange(start="192.168.1.10", end="192.168.1.190"),
        site=f"shop{number}",
    )
    hosts = {
        name: (Host(name=name, address=f"{name}.example", os="linux", labels={"site": f"shop{number}"}), known)
        for n in range(max(0, leases - 1) + 3)
        for name in [f"s{number}h{n}"]
        for known in [facts(number * 100 + n, f"192.168.1.{10 + n}/24")]
    }
    known = Snapshot(hosts={k: h for k, (h, _) in hosts.items()}, facts={k: f for k, (_, f) in hosts.items()})
    recorded = place(cluster(f"s{number}old", network, leases - 3), network, known) if leases else None
    if recorded is not None:
        known = Snapshot(hosts=known.hosts, facts=known.facts, nodes=recorded.nodes, leases=recorded.leases)
    return Site(network, hosts, recorded, place(cluster(f"s{number}new", network, 1), network, known))


def cluster(name: str, network: Network, workers: int) -> Cluster:
    """A definition with one control plane and one load balancer."""
    pools = (NodePool(name="pool", count=workers),)
    balancer = LoadBalancerSettings(count=1)
    return Cluster(
        name=name, network=network.name, kubernetes_version="v1.36.4", load_balancer=balancer, node_pools=pools
    )


def record(store: Store, sites: Sequence[Site]) -> None:
    """The state before anything is measured."""
    with store.write() as transaction:
        for site in sites:
            transaction.put_network(site.network)
            for host, known in site.hosts.values():
                transaction.put_host(host)
                transaction.put_facts(host.key, known)
            if site.recorded is not None:
                transaction.put_cluster(site.recorded.cluster)
                transaction.add_nodes(site.recorded.nodes)
                transaction.add_leases(site.recorded.leases)


def picture(site: Site, recorded: Snapshot) -> Picture:
    """A plan that proposes what the site's new cluster is to get."""
    hosts = tuple(HostPlan(name=node.host, wave=1, files=(), steps=()) for node in site.proposed.nodes)
    plan = Plan(verb="new-cluster", objects=(), addresses=(), hosts=hosts)
    return Picture(
        recorded=recorded,
        desired=site.proposed,
        status=ClusterStatus(),
        facts={},
        targets={},
        observed={},
        late={},
        plan=plan,
        rows=(),
    )


def measure(state: str, leases: int) -> Rate:
    """One row, on a new state."""
    sites = [make_site(n, SITE_LEASES if n < leases // SITE_LEASES else 0) for n in range(NETWORKS)]
    record(open_store(state), sites)
    snapshot = open_store(state).snapshot()
    assert len(snapshot.leases) == leases and len(snapshot.networks) == NETWORKS
    known = Snapshot(state_id=snapshot.state_id, revision=snapshot.revision)
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(PROCESSES + 1), context.SimpleQueue()

    def allocate(mine: Sequence[Site]) -> None:
        store = open_store(state, patience=60)
        store.host_leases()  # connected, as after planning
        slowest = 0.0
        start.wait(120)
        used = time.process_time()
        for site in mine:
            began = time.perf_counter()
            name = site.proposed.cluster.key
            reserve(store, picture(site, known), verb="bench", request_hash=name, offline=False, terms=LeaseTerms())
            slowest = max(slowest, time.perf_counter() - began)
        answers.put((slowest, time.process_time() - used))

    children = [context.Process(target=allocate, args=(sites[n::PROCESSES],)) for n in range(PROCESSES)]
    gc.freeze()  # as the program does: what is there already is not looked through again
    for child in children:
        child.start()
    start.wait(120)
    began = time.perf_counter()
    slowest, cpu = zip(*(answers.get() for _ in children), strict=True)
    seconds = time.perf_counter() - began
    for child in children:
        child.join(60)
    assert len(open_store(state).snapshot().leases) == leases + 4 * NETWORKS
    return Rate(NETWORKS, seconds, sum(cpu), max(slowest))


@contextmanager
def databases() -> Iterator[dict[str, Iterator[str]]]:
    """Places of new states, by the kind of their database; what is committed is on the disk."""
    with tempfile.TemporaryDirectory() as folder, Server(durable=True) as server:
        yield {
            "sqlite": (str(Path(folder) / f"{n}.db") for n in range(len(LEASES))),
            "postgresql": (server.new_database() for _ in LEASES),
        }


def main(words: Sequence[str] = ()) -> None:
    """The table; a word is the kind of a database."""
    print(f"\nAllocations by {PROCESSES} processes at once, {NETWORKS} networks, 4 addresses each")
    print(f"SQLite {sqlite3.sqlite_version}, psycopg {psycopg.__version__}")
    titles = ("database", "leased", "allocations", "seconds", "a second", "target", "CPU ms", "slowest s")
    print("  ".join(f"{title:>{WIDTH}}" for title in titles))
    with databases() as places:
        for kind in words or places:
            for leases in LEASES:
                rate = measure(next(places[kind]), leases)
                cells = (
                    f"{rate.allocations}",
                    f"{rate.seconds:.2f}",
                    f"{rate.allocations / rate.seconds:.0f}",
                    f"{TARGETS[kind]}",
                    f"{rate.cpu / rate.allocations * 1000:.1f}",
                    f"{rate.slowest:.2f}",
                )
                print("  ".join(f"{cell:>{WIDTH}}" for cell in (kind, f"{leases}", *cells)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
