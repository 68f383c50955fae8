"""A node pool as its users see it: the properties of Get-AksHciNodePool, and ours."""

from __future__ import annotations

from typing import Any

from aksprov.errors import NotFoundError
from aksprov.model.cluster import Cluster, ClusterStatus, NodePool
from aksprov.model.desired import Snapshot


def find_pool(cluster: Cluster, name: str) -> NodePool:
    """The pool of that name, in any case.

    Raises:
        NotFoundError: NodePoolNotFound.
    """
    for pool in cluster.node_pools:
        if pool.name.lower() == name.lower():
            return pool
    raise NotFoundError(
        "NodePoolNotFound",
        f"cluster {cluster.name} has no node pool {name!r}",
        where="name",
        why="there are: " + (", ".join(pool.name for pool in cluster.node_pools) or "none"),
        fix="look at get-node-pool",
    )


def pool_object(cluster: Cluster, pool: NodePool, snapshot: Snapshot) -> dict[str, Any]:
    """AksHci's properties in its own names."""
    status = snapshot.statuses.get(cluster.key, ClusterStatus())
    nodes = [n.host for n in snapshot.nodes if n.cluster == cluster.key and n.role == "worker" and n.pool == pool.name]
    return {
        "ClusterName": cluster.name,
        "NodePoolName": pool.name,
        "Version": cluster.kubernetes_version,
        "OsType": pool.os_type.capitalize(),
        "NodeCount": pool.count,
        "VmSize": pool.vm_size,
        "Phase": status.state,
        "Status": {"Phase": status.state, "Details": status.details, "Error": status.error},
        "AutoScalerEnabled": False,
        "Taints": [str(taint) for taint in pool.taints],
        "HostLabels": dict(label.split("=", 1) for label in pool.host_labels),
        "VirtualNetwork": pool.network or cluster.network,
        "Nodes": nodes,
    }
