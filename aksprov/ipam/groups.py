"""The groups of alike nodes that a cluster is made of."""

from __future__ import annotations

from collections.abc import Mapping

from aksprov.ipam.capacity import Need, need
from aksprov.model.base import Value
from aksprov.model.cluster import Cluster, Node, NodePool
from aksprov.model.host import OperatingSystem, Role
from aksprov.model.network import Network


class Group(Value, frozen=True, kw_only=True):
    """Nodes of a cluster that are alike.

    Args:
        os: what their hosts run.
        network: that their hosts are on.
        labels: that their hosts must have.
        missing: how many of them have no host yet.
    """

    role: Role
    pool: str
    os: OperatingSystem
    network: Network
    labels: tuple[str, ...] = ()
    need: Need
    count: int
    missing: int

    @property
    def title(self) -> str:
        """What an error calls one of them."""
        system = "Windows " if self.os == "windows" else ""
        asked = " with " + ", ".join(self.labels) if self.labels else ""
        return f"{system}worker of pool {self.pool}{asked}" if self.pool else self.role.replace("-", " ")


def groups_of(
    cluster: Cluster, network: Network, elsewhere: Mapping[str, Network], recorded: list[Node]
) -> list[Group]:
    """Control plane, load balancers, node pools in the order of their definition.

    Args:
        elsewhere: the networks of pools that are on another one, by pool.
        recorded: the nodes that the cluster has.
    """

    def group(role: Role, vm_size: str, count: int, pool: NodePool | None = None) -> Group:
        name = pool.name if pool else ""
        have = sum(1 for node in recorded if (node.role, node.pool) == (role, name))
        return Group(
            role=role,
            pool=name,
            os=pool.os_type if pool else "linux",
            network=elsewhere.get(name, network),
            labels=pool.host_labels if pool else (),
            need=need(role, vm_size),
            count=count,
            missing=max(0, count - have),
        )

    return [
        group("control-plane", cluster.control_plane_vm_size, cluster.control_plane_node_count),
        group("load-balancer", cluster.load_balancer.vm_size, cluster.load_balancer.count),
        *(group("worker", pool.vm_size, pool.count, pool) for pool in cluster.node_pools),
    ]
