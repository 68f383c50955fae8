"""A state rebuilt from what its hosts say, and what they say that a state lacks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from aksprov.ipam.consistency import consistency_rows
from aksprov.model.cluster import Cluster, LoadBalancerSettings, Node, NodePool
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts, Manifest, Observed
from aksprov.model.host import Host, Role
from aksprov.model.network import AddressRange, Lease, Network, Pools, RouterId
from aksprov.model.objects import ClusterObjects, HostObjects
from aksprov.model.quarantine import quarantine_key
from aksprov.planning.adoption import Account, Adoption, adopt, differences, read_objects

NETWORK = Network(
    name="Lab",
    vswitch_name="eth0",
    ip_address_prefix="10.0.0.0/24",
    gateway="10.0.0.1",
    dns_servers=("10.0.0.2",),
    vip_pool=AddressRange(start="10.0.0.200", end="10.0.0.220"),
    node_pool=AddressRange(start="10.0.0.10", end="10.0.0.100"),
)
CLUSTER = Cluster(
    name="Demo",
    network="Lab",
    kubernetes_version="v1.36.4",
    load_balancer=LoadBalancerSettings(count=1),
    node_pools=(NodePool(name="pool", count=1),),
)
VIP = Lease(address="10.0.0.200", network="lab", purpose="vip", owner="cluster/demo", cluster="demo")
NODES: dict[str, Node] = {
    name: Node(
        host=name, cluster="demo", role=role, index=0, address=address, interface="eth0",
        pool="pool" if role == "worker" else "",
    )
    for name, role, address in (
        ("cp1", "control-plane", "10.0.0.11"), ("lb1", "load-balancer", "10.0.0.12"), ("w1", "worker", "10.0.0.13"),
    )
}  # fmt: skip


def objects(name: str, **changed: Any) -> ClusterObjects:
    """What the host has of the demo cluster."""
    node = NODES[name]
    own = Lease(address=node.address, network="lab", purpose="node", owner=f"host/{name}", cluster="demo")
    said = ClusterObjects(cluster=CLUSTER, network=NETWORK, nodes=(node,), leases=(VIP, own), router_id=7)
    return msgspec.structs.replace(said, **changed)


def account(name: str, said: ClusterObjects | None = None, *, state: str = "old", epoch: int = 3) -> Account:
    return Account(
        host=Host(name=name, address=name, os="linux"),
        seen=Observed(
            host=name,
            facts=Facts(hostname=name),
            manifest=Manifest(state_id=state, epoch=epoch, bundle="b"),
            epoch=epoch,
            ca_certificate="PEM" if name == "cp1" else "",
        ),
        objects=HostObjects(clusters=(said or objects(name),)),
    )


def accounts(*of_hosts: Account) -> dict[str, Account]:
    return {of_host.host.key: of_host for of_host in of_hosts}


ALL = accounts(*(account(name) for name in NODES))


def recorded(adoption: Adoption, hosts: Iterable[str] = NODES) -> Snapshot:
    """The state after an adoption into an empty one."""
    return Snapshot(
        state_id="new",
        networks={n.key: n for n in adoption.networks},
        clusters={c.key: c for c in adoption.clusters},
        hosts={name: Host(name=name, address=name, os="linux") for name in hosts},
        nodes=adoption.nodes,
        leases=adoption.leases,
        router_ids=adoption.router_ids,
    )


def refusals(adoption: Adoption) -> dict[str, str]:
    return {row.host or row.cluster: row.test_name for row in adoption.rows if row.test_result == "Failed"}


def test_all_hosts_give_the_whole_state_back() -> None:
    adoption = adopt(ALL, Snapshot())
    assert adoption.rows == () and adoption.incomplete == frozenset()
    assert adoption.networks == (NETWORK,) and adoption.clusters == (CLUSTER,)
    assert set(adoption.nodes) == set(NODES.values())
    assert {(lease.address, lease.owner) for lease in adoption.leases} == {
        ("10.0.0.200", "cluster/demo"), ("10.0.0.11", "host/cp1"), ("10.0.0.12", "host/lb1"), ("10.0.0.13", "host/w1"),
    }  # fmt: skip
    assert adoption.router_ids == (RouterId(site="", prefix="10.0.0.0/24", router_id=7, cluster="demo"),)
    assert adoption.late == {"demo": "PEM"}
    assert adoption.hosts == ("cp1", "lb1", "w1")
    assert {row.test_result for row in consistency_rows(recorded(adoption))} == {"Passed"}


def test_a_pool_on_another_network_brings_that_network_back() -> None:
    other = msgspec.structs.replace(
        NETWORK,
        name="Far",
        ip_address_prefix="10.0.1.0/24",
        gateway="10.0.1.1",
        vip_pool=AddressRange(start="10.0.1.200", end="10.0.1.220"),
        node_pool=AddressRange(start="10.0.1.10", end="10.0.1.100"),
    )
    cluster = msgspec.structs.replace(CLUSTER, node_pools=(NodePool(name="pool", count=1, network="Far"),))
    node = msgspec.structs.replace(NODES["w1"], address="10.0.1.13")
    own = Lease(address="10.0.1.13", network="far", purpose="node", owner="host/w1", cluster="demo")
    more = {"cluster": cluster, "pool_networks": (other,)}
    said = [objects("cp1", **more), objects("lb1", **more), objects("w1", **more, nodes=(node,), leases=(VIP, own))]
    named = zip(NODES, said, strict=True)
    adoption = adopt(accounts(*(account(name, of_host) for name, of_host in named)), Snapshot())
    assert [n.name for n in adoption.networks] == ["Far", "Lab"]
    assert all(row.test_result == "Passed" for row in consistency_rows(recorded(adoption)))


def test_adopting_again_adds_nothing() -> None:
    again = adopt(ALL, recorded(adopt(ALL, Snapshot())))
    assert (again.networks, again.clusters, again.nodes, again.leases, again.router_ids) == ((),) * 5
    assert again.hosts == ("cp1", "lb1", "w1")


def test_pools_that_have_changed_since_are_no_difference() -> None:
    """Hosts keep a network as it was defined, so that a change of its pools sends nothing to them."""
    snapshot = recorded(adopt(ALL, Snapshot()))
    more = AddressRange(start="10.0.0.230", end="10.0.0.239")
    grown = msgspec.structs.replace(NETWORK, pools=Pools(vip=(NETWORK.vip_pool, more), node=(NETWORK.node_pool,)))
    snapshot = msgspec.structs.replace(snapshot, networks={"lab": grown})
    again = adopt(ALL, snapshot)
    assert (again.rows, again.networks) == ((), ())
    seen = msgspec.structs.replace(snapshot, epochs=dict.fromkeys(NODES, 3))
    assert all(differences(ALL[name], seen) == () for name in NODES)


def test_hosts_that_are_missing_are_counted_and_come_later() -> None:
    first = adopt({"cp1": ALL["cp1"]}, Snapshot())
    (row,) = first.rows
    assert (row.test_name, row.cluster) == ("NodesUnknown", "Demo")
    assert "1 of 1 load-balancer, 1 of 1 worker of pool pool" in row.details
    assert first.incomplete == {"demo"}
    rest = adopt(accounts(account("lb1"), account("w1")), recorded(first))
    assert rest.rows == () and {node.host for node in rest.nodes} == {"lb1", "w1"}
    assert rest.clusters == () and {lease.owner for lease in rest.leases} == {"host/lb1", "host/w1"}


def test_two_versions_of_a_cluster_are_refused_on_every_host_of_it() -> None:
    """Epochs count for each host, so that of w1 does not say that its version is the newer one."""
    newer = msgspec.structs.replace(CLUSTER, kubernetes_version="v1.37.0")
    adoption = adopt({**ALL, "w1": account("w1", objects("w1", cluster=newer), epoch=9)}, Snapshot())
    assert refusals(adoption) == dict.fromkeys(NODES, "ClusterVersionsDiffer")
    assert "that of w1" in adoption.rows[0].details and "that of cp1, lb1" in adoption.rows[2].details
    assert adoption.hosts == () and adoption.clusters == () and adoption.networks == ()


def test_of_a_cluster_that_is_recorded_the_recorded_version_stays() -> None:
    newer = msgspec.structs.replace(CLUSTER, kubernetes_version="v1.37.0")
    right = recorded(adopt(accounts(account("cp1"), account("lb1")), Snapshot()))
    adoption = adopt(accounts(account("w1", objects("w1", cluster=newer))), right)
    (row,) = adoption.rows
    assert (row.test_name, row.test_result, row.host) == ("ClusterDiffers", "Warning", "w1")
    assert "kubernetes_version is v1.37.0 there, recorded is v1.36.4" in row.details
    assert adoption.hosts == ("w1",) and {node.host for node in adoption.nodes} == {"w1"}


OTHER = msgspec.structs.replace(CLUSTER, name="Other")
OTHER_VIP = msgspec.structs.replace(VIP, owner="cluster/other", cluster="other")


def of_other(name: str, role: Role = "worker", **changed: Any) -> ClusterObjects:
    node = msgspec.structs.replace(NODES[name], cluster="other", role=role)
    return objects(name, cluster=OTHER, nodes=(node,), leases=(), router_id=8, **changed)


SITE_AWAY = msgspec.structs.replace(NETWORK, name="Away", ip_address_prefix="10.0.0.0/25")
OTHER_VLAN = msgspec.structs.replace(NETWORK, vlan_id=9)
CONTRADICTIONS = [
    ("an address that another cluster has", objects("w1", cluster=OTHER, leases=(OTHER_VIP,)), "10.0.0.200, too"),
    ("a router id that another cluster has", msgspec.structs.replace(of_other("w1"), router_id=7), "router id 7, too"),
    ("another network of that name", of_other("w1", network=OTHER_VLAN), "another one"),
    ("a network that overlaps", of_other("w1", network=SITE_AWAY), "network Away"),
    ("a node that is another host", objects("w1", nodes=(msgspec.structs.replace(NODES["cp1"], host="w1"),)), "cp1"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "words"), [case[1:] for case in CONTRADICTIONS], ids=[c[0] for c in CONTRADICTIONS])
def test_what_contradicts_the_recorded_is_refused_and_nothing_of_it_recorded(said: ClusterObjects, words: str) -> None:
    before = recorded(adopt(accounts(account("cp1"), account("lb1")), Snapshot()))
    adoption = adopt(accounts(account("w1", said)), before)
    assert refusals(adoption) == {"w1": "HostsContradict"}
    assert words in adoption.rows[0].details
    assert (adoption.networks, adoption.clusters, adoption.nodes, adoption.leases) == ((),) * 4
    assert adoption.hosts == ()


def test_two_hosts_that_say_they_are_the_same_node_are_refused() -> None:
    twin = account("w1", objects("w1", nodes=(msgspec.structs.replace(NODES["cp1"], host="w1"),)))
    adoption = adopt({**ALL, "w1": twin}, Snapshot())
    assert refusals(adoption) == {"cp1": "HostsContradict", "w1": "HostsContradict"}
    assert {"w1 says", "cp1 says"} == {row.details[: row.details.index("says") + 4] for row in adoption.rows}


def test_what_cannot_be_adopted_is_a_row_and_holds_up_nobody() -> None:
    bare = Account(host=Host(name="new", address="n", os="linux"), seen=Observed(host="new", facts=Facts()))
    unreadable = msgspec.structs.replace(account("w1"), objects=None, problem="objects.json is not there")
    renamed = account("lb1")
    renamed = msgspec.structs.replace(renamed, host=Host(name="balancer", address="b", os="linux"))
    adoption = adopt(accounts(bare, unreadable, renamed, account("cp1")), Snapshot())
    assert {row.host: (row.test_name, row.test_result) for row in adoption.rows if row.host} == {
        "new": ("NothingToAdopt", "Skipped"),
        "w1": ("ObjectsUnreadable", "Failed"),
        "balancer": ("HostNameDiffers", "Failed"),
    }
    assert adoption.hosts == ("cp1",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "not there"),
        (b"", "cannot be read"),
        (b"{", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b'{"clusters": [], "more": 1}', "cannot be read"),
        (b'{"clusters": [], "schema": 99}', "schema 99"),
    ],
)
def test_objects_that_cannot_be_read_say_why(content: bytes | None, words: str) -> None:
    found, problem = read_objects(content)
    assert found is None and words in problem


def test_objects_come_back_as_they_were_written() -> None:
    said = HostObjects(clusters=(objects("cp1"),))
    assert read_objects(msgspec.json.encode(said)) == (said, "")


def test_a_host_that_has_no_more_than_the_state_is_not_worth_a_word() -> None:
    state = msgspec.structs.replace(recorded(adopt(ALL, Snapshot())), epochs={"cp1": 3})
    assert differences(account("cp1"), state) == ()


def test_what_a_host_has_that_the_state_lacks() -> None:
    state = msgspec.structs.replace(recorded(adopt(ALL, Snapshot())), epochs={"cp1": 1, "w1": 3})
    larger = msgspec.structs.replace(CLUSTER, control_plane_node_count=3)
    rows = differences(account("cp1", objects("cp1", cluster=larger)), state)
    assert [(row.test_name, row.test_result) for row in rows] == [
        ("HostAhead", "Warning"),
        ("ClusterDiffers", "Warning"),
    ]
    assert "epoch 3, the state counts 1" in rows[0].details
    assert "control_plane_node_count is 3 there, recorded is 1" in rows[1].details
    (row,) = differences(account("w1", of_other("w1")), state)
    assert (row.test_name, row.test_result) == ("HostOfUnknownCluster", "Failed")
    assert "adopt --name w1" in row.recommendation
    (row,) = differences(account("w1", objects("w1", nodes=(msgspec.structs.replace(NODES["w1"], index=4),))), state)
    assert (row.test_name, "worker 4 at 10.0.0.13" in row.details) == ("NodeDiffers", True)
    left = msgspec.structs.replace(NODES["w1"], cluster=quarantine_key("other"))
    assert differences(account("w1", of_other("w1")), msgspec.structs.replace(state, nodes=(left,))) == ()
