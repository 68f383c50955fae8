"""Networks whose nodes use DHCP: their prefix, VIPs that a server gives away, and leases that changed.

Seen to fail: without `_settle` two hosts had one address; with leases given back one by one an exchange was refused;
without the network's site in `with_prefix` another shop's subnet counted.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aksprov.errors import DefinitionError
from aksprov.ipam.dhcp import offer_rows, scope_rows, with_prefix
from aksprov.ipam.lease_moves import follow
from aksprov.ipam.placement import place
from aksprov.ipam.pools import Edit, edited
from aksprov.ipam.rules import check_network
from aksprov.ipam.sizing import size_up, sizing_note, sizing_rows
from aksprov.model.cluster import Cluster, ClusterStatus, LoadBalancerSettings, Node, NodePool
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts, Interface
from aksprov.model.host import Host, Role
from aksprov.model.network import AddressRange, Lease, Network

TYPED = Network(
    name="Leased",
    vswitch_name="External",
    ip_address_prefix="",
    gateway="",
    dns_servers=(),
    vip_pool=AddressRange(start="10.0.0.200", end="10.0.0.209"),
    node_pool=None,
)
LEASED = msgspec.structs.replace(TYPED, ip_address_prefix="10.0.0.0/24")
OTHER = msgspec.structs.replace(
    LEASED, name="other", ip_address_prefix="10.9.0.0/24", vip_pool=AddressRange(start="10.9.0.2", end="10.9.0.3")
)
CLUSTER = Cluster(
    name="Demo",
    network="Leased",
    kubernetes_version="v1.36.4",
    load_balancer=LoadBalancerSettings(count=1),
    node_pools=(NodePool(name="pool", count=1),),
)
ROLES: dict[str, Role] = {"cp1": "control-plane", "lb1": "load-balancer", "w1": "worker"}
BEFORE = {"cp1": "10.0.0.11", "lb1": "10.0.0.12", "w1": "10.0.0.13"}


def facts(*cidrs: str) -> Facts:
    """One interface for each address, which it has by DHCP."""
    shown = (Interface(name=f"eth{n}", addresses=(c,), dynamic=(c,)) for n, c in enumerate(cidrs))
    return Facts(cpus=4, memory_mb=16384, interfaces=(Interface(name="lo", addresses=("127.0.0.1/8",)), *shown))


def at(now: dict[str, str], *, started: bool = False, **more: Any) -> Snapshot:
    """The cluster as it was recorded, and the addresses that its hosts show now."""
    nodes = [
        Node(host=h, cluster="demo", role=role, index=0, address=BEFORE[h], interface="eth0", pool="pool" * (h == "w1"))
        for h, role in ROLES.items()
    ]
    leases = [
        Lease(address=BEFORE[h], network="leased", purpose="node", owner=f"host/{h}", cluster="demo") for h in ROLES
    ]
    vip = Lease(address="10.0.0.200", network="leased", purpose="vip", owner="cluster/demo", cluster="demo")
    return Snapshot(
        networks={"leased": LEASED, "other": OTHER},
        clusters={"demo": CLUSTER},
        statuses={"demo": ClusterStatus(state="Configured", started=started)},
        hosts={h: Host(name=h, address=f"{h}.example", os="linux", roles=(role,)) for h, role in ROLES.items()},
        facts={h: facts(f"{address}/24") for h, address in now.items()},
        nodes=tuple(nodes),
        leases=(vip, *leases, *more.get("leases", ())),
    )


def test_the_prefix_is_that_of_the_interface_whose_subnet_holds_the_vip_pool() -> None:
    hosts = {
        h: Host(name=h, address=h, os="linux", labels={"site": s}) for h, s in (("a", "x"), ("b", "x"), ("c", "y"))
    }
    shown = {
        "a": facts("192.168.7.5/24", "10.0.0.5/24", "10.0.0.200/32", "fd00::5/64"),
        "b": facts("10.0.0.6/24"),
        "c": facts("10.0.0.7/16"),
    }
    snapshot = Snapshot(hosts=hosts, facts=shown)
    at_x = msgspec.structs.replace(TYPED, site="X")
    assert check_network(with_prefix(at_x, snapshot), snapshot).ip_address_prefix == "10.0.0.0/24"
    with pytest.raises(DefinitionError) as caught:
        with_prefix(TYPED, snapshot)
    assert caught.value.code == "PrefixesDiffer" and "10.0.0.0/16 on c" in caught.value.why
    named = msgspec.structs.replace(hosts["c"], interfaces={"External": "eth1"})
    known = Snapshot(hosts=hosts | {"c": named}, facts=shown | {"c": facts("10.0.0.7/16", "10.0.0.8/24")})
    assert with_prefix(TYPED, known).ip_address_prefix == "10.0.0.0/24"
    with pytest.raises(DefinitionError) as caught:
        with_prefix(msgspec.structs.replace(TYPED, site="z"), snapshot)
    assert caught.value.code == "PrefixUnknown"


def test_a_scope_is_held_against_the_prefix_and_other_networks() -> None:
    scoped = msgspec.structs.replace(LEASED, dhcp_scope=AddressRange(start="10.0.0.10", end="10.0.0.150"))
    assert check_network(scoped, Snapshot()) == scoped and scope_rows(scoped) == ()
    assert [row.test_name for row in scope_rows(LEASED)] == ["DhcpScopeUnknown"]
    beside = Network(
        name="static", vswitch_name="External", ip_address_prefix="10.0.0.0/24", gateway="10.0.0.1",
        dns_servers=("10.0.0.2",), vip_pool=AddressRange(start="10.0.0.240", end="10.0.0.241"),
        node_pool=AddressRange(start="10.0.0.150", end="10.0.0.160"),
    )  # fmt: skip
    outside = msgspec.structs.replace(scoped, dhcp_scope=AddressRange(start="10.0.1.10", end="10.0.1.15"))
    for network, snapshot, code, words in (
        (beside, Snapshot(networks={"leased": scoped}), "NetworksOverlap", "DHCP scope 10.0.0.10-10.0.0.150"),
        (outside, Snapshot(), "PoolOutsidePrefix", "DHCP scope 10.0.1.10-10.0.1.15"),
    ):
        with pytest.raises(DefinitionError) as caught:
            check_network(network, snapshot)
        assert caught.value.code == code and words in caught.value.what
    for edit, code in (
        (Edit(kind="Node", add=(AddressRange(start="10.0.0.5", end="10.0.0.6"),)), "DhcpWithNodePool"),
        (Edit(kind="VIP", add=(AddressRange(start="10.0.0.150", end="10.0.0.199"),)), "VipPoolInDhcpScope"),
        (Edit(kind="VIP", remove=(LEASED.vip_pool,)), "PoolEmptied"),
    ):
        with pytest.raises(DefinitionError) as caught:
            edited(scoped, [edit], Snapshot())
        assert caught.value.code == code
    grown = edited(scoped, [Edit(kind="VIP", add=(AddressRange(start="10.0.0.220", end="10.0.0.221"),))], Snapshot())
    assert (len(grown.vip_ranges), grown.node_ranges, grown.definition) == (2, (), scoped)


def test_sizing_counts_no_node_pool_where_there_is_none() -> None:
    sizing = size_up(CLUSTER, LEASED, Snapshot())
    assert sizing_rows(CLUSTER, LEASED, sizing) == ()
    assert "network Leased has addresses by DHCP and 10 VIPs" in sizing_note(sizing)


def test_a_vip_that_dhcp_gave_to_a_host_is_certain() -> None:
    snapshot = at({"w1": "10.0.0.205"})
    (row,) = offer_rows(LEASED, snapshot, "Demo")
    assert (row.test_name, row.test_result, row.host) == ("DhcpOfferInVipPool", "Failed", "w1")
    assert "10.0.0.205" in row.details and "networkctl renew eth0" in row.recommendation
    held = Interface(name="eth0", addresses=("10.0.0.12/24", "10.0.0.200/32"), dynamic=("10.0.0.12/24",))
    assert not [
        *offer_rows(LEASED, msgspec.structs.replace(snapshot, facts={"lb1": Facts(interfaces=(held,))}), "Demo")
    ]


def addresses(nodes: tuple[Node, ...]) -> dict[str, str]:
    return {node.host: node.address for node in nodes}


def test_nodes_follow_their_leases_and_may_exchange_them() -> None:
    snapshot = at({"cp1": "10.0.0.13", "lb1": "10.0.0.12", "w1": "10.0.0.11"})
    desired = place(CLUSTER, LEASED, snapshot)
    assert addresses(desired.nodes) == {"cp1": "10.0.0.13", "lb1": "10.0.0.12", "w1": "10.0.0.11"}
    assert {x.owner: x.address for x in desired.leases if x.purpose == "node"} == {
        "host/cp1": "10.0.0.13", "host/lb1": "10.0.0.12", "host/w1": "10.0.0.11"
    }  # fmt: skip
    assert desired.vip == "10.0.0.200"
    moved = [row for row in desired.rows if row.test_name == "NodeAddressMoved"]
    assert [(row.host, row.test_result) for row in moved] == [("cp1", "Warning"), ("w1", "Warning")]
    assert "from 10.0.0.11 to 10.0.0.13" in moved[0].details


def test_static_nodes_and_hosts_that_did_not_answer_stay() -> None:
    moved = at({"w1": "10.0.0.99"})
    static = msgspec.structs.replace(LEASED, node_pool=AddressRange(start="10.0.0.2", end="10.0.0.3"))
    nodes = follow(moved.nodes, static, {}, moved, "Demo")
    assert (addresses(nodes.nodes), nodes.rows) == (BEFORE, ())
    still = at({"w1": "10.0.0.13"})
    assert follow(still.nodes, LEASED, {}, still, "Demo").rows == ()
    unread = msgspec.structs.replace(still, facts={"w1": Facts()})
    assert follow(unread.nodes, LEASED, {}, unread, "Demo").rows == ()


@pytest.mark.parametrize(
    ("now", "started", "host", "code", "words"),
    [
        ("10.0.0.99", True, "w1", "NodeAddressFixed", "Kubernetes runs on it|10.0.0.13|10.0.0.99"),
        ("10.9.0.7", False, "w1", "LeaseOutsideNetwork", "10.9.0.7/24 on eth0 (network other)|10.0.0.13"),
        ("169.254.3.3", False, "cp1", "LeaseOutsideNetwork", "169.254.3.3/24 on eth0"),
        ("10.0.0.12", False, "w1", "AddressTwice", "10.0.0.12|host lb1"),
        ("10.0.0.40", False, "w1", "AddressTwice", "10.0.0.40|host stranger"),
    ],
)
def test_a_lease_that_cannot_be_followed_is_a_failed_row_and_nothing_moves(
    now: str, started: bool, host: str, code: str, words: str
) -> None:
    strange = Lease(address="10.0.0.40", network="leased", purpose="node", owner="host/stranger", cluster="x")
    snapshot = at(BEFORE | {host: now}, started=started, leases=(strange,))
    moves = follow(snapshot.nodes, LEASED, {}, snapshot, "Demo")
    assert addresses(moves.nodes) == BEFORE
    (row,) = moves.rows
    assert (row.test_name, row.test_result, row.host, row.cluster) == (code, "Failed", host, "Demo")
    assert all(word in row.details for word in words.split("|")), row.details


def test_whoever_stays_keeps_others_from_taking_his_address() -> None:
    """w1 has lb1's, which has cp1's; cp1 has a stranger's: nobody can move."""
    strange = Lease(address="10.0.0.40", network="leased", purpose="node", owner="host/stranger", cluster="x")
    snapshot = at({"cp1": "10.0.0.40", "lb1": "10.0.0.11", "w1": "10.0.0.12"}, leases=(strange,))
    moves = follow(snapshot.nodes, LEASED, {}, snapshot, "Demo")
    assert addresses(moves.nodes) == BEFORE
    assert [(row.host, row.test_name) for row in moves.rows] == [(h, "AddressTwice") for h in ("cp1", "lb1", "w1")]


