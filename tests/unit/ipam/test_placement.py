"""Which host takes which role, and why others do not."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aksprov.errors import AksprovError, ExitCode
from aksprov.ipam.candidates import OwnAddress, Reason, own_address
from aksprov.ipam.dual_stack import node_ipv6
from aksprov.ipam.placement import place
from aksprov.model.cluster import Cluster, LoadBalancerSettings, NodePool
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.facts import Facts, Interface, Unit
from aksprov.model.host import ROLES, Capacity, Host, Maintenance
from aksprov.model.network import AddressRange, Network, RouterId

NETWORK = Network(
    name="Lab",
    vswitch_name="Ext Switch",
    ip_address_prefix="10.0.0.0/24",
    gateway="10.0.0.1",
    dns_servers=("10.0.0.2",),
    vip_pool=AddressRange(start="10.0.0.200", end="10.0.0.202"),
    node_pool=AddressRange(start="10.0.0.100", end="10.0.0.150"),
)
LARGE, SMALL, TINY, WEE = (4, 8192), (2, 2048), (1, 600), (1, 256)


def cluster(name: str = "Demo", planes: int = 1, balancers: int = 1, workers: int = 1) -> Cluster:
    return Cluster(
        name=name,
        network="Lab",
        kubernetes_version="v1.36.4",
        control_plane_node_count=planes,
        load_balancer=LoadBalancerSettings(count=balancers),
        node_pools=(NodePool(name="pool", count=workers),),
    )


def facts(*addresses: str, size: tuple[int, int] = LARGE, machine: str = "") -> Facts:
    """Facts with the addresses on eth0, eth1 ..."""
    interfaces = tuple(Interface(name=f"eth{n}", addresses=(a,)) for n, a in enumerate(addresses))
    return Facts(cpus=size[0], memory_mb=size[1], machine_id=machine, interfaces=interfaces)


def inventory(*hosts: tuple[Host, Facts | None], **others: Any) -> Snapshot:
    return Snapshot(
        networks={"lab": NETWORK},
        hosts={host.key: host for host, _ in hosts},
        facts={host.key: known for host, known in hosts if known},
        **others,
    )


def host(name: str, **fields: Any) -> Host:
    return Host(name=name, address=f"{name}.example", os="linux", **fields)


def plain(count: int, first: int = 11) -> list[tuple[Host, Facts | None]]:
    return [(host(f"h{n}"), facts(f"10.0.0.{first + n}/24", machine=f"m{n}")) for n in range(1, count + 1)]


def roles(desired: Desired) -> dict[str, str]:
    return {node.host: node.role for node in desired.nodes}


def with_recorded(snapshot: Snapshot, desired: Desired) -> Snapshot:
    """The snapshot after ``desired`` was recorded."""
    router_id = RouterId(
        site=desired.network.scope,
        prefix=desired.network.ip_address_prefix,
        router_id=desired.router_id,
        cluster=desired.cluster.key,
    )
    return msgspec.structs.replace(
        snapshot,
        clusters=snapshot.clusters | {desired.cluster.key: desired.cluster},
        nodes=snapshot.nodes + tuple(n for n in desired.nodes if n not in snapshot.nodes),
        leases=snapshot.leases + tuple(x for x in desired.leases if x not in snapshot.leases),
        router_ids=tuple({*snapshot.router_ids, router_id}),
    )


def test_roles_are_filled_in_order_and_numbered_by_name() -> None:
    desired = place(cluster(planes=3, balancers=2, workers=2), NETWORK, inventory(*plain(10)))
    assert [(n.host, n.role, n.index, n.pool) for n in desired.nodes] == [
        ("h1", "control-plane", 0, ""),
        ("h2", "control-plane", 1, ""),
        ("h3", "control-plane", 2, ""),
        ("h4", "load-balancer", 0, ""),
        ("h5", "load-balancer", 1, ""),
        ("h6", "worker", 0, "pool"),
        ("h7", "worker", 1, "pool"),
    ]
    assert desired.rows == ()
    assert desired.nodes[0].cluster == "demo"
    assert (desired.nodes[0].address, desired.nodes[0].interface) == ("10.0.0.12", "eth0")


def test_the_vip_and_every_own_address_are_leased() -> None:
    desired = place(cluster(), NETWORK, inventory(*plain(3)))
    assert [(x.address, x.purpose, x.owner, x.cluster, x.network) for x in desired.leases] == [
        ("10.0.0.200", "vip", "cluster/demo", "demo", "lab"),
        ("10.0.0.12", "node", "host/h1", "demo", "lab"),
        ("10.0.0.13", "node", "host/h2", "demo", "lab"),
        ("10.0.0.14", "node", "host/h3", "demo", "lab"),
    ]
    assert (desired.vip, desired.router_id) == ("10.0.0.200", 3)


def test_hosts_that_reach_the_size_are_taken_before_those_that_do_not() -> None:
    small, large = facts("10.0.0.11/24", size=SMALL), facts("10.0.0.12/24", size=(4, round(8192 * 0.9)))
    desired = place(
        cluster(),
        NETWORK,
        inventory((host("a1"), small), (host("a2"), large), (host("a3"), facts("10.0.0.13/24", size=TINY))),
    )
    assert roles(desired) == {"a2": "control-plane", "a3": "load-balancer", "a1": "worker"}
    assert [(r.test_name, r.test_result, r.host) for r in desired.rows] == [
        ("HostSmallerThanVmSize", "Warning", "a3"),
        ("HostSmallerThanVmSize", "Warning", "a1"),
    ]
    assert "2 CPUs, 2048 MB; Standard_K8S3_v1 for a worker means 4 CPUs" in desired.rows[1].details


def test_a_host_that_is_too_small_for_every_role_is_kept_out() -> None:
    hosts = [
        *plain(3),
        (host("a"), facts("10.0.0.90/24", size=WEE)),
        (host("b", roles=("worker",)), facts("10.0.0.91/24", size=TINY)),
    ]
    rows = place(cluster(), NETWORK, inventory(*hosts)).rows
    assert [(r.test_name, r.host) for r in rows] == [("HostTooSmall", "a"), ("HostTooSmall", "b")]
    assert "1 CPUs, 256 MB" in rows[0].details and "2 CPUs, 1700 MB" in rows[1].details


def test_declared_capacity_beats_the_facts_and_unknown_counts_as_enough() -> None:
    hosts = [
        (host("a", capacity=Capacity(cpus=8, memory_gb=16)), facts("10.0.0.11/24", size=WEE)),
        (host("b", capacity=Capacity(cpus=8)), facts("10.0.0.12/24", size=(0, 0))),
        (host("c", capacity=Capacity(memory_gb=0.25)), facts("10.0.0.13/24")),
        (host("d"), facts("10.0.0.14/24")),
    ]
    desired = place(cluster(), NETWORK, inventory(*hosts))
    assert set(roles(desired)) == {"a", "b", "d"}
    assert [(r.test_name, r.test_result, r.host) for r in desired.rows] == [
        ("CapacityUnknown", "Skipped", "b"),
        ("HostTooSmall", "Skipped", "c"),
    ]


def test_hosts_with_fewer_roles_are_used_before_those_that_can_do_anything() -> None:
    hosts = plain(3)
    hosts += [(host("z", roles=("load-balancer",)), facts("10.0.0.90/24"))]
    hosts += [(host("y", roles=("worker", "load-balancer")), facts("10.0.0.91/24"))]
    assert roles(place(cluster(), NETWORK, inventory(*hosts))) == {
        "h1": "control-plane",
        "z": "load-balancer",
        "y": "worker",
    }


def test_a_role_gives_up_a_host_that_another_cannot_do_without() -> None:
    """The control plane would take the large host, but only that one may be the load balancer."""
    hosts = [
        (host("a"), facts("10.0.0.11/24")),
        (host("b", roles=("control-plane", "worker")), facts("10.0.0.12/24", size=SMALL)),
        (host("c", roles=("worker",)), facts("10.0.0.13/24")),
    ]
    assert roles(place(cluster(), NETWORK, inventory(*hosts))) == {
        "b": "control-plane",
        "a": "load-balancer",
        "c": "worker",
    }


KEPT_OUT = [
    (host("x", maintenance=Maintenance(reason="new disk", until="2027-01-31")), facts("10.0.0.90/24"),
     "HostInMaintenance", "new disk 2027-01-31"),
    (host("x"), None, "HostNotContacted", "never answered"),
    (host("x"), facts("192.168.0.9/24"), "HostOutsideNetwork", "10.0.0.0/24"),
    (host("x", interfaces={"Ext Switch": "eth1"}), facts("10.0.0.90/24", "192.168.0.9/24"),
     "HostOutsideNetwork", "eth1"),
    (host("x", interfaces={"Ext Switch": "bond0"}), facts("10.0.0.90/24"), "InterfaceMissing", "bond0 Ext"),
    (host("x"), facts("10.0.0.201/24"), "HostInVipPool", "10.0.0.201 10.0.0.200-10.0.0.202"),
    (host("x"), facts("10.0.0.90/24", machine="m1"), "UniqueMachineId", "h1 m1"),
    (host("x"), facts("10.0.0.12/24"), "AddressTwice", "10.0.0.12 h1"),
    (host("x", roles=("load-balancer",)), facts("10.0.0.90/25"), "HostOnOtherSegment", "10.0.0.0/25 10.0.0.200"),
    (Host(name="x", address="x", os="windows", connection="ssh"), facts("10.0.0.90/24"),
     "HostNotAvailableYet", "Windows ssh"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "known", "code", "words"), KEPT_OUT)
def test_a_host_that_cannot_join_is_kept_out_with_a_row_and_named_when_hosts_are_missing(
    entry: Host, known: Facts | None, code: str, words: str
) -> None:
    desired = place(cluster(), NETWORK, inventory((entry, known), *plain(3)))
    assert "x" not in roles(desired)
    [row] = desired.rows
    assert (row.test_name, row.host, row.cluster, row.category) == (code, "x", "Demo", "Placement")
    assert row.test_result in ("Skipped", "Warning")
    assert row.recommendation
    assert [word for word in words.split() if word not in row.details] == []

    with pytest.raises(AksprovError) as caught:
        place(cluster(workers=2), NETWORK, inventory((entry, known), *plain(3)))
    assert caught.value.code == "TooFewHosts"
    assert f"{code}: x ({row.details.removeprefix('kept out: ')})" in caught.value.why
    assert (row.recommendation in caught.value.fix) == (code == "HostNotAvailableYet")


def test_too_few_hosts_are_told_for_each_role_at_once() -> None:
    taken = place(cluster("other"), NETWORK, inventory(*plain(5)))
    with pytest.raises(AksprovError) as caught:
        place(cluster(planes=3, balancers=2, workers=4), NETWORK, with_recorded(inventory(*plain(5)), taken))
    error = caught.value
    assert (error.code, error.exit_code) == ("TooFewHosts", ExitCode.DEFINITION)
    assert error.what == (
        "cluster Demo lacks hosts: 1 of 3 control plane, 2 of 2 load balancer, 4 of 4 worker of pool pool"
    )
    assert "5 hosts" in error.why and "InACluster: h1, h2, h3" in error.why


def test_what_is_recorded_stays_when_the_inventory_changes() -> None:
    snapshot = inventory(*plain(3))
    first = place(cluster(), NETWORK, snapshot)
    later = with_recorded(inventory(*plain(9, first=1), (host("a0"), facts("10.0.0.99/24"))), first)
    again = place(cluster(), NETWORK, later)
    assert again == first


def test_a_cluster_that_grows_keeps_its_nodes_and_numbers_on() -> None:
    first = place(cluster(workers=1), NETWORK, inventory(*plain(3)))
    grown = place(cluster(workers=3), NETWORK, with_recorded(inventory(*plain(9)), first))
    assert grown.nodes[: len(first.nodes)] == first.nodes
    assert [(n.host, n.index) for n in grown.by_role("worker")] == [("h3", 0), ("h4", 1), ("h5", 2)]
    assert (grown.vip, grown.router_id) == (first.vip, first.router_id)


def test_sites_keep_hosts_apart_and_one_without_takes_any() -> None:
    hosts = [(host("a", labels={"site": "Shop17"}), facts("10.0.0.11/24")), *plain(3)]
    site = msgspec.structs.replace(NETWORK, site="shop17")
    with pytest.raises(AksprovError, match="lacks hosts") as caught:
        place(cluster(), site, inventory(*hosts))
    assert caught.value.why == "the inventory has 4 hosts; kept out are HostOfOtherSite: h1, h2, h3"
    assert "a" in roles(place(cluster(), NETWORK, inventory(*hosts)))


def test_an_even_number_of_control_planes_is_worth_a_warning() -> None:
    [row] = place(cluster(planes=2), NETWORK, inventory(*plain(4))).rows
    assert (row.test_name, row.test_result) == ("ControlPlaneCountEven", "Warning")


# --- hosts that were never contacted, to a folder


def test_to_a_folder_a_host_without_facts_is_taken_by_its_entry() -> None:
    entry = Host(name="x", address="10.0.0.11", os="linux", interfaces={"Ext Switch": "enp1s0"})
    assert own_address(entry, None, NETWORK, (), offline=True) == OwnAddress(address="10.0.0.11", interface="enp1s0")
    named = msgspec.structs.replace(NETWORK, vswitch_name="br-ex.10")
    bare = msgspec.structs.replace(entry, interfaces={})
    assert own_address(bare, None, named, (), offline=True) == OwnAddress(address="10.0.0.11", interface="br-ex.10")
    for other, network, code in (
        (bare, NETWORK, "InterfaceUnknown"),
        (bare, msgspec.structs.replace(NETWORK, vswitch_name="sixteen-letters0"), "InterfaceUnknown"),
        (msgspec.structs.replace(entry, address="x.example"), NETWORK, "HostOutsideNetwork"),
        (msgspec.structs.replace(entry, address="192.168.0.1"), NETWORK, "HostOutsideNetwork"),
    ):
        answer = own_address(other, None, network, (), offline=True)
        assert isinstance(answer, Reason) and answer.test_name == code


def test_to_a_folder_facts_still_win() -> None:
    entry = Host(name="x", address="10.0.0.11", os="linux", interfaces={"Ext Switch": "eth0"})
    answer = own_address(entry, facts("10.0.0.77/24"), NETWORK, (), offline=True)
    assert answer == OwnAddress(address="10.0.0.77", interface="eth0", subnet="10.0.0.0/24")


def test_to_a_folder_it_does_not_matter_how_a_host_would_be_reached() -> None:
    hosts = [
        (Host(name=f"h{n}", address=f"10.0.0.{11 + n}", os="linux", interfaces={"Ext Switch": "eth0"}, **how), None)
        for n, how in enumerate([{"password_ref": "env:PW"}, {"jump_host": "bastion"}, {}])
    ]
    assert len(place(cluster(), NETWORK, inventory(*hosts), offline=True).nodes) == 3
    with pytest.raises(AksprovError, match="lacks hosts"):
        place(cluster(), NETWORK, inventory(*hosts))


# --- Windows hosts


def windows(name: str, address: str = "", **fields: Any) -> Host:
    return Host(name=name, address=address or f"{name}.example", os="windows", connection="psrp", **fields)


MIXED = msgspec.structs.replace(
    cluster(),
    node_pools=(NodePool(name="pool"), NodePool(name="win", os_type="windows", count=2)),
)


def test_windows_pools_take_windows_hosts_and_nothing_else_does() -> None:
    hosts = [(windows("a1"), facts("10.0.0.90/24")), *plain(3), (windows("z1"), facts("10.0.0.91/24"))]
    desired = place(MIXED, NETWORK, inventory(*hosts), offline=True)
    assert [(n.host, n.role, n.pool) for n in desired.nodes] == [
        ("h1", "control-plane", ""),
        ("h2", "load-balancer", ""),
        ("h3", "worker", "pool"),
        ("a1", "worker", "win"),
        ("z1", "worker", "win"),
    ]
    assert desired.rows == ()
    assert place(MIXED, NETWORK, inventory(*hosts)).nodes == desired.nodes
    by_ssh = [
        (msgspec.structs.replace(entry, connection="ssh"), known) for entry, known in hosts if entry.os == "windows"
    ]
    with pytest.raises(AksprovError, match="lacks hosts") as caught:
        place(MIXED, NETWORK, inventory(*by_ssh, *plain(3)))
    assert "2 of 2 Windows worker of pool win" in caught.value.what
    assert "HostNotAvailableYet: a1, z1 (Windows hosts by ssh are not available yet)" in caught.value.why
    assert "--output-dir" in caught.value.fix


def test_a_windows_interface_may_be_called_as_windows_calls_it() -> None:
    for alias in ("Ethernet 2", "vEthernet (Extern [ü], 1)"):
        entry = windows("x", "10.0.0.11", interfaces={"Ext Switch": alias})
        found = own_address(entry, None, NETWORK, (), offline=True)
        assert found == OwnAddress(address="10.0.0.11", interface=alias)
    for alias in ('a"b', "a\nb", " a", "a|b", "x" * 256):
        entry = windows("x", "10.0.0.11", interfaces={"Ext Switch": alias})
        refused = own_address(entry, None, NETWORK, (), offline=True)
        assert isinstance(refused, Reason) and refused.test_name == "InterfaceUnknown"


# --- two families

DUAL = msgspec.structs.replace(
    cluster(), pod_cidrs=("10.244.0.0/16", "fd00:10:244::/56"), service_cidrs=("10.96.0.0/12", "fd00:10:96::/112")
)


def two_families(address: str, *ipv6: str) -> Facts:
    return Facts(cpus=4, memory_mb=8192, interfaces=(Interface(name="eth0", addresses=(*ipv6, address)),))


def test_with_two_families_a_host_without_an_ipv6_address_is_kept_out() -> None:
    good = [(host(f"h{n}"), two_families(f"10.0.0.{11 + n}/24", "fe80::1/64", f"fd00::{n}/64")) for n in (1, 2, 3)]
    other_interface = Facts(
        cpus=4,
        memory_mb=8192,
        interfaces=(
            Interface(name="eth0", addresses=("10.0.0.92/24",)),
            Interface(name="eth1", addresses=("fd00::9/64",)),
        ),
    )
    bad = [
        (host("a"), facts("10.0.0.90/24")),
        (host("b"), two_families("10.0.0.91/24", "fe80::2/64", "::1/128")),
        (host("c"), other_interface),
    ]
    desired = place(DUAL, NETWORK, inventory(*bad, *good))
    assert set(roles(desired)) == {"h1", "h2", "h3"}
    assert [(r.test_name, r.test_result, r.host) for r in desired.rows] == [
        ("HostWithoutIpv6", "Warning", name) for name in "abc"
    ]
    assert node_ipv6(good[0][1], "eth0") == "fd00::1"
    assert place(cluster(), NETWORK, inventory(*bad)).rows == ()


def test_with_two_families_hosts_that_nothing_is_known_of_are_taken_to_a_folder_with_a_row() -> None:
    entries = [(Host(name=f"h{n}", address=f"10.0.0.{11 + n}", os="linux"), None) for n in (1, 2, 3)]
    network = msgspec.structs.replace(NETWORK, vswitch_name="eth0")
    rows = place(DUAL, network, inventory(*entries), offline=True).rows
    assert [r.host for r in rows if r.test_name == "HostWithoutIpv6"] == ["h1", "h2", "h3"]
    assert "eth0" in rows[-3].details and "test-host" in rows[-3].recommendation
    assert {r.test_result for r in rows if r.test_name == "HostWithoutIpv6"} == {"Warning"}


def test_with_two_families_a_node_that_lost_its_ipv6_address_is_left_alone() -> None:
    good = [(host(f"h{n}"), two_families(f"10.0.0.{11 + n}/24", f"fd00::{n}/64")) for n in (1, 2, 3)]
    before = place(DUAL, NETWORK, inventory(*good))
    lost = [*good[:2], (host("h3"), two_families("10.0.0.14/24", "fe80::3/64"))]
    after = place(DUAL, NETWORK, inventory(*lost, nodes=before.nodes, leases=before.leases))
    assert after.nodes == before.nodes
    assert [(r.test_name, r.test_result, r.host) for r in after.rows] == [("HostWithoutIpv6", "Failed", "h3")]


# --- a host's own address


def test_the_first_address_that_is_no_vip_counts_unless_an_interface_is_named() -> None:
    known = Facts(
        interfaces=(
            Interface(name="lo", addresses=("127.0.0.1/8", "10.0.0.7/32")),
            Interface(name="eth0", altnames=("enp1s0",), addresses=("fe80::1/64", "10.0.0.200/32", "10.0.0.11/24")),
            Interface(name="eth1", addresses=("10.0.0.12/24",)),
        )
    )
    cases: list[tuple[dict[str, str], tuple[str, str]]] = [
        ({}, ("10.0.0.11", "eth0")),
        ({"Ext Switch": "eth1"}, ("10.0.0.12", "eth1")),
        ({"Ext Switch": "enp1s0"}, ("10.0.0.11", "eth0")),
        ({"Other": "eth1"}, ("10.0.0.11", "eth0")),
    ]
    for named, expected in cases:
        answer = own_address(host("x", interfaces=named), known, NETWORK, {"10.0.0.200"})
        assert isinstance(answer, OwnAddress)
        assert (answer.address, answer.interface) == expected


# --- properties

SIZES = st.sampled_from([LARGE, SMALL, TINY, WEE])
ROLE_SETS = st.lists(st.sampled_from(["control-plane", "worker", "load-balancer"]), unique=True, max_size=2).map(tuple)
HOSTS = st.lists(st.tuples(ROLE_SETS, SIZES), max_size=6)


def made_of(drawn: list[tuple[tuple[str, ...], tuple[int, int]]]) -> list[tuple[Host, Facts | None]]:
    return [(host(f"h{n}", roles=may), facts(f"10.0.0.{11 + n}/24", size=size)) for n, (may, size) in enumerate(drawn)]


@settings(deadline=None)
@given(HOSTS, st.integers(1, 2), st.integers(0, 2), st.randoms(use_true_random=False))
def test_placement_succeeds_exactly_when_some_assignment_does_and_never_depends_on_order(
    drawn: list[tuple[tuple[str, ...], tuple[int, int]]], balancers: int, workers: int, random: Any
) -> None:
    wanted = cluster(balancers=balancers, workers=workers)
    slots = ["control-plane"] + ["load-balancer"] * balancers + ["worker"] * workers
    least = {"control-plane": (2, 1700), "worker": (2, 1700), "load-balancer": (1, 512)}
    possible = any(
        all(
            (not drawn[n][0] or role in drawn[n][0])
            and drawn[n][1][0] >= least[role][0]
            and drawn[n][1][1] >= least[role][1]
            for n, role in zip(order, slots, strict=True)
        )
        for order in permutations(range(len(drawn)), len(slots))
    )
    hosts = made_of(drawn)
    shuffled = random.sample(hosts, len(hosts))
    try:
        desired = place(wanted, NETWORK, inventory(*hosts))
    except AksprovError as error:
        assert error.code == "TooFewHosts"
        assert not possible
        with pytest.raises(AksprovError, match="lacks hosts") as again:
            place(wanted, NETWORK, inventory(*shuffled))
        assert again.value.to_dict() == error.to_dict()
        return
    assert possible
    assert sorted(n.role for n in desired.nodes) == sorted(slots)
    assert len(roles(desired)) == len(desired.nodes)
    assert place(wanted, NETWORK, inventory(*shuffled)) == desired
    assert place(wanted, NETWORK, with_recorded(inventory(*shuffled), desired)).nodes == desired.nodes


def racked(*places: str) -> list[tuple[Host, Facts | None]]:
    """Hosts h1, h2 ... in these racks, written "site/rack" or "rack"."""
    known = plain(len(places))
    labels = [dict(zip(("rack", "site"), place.split("/")[::-1], strict=False)) for place in places]
    return [(msgspec.structs.replace(h, labels=x), f) for (h, f), x in zip(known, labels, strict=True)]


def test_a_role_takes_one_host_of_each_rack_before_a_second_of_any() -> None:
    snapshot = inventory(*racked("r1", "r1", "r1", "r2", "r2", "r3", "r3", "r3"))
    desired = place(cluster(planes=3, balancers=2, workers=3), NETWORK, snapshot)
    racks = {role: [snapshot.hosts[n.host].labels["rack"] for n in desired.by_role(role)] for role in ROLES}
    assert racks["control-plane"] == ["r1", "r2", "r3"]
    assert len(set(racks["load-balancer"])) == 2
    assert len(desired.nodes) == 8


def test_sites_take_turns_where_a_network_has_none() -> None:
    snapshot = inventory(*racked("a/r1", "a/r2", "a/r3", "b/r1", "b/r1", "b/r1"))
    desired = place(cluster(planes=3, balancers=1, workers=1), NETWORK, snapshot)
    assert {snapshot.hosts[n.host].labels["site"] for n in desired.by_role("control-plane")} == {"a", "b"}


def test_a_pool_that_grows_goes_on_where_it_has_fewest() -> None:
    snapshot = inventory(*racked("r1", "r1", "r1", "r1", "r1", "r2", "r2"))
    first = place(cluster(workers=1), NETWORK, snapshot)
    grown = place(cluster(workers=2), NETWORK, with_recorded(snapshot, first))
    assert {snapshot.hosts[n.host].labels["rack"] for n in grown.by_role("worker")} == {"r1", "r2"}


def test_a_pool_takes_only_hosts_with_the_labels_that_it_asks_for() -> None:
    asking = msgspec.structs.replace(cluster(), node_pools=(NodePool(name="gpu", count=2, host_labels=("rack=r2",)),))
    desired = place(asking, NETWORK, inventory(*racked("r1", "r1", "r1", "r2", "r2")))
    assert [n.host for n in desired.by_role("worker")] == ["h4", "h5"]
    with pytest.raises(AksprovError, match=r"worker of pool gpu with rack=r2") as caught:
        place(asking, NETWORK, inventory(*racked("r1", "r1", "r1", "r1", "r2")))
    assert caught.value.code == "TooFewHosts"


OTHER = Network(
    name="Lab2",
    vswitch_name="Ext Switch",
    ip_address_prefix="10.0.1.0/24",
    gateway="10.0.1.1",
    dns_servers=("10.0.0.2",),
    vip_pool=AddressRange(start="10.0.1.200", end="10.0.1.202"),
    node_pool=AddressRange(start="10.0.1.100", end="10.0.1.150"),
)


def test_a_pool_on_another_network_has_its_hosts_and_leases_there() -> None:
    """A host that is on both networks is taken once."""
    hosts = [*plain(3), (host("h4"), facts("10.0.1.14/24", machine="m4")), (host("h5"), facts("10.0.1.15/24"))]
    both = (host("h6"), facts("10.0.0.16/24", "10.0.1.16/24", machine="m6"))
    pools = (NodePool(name="pool", count=2), NodePool(name="far", count=2, network="lab2"))
    snapshot = msgspec.structs.replace(inventory(*hosts, both), networks={"lab": NETWORK, "lab2": OTHER})
    desired = place(msgspec.structs.replace(cluster(), node_pools=pools), NETWORK, snapshot)
    assert [(n.host, n.pool, n.address) for n in desired.by_role("worker")] == [
        ("h3", "pool", "10.0.0.14"),
        ("h6", "pool", "10.0.0.16"),
        ("h4", "far", "10.0.1.14"),
        ("h5", "far", "10.0.1.15"),
    ]
    leased = {x.owner: (x.network, x.address) for x in desired.leases}
    assert leased["host/h4"] == ("lab2", "10.0.1.14")
    assert leased["host/h6"] == ("lab", "10.0.0.16")
    assert leased["cluster/demo"][0] == "lab"
    assert [n.key for n in desired.networks] == ["lab", "lab2"]


def reached_otherwise(name: str, **fields: Any) -> tuple[Host, Facts | None]:
    """A host whose entry names an interface for the network's switch, on which it has no address."""
    known = facts("172.16.0.9/24", machine=name)
    interfaces = (*known.interfaces, fields.pop("named", Interface(name="eth1")))
    units = {"systemd-networkd": Unit(active=fields.pop("networkd", "active"))}
    known = msgspec.structs.replace(known, interfaces=interfaces, units=units)
    return host(name, interfaces={"Ext Switch": interfaces[-1].name}, **fields), known


