"""remove-node-pool: its nodes are drained and its hosts are free."""

from __future__ import annotations

import msgspec

from aksprov.model.cluster import Cluster
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.workflows.pool_change import change_pools
from aksprov.workflows.pool_view import find_pool
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Drain its nodes, take the cluster off their hosts, and forget the pool.

    Raises:
        NotFoundError: ClusterNotFound, NodePoolNotFound.
        UsageError: ConfirmationNeeded.
    """
    name = request.need("name")

    def edit(cluster: Cluster) -> Cluster:
        gone = find_pool(cluster, name)
        return msgspec.structs.replace(cluster, node_pools=tuple(p for p in cluster.node_pools if p != gone))

    return change_pools(request, session, edit, name)
