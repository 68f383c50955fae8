"""A cluster gets more nodes or fewer: those that leave go first, then all hosts are brought to the new definition."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable

import msgspec

from aksprov.model.cluster import Cluster, ClusterStatus, Node
from aksprov.model.desired import Snapshot
from aksprov.model.network import Network
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.model.row import Row
from aksprov.planning.leaving import Group
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
    """Carry a change of a cluster's pools out, and show one of them.

    Args:
        pool: name of the pool that is shown in the end.

    Raises:
        AksprovError: what :func:`change_nodes` raises.
    """
    cluster = request.need("clusterName")
    outcome = change_nodes(request, session, cluster, edit)
    if not outcome.objects:
        return outcome
    after = open_store(session.state_url).snapshot()
    recorded = after.clusters[cluster.lower()]
    shown = tuple(pool_object(recorded, p, after) for p in recorded.node_pools if p.name.lower() == pool.lower())
    return msgspec.structs.replace(outcome, objects=shown, single=bool(shown))


def change_nodes(request: Request, session: Session, cluster: str, edit: Edit) -> Outcome:
    """Carry a change of how many nodes a cluster has out; the cluster is shown in the end.

    Args:
        cluster: its name.
        edit: the cluster's definition after it, from the one before; the same again changes nothing.

    Raises:
        DefinitionError, NotFoundError, UsageError, BusyError: as ``edit`` and the steps raise them.
    """
    return asyncio.run(_change(request, session, cluster, edit))


async def _change(request: Request, session: Session, name: str, edit: Edit) -> Outcome:
    store = open_store(session.state_url)
    snapshot = store.snapshot()
    cluster = find_cluster(name, snapshot)
    refuse_leaving(cluster.key, snapshot)
    wanted = edit(cluster)
    started = snapshot.statuses.get(cluster.key, ClusterStatus()).started
    shrinking = too_large(wanted, snapshot)
    left: tuple[Row, ...] = ()
    if shrinking:
        end = await take_out(request, session, store, wanted, shrinking)
        if isinstance(end, Outcome):
            return end
        left = end

    def define(now: Snapshot) -> tuple[Cluster, Network]:
        current = find_cluster(cluster.name, now)
        # what was taken out is recorded without it already, and a pool that is gone cannot be found again
        return wanted if shrinking else edit(current), now.networks[current.network.lower()]

    async with Fleet(snapshot.hosts, contact(session, store), session.events) as fleet:
        kubernetes = Kubernetes(plugin=False) if started else None
        outcome = await carry_out(
            request, session, store, fleet, define=define, source=rendered(Templates.load()), kubernetes=kubernetes
        )
    return msgspec.structs.replace(outcome, rows=(*left, *outcome.rows))


def too_large(cluster: Cluster, snapshot: Snapshot) -> tuple[Group, ...]:
    """The control plane and the pools that have more nodes than a definition has a place for."""
    places = {("worker", pool.name): pool.count for pool in cluster.node_pools}
    places["control-plane", ""] = cluster.control_plane_node_count
    groups: defaultdict[tuple[str, str], list[Node]] = defaultdict(list)
    for node in snapshot.nodes:
        if node.cluster == cluster.key and node.role != "load-balancer":
            groups[node.role, node.pool].append(node)
    found = (Group(nodes=tuple(nodes), stay=places.get(key, 0)) for key, nodes in groups.items())
    return tuple(group for group in found if len(group.nodes) > group.stay)
