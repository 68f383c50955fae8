"""A cluster gets other node pools: nodes that leave go first, then all hosts are brought to the new definition."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from aksprov.model.cluster import Cluster, ClusterStatus, Node
from aksprov.model.desired import Snapshot
from aksprov.model.network import Network
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.rendering.templates import Templates
from aksprov.rollout.runner import Fleet
from aksprov.state import open_store
from aksprov.workflows.cluster_plan import rendered
from aksprov.workflows.cluster_run import Kubernetes, carry_out
from aksprov.workflows.contact import contact
from aksprov.workflows.get_cluster import find_cluster, refuse_leaving
from aksprov.workflows.pool_shrink import take_out
from aksprov.workflows.pool_view import pool_object
from aksprov.workflows.session import Session

Edit = Callable[[Cluster], Cluster]


def change_pools(request: Request, session: Session, edit: Edit, pool: str) -> Outcome:
    """Carry a change of a cluster's pools out.

    Args:
        edit: the cluster's definition after it, from the one before; the same again changes nothing.
        pool: name of the pool that is shown in the end.

    Raises:
        DefinitionError, NotFoundError, UsageError, BusyError: as ``edit`` and the steps raise them.
    """
    return asyncio.run(_change(request, session, edit, pool))


async def _change(request: Request, session: Session, edit: Edit, pool: str) -> Outcome:
    store = open_store(session.state_url)
    snapshot = store.snapshot()
    cluster = find_cluster(request.need("clusterName"), snapshot)
    refuse_leaving(cluster.key, snapshot)
    wanted = edit(cluster)
    started = snapshot.statuses.get(cluster.key, ClusterStatus()).started
    leaving = surplus(wanted, snapshot)
    if leaving:
        stopped = await take_out(request, session, store, wanted, leaving)
        if stopped is not None:
            return stopped

    def define(now: Snapshot) -> tuple[Cluster, Network]:
        current = find_cluster(cluster.name, now)
        # what was taken out is recorded without it already, and a pool that is gone cannot be found again
        return wanted if leaving else edit(current), now.networks[current.network.lower()]

    async with Fleet(snapshot.hosts, contact(session, store), session.events) as fleet:
        kubernetes = Kubernetes(plugin=False) if started else None
        outcome = await carry_out(
            request, session, store, fleet, define=define, source=rendered(Templates.load()), kubernetes=kubernetes
        )
    if outcome.plan is not None:
        return outcome
    after = store.snapshot()
    recorded = after.clusters[cluster.key]
    shown = tuple(pool_object(recorded, p, after) for p in recorded.node_pools if p.name.lower() == pool.lower())
    return msgspec.structs.replace(outcome, objects=shown, single=bool(shown))


def surplus(cluster: Cluster, snapshot: Snapshot) -> tuple[Node, ...]:
    """The workers that a definition has no place for: the last ones of each pool."""
    counts = {pool.name: pool.count for pool in cluster.node_pools}
    leaving: list[Node] = []
    workers = [node for node in snapshot.nodes if node.cluster == cluster.key and node.role == "worker"]
    for name in dict.fromkeys(node.pool for node in workers):
        of_pool = sorted((node for node in workers if node.pool == name), key=lambda node: node.index)
        leaving += of_pool[counts.get(name, 0) :]
    return tuple(leaving)
