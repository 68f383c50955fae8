"""How many addresses clusters need of their network: AksHci's documented minimum, as a sum.

Source: "Network concepts for deploying AKS nodes", minimum reservations (learn.microsoft.com,
azure/aks/aksarc/concepts-node-networking): one address for each control plane node and each worker,
five for upgrades and one for each load balancer of a cluster; one VIP for each API server and one for
each Service that is exposed.
"""

from __future__ import annotations

from aksprov.ipam.ranges import listed, minus, size
from aksprov.model.base import Value
from aksprov.model.cluster import Cluster
from aksprov.model.desired import Snapshot
from aksprov.model.network import Network
from aksprov.model.plan import Sizing
from aksprov.model.row import Row


class Need(Value, frozen=True, kw_only=True):
    """Addresses that are needed, by what for; needs add up.

    Args:
        vips: addresses of the VIP pool; all the others are the node pool's.
    """

    control_planes: int = 0
    workers: int = 0
    load_balancers: int = 0
    upgrades: int = 0
    vips: int = 0

    @property
    def nodes(self) -> int:
        """Addresses of the node pool."""
        return self.control_planes + self.workers + self.load_balancers + self.upgrades

    def __add__(self, other: Need) -> Need:
        return Need(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


def cluster_need(cluster: Cluster, upgrade_reserve: int) -> Need:
    """What one cluster needs of its network, without the VIPs of its Services.

    Args:
        upgrade_reserve: addresses that are kept for its upgrades; see Network.
    """
    return Need(
        control_planes=cluster.control_plane_node_count,
        workers=sum(pool.count for pool in cluster.node_pools if not pool.network),
        load_balancers=cluster.load_balancer.count,
        upgrades=upgrade_reserve,
        vips=1,
    )


def size_up(cluster: Cluster, network: Network, snapshot: Snapshot) -> Sizing:
    """What a cluster needs of its network, beside the recorded clusters that are on it.

    Args:
        cluster: recorded or not.
        network: the one that it names.
        snapshot: what is recorded.
    """
    need = cluster_need(cluster, network.upgrade_reserve)
    together = need
    for other in snapshot.clusters.values():
        if other.key != cluster.key and other.network.lower() == network.key:
            together += cluster_need(other, network.upgrade_reserve)
        together += Need(workers=sum(p.count for p in other.node_pools if p.network.lower() == network.key))
    return Sizing(
        network=network.name,
        control_planes=need.control_planes,
        workers=need.workers,
        load_balancers=need.load_balancers,
        upgrade_reserve=need.upgrades,
        node_addresses=need.nodes,
        vips=need.vips,
        all_node_addresses=together.nodes,
        all_vips=together.vips,
        node_pool=None if network.dhcp else size(*minus(network.node_ranges, network.reserved)),
        vip_pool=size(*minus(network.vip_ranges, network.reserved)),
    )


def sizing_note(sizing: Sizing) -> str:
    """The sizing in a sentence or two."""
    parts = [
        _count(sizing.control_planes, "control plane"),
        _count(sizing.workers, "worker"),
        _count(sizing.load_balancers, "load balancer"),
        f"{sizing.upgrade_reserve} for upgrades",
    ]
    note = (
        f"sizing: {sizing.node_addresses} node addresses ({', '.join(parts)}) and "
        f"{_count(sizing.vips, 'VIP')}, and one more VIP for each exposed Service"
    )
    if sizing.all_node_addresses != sizing.node_addresses:
        note += f"; with the other clusters on it {sizing.all_node_addresses} and {_count(sizing.all_vips, 'VIP')}"
    nodes = "addresses by DHCP" if sizing.node_pool is None else str(sizing.node_pool)
    return f"{note}; network {sizing.network} has {nodes} and {_count(sizing.vip_pool, 'VIP')}"


def sizing_rows(cluster: Cluster, network: Network, sizing: Sizing) -> tuple[Row, ...]:
    """A warning for each pool that is smaller than what its clusters need."""
    pools = (
        ("node pool", network.node_ranges, "node", sizing.node_pool, sizing.all_node_addresses),
        ("VIP pool", network.vip_ranges, "vip", sizing.vip_pool, sizing.all_vips),
    )
    return tuple(
        Row(
            test_name="PoolSmallerThanNeed",
            category="Definition",
            test_result="Warning",
            details=f"the {title} {listed(ranges)} of network {network.name} has {has} addresses, its clusters need "
            f"{needs}",
            recommendation=f"add some: set-cluster-network --name {network.name} --add-{option}-range A-B; hosts that "
            "have addresses of their own take none of them",
            cluster=cluster.name,
        )
        for title, ranges, option, has, needs in pools
        if has is not None and has < needs
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
