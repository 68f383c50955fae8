"""set-node-pool: another number of nodes."""

from __future__ import annotations

import msgspec

from aksprov.model.cluster import Cluster
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.workflows.pool_change import change_pools
from aksprov.workflows.pool_view import find_pool
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Let hosts join, or drain them and take the cluster off them.

    Raises:
        NotFoundError: ClusterNotFound, NodePoolNotFound.
        DefinitionError: TooFewHosts.
        UsageError: ConfirmationNeeded, where nodes leave.
    """
    name, count = request.need("name"), request.integer("count")

    def edit(cluster: Cluster) -> Cluster:
        found = find_pool(cluster, name)
        wanted = found if count is None else msgspec.structs.replace(found, count=count)
        pools = tuple(wanted if pool.name == wanted.name else pool for pool in cluster.node_pools)
        return msgspec.structs.replace(cluster, node_pools=pools)

    return change_pools(request, session, edit, name)