def test_a_host_without_an_address_is_given_one_of_the_node_pool() -> None:
    """The lowest that nobody has; once recorded it stays, also when the facts show it."""
    hosts = [*plain(1, first=99), reached_otherwise("n1"), reached_otherwise("n2")]
    snapshot = inventory(*hosts)
    desired = place(cluster(), NETWORK, snapshot)
    given = {n.host: (n.address, n.interface) for n in desired.nodes}
    assert given == {"h1": ("10.0.0.100", "eth0"), "n1": ("10.0.0.101", "eth1"), "n2": ("10.0.0.102", "eth1")}
    assert {x.owner: x.purpose for x in desired.leases if x.owner.startswith("host/")} == {
        "host/h1": "node",
        "host/n1": "static",
        "host/n2": "static",
    }
    assert place(cluster(), NETWORK, with_recorded(snapshot, desired)).leases == desired.leases


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"networkd": "inactive"}, "systemd-networkd, which would set one, does not run"),
        ({"named": Interface(name="eth0", addresses=("172.16.0.9/24",))}, "has 172.16.0.9/24 there"),
        ({"named": Interface(name='a"b$(c)')}, "is no name that its file could have"),
    ],
)
def test_an_interface_that_is_in_use_or_nobodys_is_left_alone(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(AksprovError) as caught:
        place(cluster(), NETWORK, inventory(*plain(2), reached_otherwise("n1", **fields)))
    assert caught.value.code == "TooFewHosts" and words in caught.value.why


def test_a_node_pool_that_has_no_address_left_is_an_error() -> None:
    small = msgspec.structs.replace(NETWORK, node_pool=AddressRange(start="10.0.0.100", end="10.0.0.100"))
    hosts = [*plain(1), reached_otherwise("n1"), reached_otherwise("n2")]
    with pytest.raises(AksprovError) as caught:
        place(cluster(), small, inventory(*hosts))
    assert (caught.value.code, caught.value.exit_code) == ("NodeRangeExhausted", ExitCode.DEFINITION)
