"""get-cluster: the clusters that the state records."""

from __future__ import annotations

from aksprov.errors import DefinitionError, NotFoundError
from aksprov.model.cluster import Cluster, ClusterStatus
from aksprov.model.desired import Snapshot
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.cluster_view import cluster_object
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """All clusters, or the one that was named."""
    snapshot = open_store(session.state_url).snapshot()
    name = request.text("name")
    chosen = [find_cluster(name, snapshot)] if name is not None else list(snapshot.clusters.values())
    return Outcome(
        objects=tuple(
            cluster_object(c, snapshot.statuses.get(c.key, ClusterStatus()), snapshot)
            for c in sorted(chosen, key=lambda c: c.key)
        )
    )


def find_cluster(name: str, snapshot: Snapshot) -> Cluster:
    """The cluster of that name, in any case.

    Raises:
        NotFoundError: ClusterNotFound.
    """
    cluster = snapshot.clusters.get(name.lower())
    if cluster is None:
        raise NotFoundError(
            "ClusterNotFound",
            f"there is no cluster {name!r}",
            where="name",
            why="there are: " + (", ".join(sorted(c.name for c in snapshot.clusters.values())) or "none"),
            fix="look at get-cluster",
        )
    return cluster


def refuse_leaving(key: str, snapshot: Snapshot) -> None:
    """Refuse a cluster that is being removed: part of its hosts has nothing of it any more.

    Raises:
        DefinitionError: ClusterDeleting.
    """
    status = snapshot.statuses.get(key)
    if status is None or status.state != "Deleting":
        return
    raise DefinitionError(
        "ClusterDeleting",
        f"cluster {key} is being removed",
        where=f"cluster {key}",
        why=f"a removal has begun and has not ended{f' ({status.error})' if status.error else ''}",
        fix=f"end it (aksprov remove-cluster --name {key}), then make the cluster again",
    )
