"""How many addresses clusters need of their network."""

from __future__ import annotations

import msgspec
import pytest

from aksprov.ipam.sizing import Need, cluster_need, size_up, sizing_note, sizing_rows
from aksprov.model.cluster import Cluster, LoadBalancerSettings, NodePool
from aksprov.model.desired import Snapshot
from aksprov.model.network import AddressRange, Network, Pools


def cluster(name: str, planes: int, workers: int, balancers: int = 1, network: str = "lab") -> Cluster:
    return Cluster(
        name=name,
        network=network,
        kubernetes_version="v1.36.4",
        control_plane_node_count=planes,
        load_balancer=LoadBalancerSettings(count=balancers),
        node_pools=(NodePool(name="a", count=workers - 1), NodePool(name="b")),
    )


def network(nodes: int, vips: int, reserve: int = 5) -> Network:
    return Network(
        name="Lab",
        vswitch_name="External",
        ip_address_prefix="10.0.0.0/24",
        gateway="10.0.0.1",
        dns_servers=("10.0.0.2",),
        vip_pool=AddressRange(start="10.0.0.200", end=f"10.0.0.{199 + vips}"),
        node_pool=AddressRange(start="10.0.0.10", end=f"10.0.0.{9 + nodes}"),
        upgrade_reserve=reserve,
    )


def test_the_documented_example_needs_27_node_addresses_and_5_vips() -> None:
    """Clusters of 3 + 5 and 1 + 3 nodes, three Services, and AksHci's own host, which aksprov does not have."""
    reserve = network(27, 5).upgrade_reserve
    services, own_host = Need(vips=3), Need(control_planes=1, upgrades=2)
    together = own_host + cluster_need(cluster("A", 3, 5), reserve) + cluster_need(cluster("B", 1, 3), reserve)
    together += services
    assert (together.nodes, together.vips, together.nodes + together.vips) == (27, 5, 32)


def test_a_cluster_is_sized_alone_and_beside_the_others_of_its_network() -> None:
    a, b = cluster("A", 3, 5), cluster("B", 1, 3, balancers=2, network="LAB")
    elsewhere = cluster("C", 3, 9, network="other")
    recorded = Snapshot(clusters={c.key: c for c in (a, b, elsewhere)})
    sized = size_up(a, network(30, 3), recorded)
    assert (sized.node_addresses, sized.vips, sized.all_node_addresses, sized.all_vips) == (14, 1, 25, 2)
    assert sized == size_up(a, network(30, 3), Snapshot(clusters={c.key: c for c in (b, elsewhere)}))
    note = sizing_note(sized)
    assert "14 node addresses (3 control planes, 5 workers, 1 load balancer, 5 for upgrades) and 1 VIP" in note
    assert "with the other clusters on it 25 and 2 VIPs" in note
    assert "network Lab has 30 and 3 VIPs" in note
    assert "other clusters" not in sizing_note(size_up(a, network(30, 3), Snapshot()))


@pytest.mark.parametrize(
    ("nodes", "vips", "reserve", "small"),
    [
        (14, 1, 5, []),
        (13, 1, 5, ["node pool 10.0.0.10-10.0.0.22 13 14"]),
        (13, 1, 4, []),
        (9, 1, 0, []),
        (8, 1, 0, ["node pool 10.0.0.10-10.0.0.17 8 9"]),
    ],
)
def test_a_pool_that_is_too_small_is_worth_a_warning(nodes: int, vips: int, reserve: int, small: list[str]) -> None:
    where = network(nodes, vips, reserve)
    rows = sizing_rows(cluster("A", 3, 5), where, size_up(cluster("A", 3, 5), where, Snapshot()))
    assert [(row.test_name, row.test_result, row.cluster) for row in rows] == [
        ("PoolSmallerThanNeed", "Warning", "A")
    ] * len(small)
    assert all(word in row.details for row, words in zip(rows, small, strict=True) for word in words.split())
    assert all("set-cluster-network --name Lab --add-node-range" in row.recommendation for row in rows)


def test_ranges_that_were_added_count_and_reserved_addresses_do_not() -> None:
    more = AddressRange(start="10.0.0.150", end="10.0.0.159")
    back = AddressRange(start="10.0.0.158", end="10.0.0.200")
    was = network(9, 2)
    grown = msgspec.structs.replace(was, pools=Pools(vip=(was.vip_pool,), node=(was.node_pool, more), reserved=(back,)))
    sized = size_up(cluster("A", 3, 5), grown, Snapshot())
    assert (sized.node_pool, sized.vip_pool) == (17, 1)


def test_the_vips_of_all_clusters_are_counted() -> None:
    others = Snapshot(clusters={"b": cluster("B", 1, 1)})
    [row] = sizing_rows(cluster("A", 1, 1), network(90, 1), size_up(cluster("A", 1, 1), network(90, 1), others))
    assert "VIP pool 10.0.0.200 of network Lab has 1 addresses" in row.details