def test_a_pool_on_another_network_follows_that_one() -> None:
    elsewhere = msgspec.structs.replace(OTHER, node_pool=None)
    snapshot = at(BEFORE | {"w1": "10.9.0.50", "lb1": "10.0.0.78"})
    moves = follow(snapshot.nodes, LEASED, {"pool": elsewhere}, snapshot, "Demo")
    assert addresses(moves.nodes) == BEFORE | {"w1": "10.9.0.50", "lb1": "10.0.0.78"}


def test_a_host_of_two_clusters_stays() -> None:
    snapshot = at(BEFORE | {"lb1": "10.0.0.77"})
    other = msgspec.structs.replace(snapshot.nodes[1], cluster="second")
    both = msgspec.structs.replace(snapshot, nodes=(*snapshot.nodes, other))
    moves = follow(snapshot.nodes, LEASED, {}, both, "Demo")
    assert addresses(moves.nodes) == BEFORE
    assert [(row.test_name, row.test_result) for row in moves.rows] == [("NodeAddressFixed", "Failed")]
    assert "cluster second" in moves.rows[0].details


def test_a_load_balancer_of_a_cluster_that_runs_moves() -> None:
    snapshot = at(BEFORE | {"lb1": "10.0.0.77"}, started=True)
    moves = follow(snapshot.nodes, LEASED, {}, snapshot, "Demo")
    assert addresses(moves.nodes) == BEFORE | {"lb1": "10.0.0.77"}
    assert [row.test_name for row in moves.rows] == ["NodeAddressMoved"]
