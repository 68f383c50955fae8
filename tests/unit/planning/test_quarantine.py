"""What stays with hosts that were not cleaned, and when it is free again."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from aksprov.model.cluster import Node
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts, Interface, Manifest, ManifestFile, Observed
from aksprov.model.host import Role
from aksprov.model.network import Lease, RouterId
from aksprov.model.quarantine import quarantine_key
from aksprov.planning.quarantine import Quarantine, end_of, left_on, quarantined_hosts, without

VIP = "10.0.0.200"
HOSTS: dict[str, Role] = {"cp1": "control-plane", "lb1": "load-balancer", "lb2": "load-balancer", "w1": "worker"}


def cluster(name: str, vip: str, router_id: int, hosts: dict[str, Role]) -> Snapshot:
    """What is recorded of one cluster."""
    nodes = tuple(
        Node(host=host, cluster=name, role=role, index=0, address=f"10.0.{router_id}.{i}", interface="eth0")
        for i, (host, role) in enumerate(hosts.items())
    )
    own = (Lease(address=n.address, network="lab", purpose="node", owner=f"host/{n.host}", cluster=name) for n in nodes)
    return Snapshot(
        nodes=nodes,
        leases=(Lease(address=vip, network="lab", purpose="vip", owner=f"cluster/{name}", cluster=name), *own),
        router_ids=(RouterId(site="", prefix="10.0.0.0/16", router_id=router_id, cluster=name),),
    )


DEMO = cluster("demo", VIP, 3, HOSTS)


def recorded(*kept: Quarantine) -> Snapshot:
    """A state in which nothing else is."""
    return Snapshot(
        nodes=tuple(n for q in kept for n in q.nodes),
        leases=tuple(x for q in kept for x in q.leases),
        router_ids=tuple(r for q in kept for r in q.router_ids),
    )


def test_nothing_is_kept_when_every_host_was_cleaned() -> None:
    assert end_of("demo", (), DEMO) == Quarantine(key=quarantine_key("demo"))


def test_a_worker_keeps_its_own_address_and_a_load_balancer_the_vip_and_router_id_too() -> None:
    worker, balancer = end_of("demo", ["w1"], DEMO), end_of("demo", ["lb1"], DEMO)
    assert [x.owner for x in worker.leases] == ["host/w1"] and worker.router_ids == ()
    assert {x.address for x in balancer.leases} == {VIP, "10.0.3.1"}
    assert [r.router_id for r in balancer.router_ids] == [3]


@given(st.permutations(["lb1", "lb2", "w1"]))
def test_the_vip_is_free_once_the_last_load_balancer_is_clean_in_whatever_order_hosts_come(order: list[str]) -> None:
    state = recorded(end_of("demo", order, DEMO))
    waiting = set(order)
    for host in order:
        assert quarantined_hosts(state) == waiting
        assert (VIP in {x.address for x in state.leases}) == bool(waiting & {"lb1", "lb2"})
        state = recorded(*without(host, state))
        waiting.remove(host)
    assert (state.nodes, state.leases, state.router_ids) == ((), (), ())


def test_a_second_cluster_of_that_name_is_kept_beside_the_first() -> None:
    """Each as long as its own hosts were not seen clean."""
    first = recorded(end_of("demo", ["lb1"], DEMO))
    second = cluster("demo", "10.0.0.201", 4, {"lb9": "load-balancer"})
    both = Snapshot(
        nodes=first.nodes + second.nodes,
        leases=first.leases + second.leases,
        router_ids=first.router_ids + second.router_ids,
    )
    assert {n.host for n in end_of("demo", ["lb9"], both).nodes} == {"lb9"}
    kept = end_of("demo", ["lb1", "lb9"], both)
    assert {n.host for n in kept.nodes} == {"lb1", "lb9"}
    assert {x.address for x in kept.leases if x.purpose == "vip"} == {VIP, "10.0.0.201"}


def test_a_host_is_clean_without_the_clusters_files_and_vip() -> None:
    state = recorded(end_of("demo", ["lb1"], DEMO))
    bare = Observed(host="lb1", facts=Facts())
    files = (ManifestFile(path="/etc/x", sha256="0", mode="0644", cluster="demo"),)
    managed = msgspec.structs.replace(bare, manifest=Manifest(state_id="s", epoch=1, bundle="", files=files))
    holding = msgspec.structs.replace(bare, facts=Facts(interfaces=(Interface(name="eth0", addresses=(f"{VIP}/32",)),)))
    assert left_on("lb1", bare, state) == ()
    assert left_on("lb1", managed, state) == ("1 files of cluster demo",)
    assert left_on("lb1", holding, state) == (f"address {VIP}",)
