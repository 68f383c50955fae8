"""Who gets which address: never one twice, never a reserved one, never one outside."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aksprov.errors import AksprovError, ExitCode
from aksprov.ipam.allocate import RESERVED_ROUTER_IDS, address_table, propose_router_id, propose_vip
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts, Interface
from aksprov.model.host import Host
from aksprov.model.network import AddressRange, Lease, Network, RouterId


def range_(first: int, last: int) -> AddressRange:
    return AddressRange(start=f"10.0.0.{first}", end=f"10.0.0.{last}")


LAB = Network(
    name="Lab",
    vswitch_name="eth0",
    ip_address_prefix="10.0.0.0/24",
    gateway="10.0.0.1",
    dns_servers=("10.0.0.2",),
    vip_pool=range_(200, 204),
    node_pool=range_(100, 102),
)
BESIDE = msgspec.structs.replace(LAB, name="beside", vip_pool=range_(210, 214), node_pool=range_(110, 112))
ELSEWHERE = msgspec.structs.replace(LAB, name="elsewhere", site="shop17")
NETWORKS = {n.key: n for n in (LAB, BESIDE, ELSEWHERE)}


def vip(address: str, cluster: str, network: str = "lab") -> Lease:
    return Lease(address=address, network=network, purpose="vip", owner=f"cluster/{cluster}", cluster=cluster)


def node(address: str, host: str, cluster: str = "c", network: str = "lab") -> Lease:
    return Lease(address=address, network=network, purpose="node", owner=f"host/{host}", cluster=cluster)


def router_id(number: int, cluster: str = "c", **fields: Any) -> RouterId:
    return RouterId(**{"site": "", "prefix": "10.0.0.0/24", "router_id": number, "cluster": cluster} | fields)


def at(*addresses: str) -> Facts:
    return Facts(interfaces=(Interface(name="eth0", addresses=tuple(f"{a}/24" for a in addresses)),))


def test_a_vip_is_the_lowest_that_no_lease_and_no_host_has() -> None:
    snapshot = Snapshot(
        networks=NETWORKS,
        hosts={
            "a": Host(name="a", address="10.0.0.201", os="linux"),
            "b": Host(name="b", address="b.example", os="linux"),
            "far": Host(name="far", address="far.example", os="linux", labels={"site": "shop17"}),
        },
        facts={"b": at("192.168.0.203", "10.0.0.203")},
        leases=(vip("10.0.0.200", "x"), node("10.0.0.202", "z", network="beside"), vip("10.0.0.204", "y", "elsewhere")),
    )
    assert propose_vip(LAB, snapshot) == "10.0.0.204"  # what another site has is not taken here
    full = msgspec.structs.replace(snapshot, leases=(*snapshot.leases, vip("10.0.0.204", "w")))
    with pytest.raises(AksprovError) as caught:
        propose_vip(LAB, full)
    error = caught.value
    assert (error.code, error.exit_code) == ("VipPoolExhausted", ExitCode.DEFINITION)
    assert "10.0.0.200-10.0.0.204" in error.where
    assert "1 is missing" in error.why
    assert "cluster/w, cluster/x, host/a, host/b, host/z" in error.why


def test_router_ids_are_counted_for_each_subnet_and_leave_reserved_ones_out() -> None:
    assert {1, 51} <= RESERVED_ROUTER_IDS.keys()
    assert all(RESERVED_ROUTER_IDS.values())
    elsewhere = (router_id(5, site="shop17"), router_id(5, prefix="10.0.1.0/24"))
    taken = (router_id(3), router_id(4), router_id(6), *elsewhere)
    assert propose_router_id(LAB, Snapshot(router_ids=taken)) == 5
    assert propose_router_id(ELSEWHERE, Snapshot(router_ids=taken)) == 3
    assert propose_router_id(BESIDE, Snapshot(router_ids=taken)) == 5
    with pytest.raises(AksprovError) as caught:
        propose_router_id(LAB, Snapshot(router_ids=tuple(router_id(n) for n in range(1, 256))))
    assert caught.value.code == "RouterIdsExhausted"
    assert "10.0.0.0/24" in caught.value.what and "1 is missing" in caught.value.why


def test_the_address_table_shows_each_holder_and_each_free_run() -> None:
    snapshot = Snapshot(
        networks=NETWORKS,
        hosts={"h1": Host(name="h1", address="10.0.0.101", os="linux")},
        leases=(
            vip("10.0.0.202", "demo"),
            node("10.0.0.11", "h2", "demo"),
            node("10.0.0.100", "h3", "demo"),
            node("10.0.0.12", "h4", "other", network="beside"),
        ),
    )
    table = address_table(LAB, snapshot)
    assert [(e.pool, str(e.addresses), e.count, e.state, e.owner, e.cluster) for e in table] == [
        ("VIP", "10.0.0.202-10.0.0.202", 1, "Leased", "cluster/demo", "demo"),
        ("VIP", "10.0.0.200-10.0.0.201", 2, "Free", "", ""),
        ("VIP", "10.0.0.203-10.0.0.204", 2, "Free", "", ""),
        ("Node", "10.0.0.100-10.0.0.100", 1, "Leased", "host/h3", "demo"),
        ("Node", "10.0.0.101-10.0.0.101", 1, "Host", "host/h1", ""),
        ("Node", "10.0.0.102-10.0.0.102", 1, "Free", "", ""),
        ("", "10.0.0.11-10.0.0.11", 1, "Leased", "host/h2", "demo"),
    ]


OWN = st.lists(st.integers(195, 220), max_size=6, unique=True)


@settings(deadline=None)
@given(st.lists(st.sampled_from([LAB, BESIDE]), max_size=12), OWN, OWN)
def test_no_address_and_no_router_id_is_handed_out_twice(
    asked: list[Network], own: list[int], leased: list[int]
) -> None:
    """Clusters on two networks of one subnet, with hosts whose addresses lie anywhere."""
    snapshot = Snapshot(
        networks=NETWORKS,
        hosts={f"h{n}": Host(name=f"h{n}", address=f"10.0.0.{n}", os="linux") for n in own},
        leases=tuple(node(f"10.0.0.{n}", f"l{n}") for n in leased),
    )
    given_out: list[str] = []
    for number, network in enumerate(asked):
        free = sum(e.count for e in address_table(network, snapshot) if (e.pool, e.state) == ("VIP", "Free"))
        try:
            address = propose_vip(network, snapshot)
        except AksprovError:
            assert free == 0
            continue
        assert free > 0
        first, last = IPv4Address(network.vip_pool.start), IPv4Address(network.vip_pool.end)
        assert first <= IPv4Address(address) <= last
        assert address not in given_out
        assert int(address.rpartition(".")[2]) not in {*own, *leased}
        number_of_router = propose_router_id(network, snapshot)
        assert number_of_router not in RESERVED_ROUTER_IDS
        assert number_of_router not in {r.router_id for r in snapshot.router_ids}
        given_out.append(address)
        snapshot = msgspec.structs.replace(
            snapshot,
            leases=(*snapshot.leases, vip(address, f"c{number}", network.key)),
            router_ids=(*snapshot.router_ids, router_id(number_of_router, f"c{number}")),
        )
