"""Which pool a node belongs to, and so which operating system its files are for."""

from __future__ import annotations

from aksprov.model.cluster import Cluster, Node, NodePool


def pool_of(cluster: Cluster, node: Node) -> NodePool | None:
    """The pool of a worker; None for nodes of the other roles, which are in no pool."""
    if node.role != "worker":
        return None
    return next(pool for pool in cluster.node_pools if pool.name.lower() == node.pool.lower())


def on_windows(cluster: Cluster, node: Node) -> bool:
    """Whether the node runs Windows: only a worker can."""
    pool = pool_of(cluster, node)
    return pool is not None and pool.os_type == "windows"
