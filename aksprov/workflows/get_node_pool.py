"""get-node-pool: the node pools that the state records of a cluster."""

from __future__ import annotations

from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.get_cluster import find_cluster
from aksprov.workflows.pool_view import find_pool, pool_object
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """All pools of the cluster, or the one that was named.

    Raises:
        NotFoundError: ClusterNotFound, NodePoolNotFound.
    """
    snapshot = open_store(session.state_url).snapshot()
    cluster = find_cluster(request.need("clusterName"), snapshot)
    name = request.text("name")
    pools = cluster.node_pools if name is None else (find_pool(cluster, name),)
    return Outcome(objects=tuple(pool_object(cluster, pool, snapshot) for pool in pools))
