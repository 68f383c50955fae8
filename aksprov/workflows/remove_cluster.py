"""remove-cluster: declared, and refused until removal from hosts is built."""

from __future__ import annotations

from aksprov.errors import NotAvailableError
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.get_cluster import find_cluster
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Refuse; nothing on hosts or in the state is touched."""
    cluster = find_cluster(request.need("name"), open_store(session.state_url).snapshot())
    raise NotAvailableError(
        "RemovalNotAvailable",
        f"cluster {cluster.name} was not removed",
        where="remove-cluster",
        why="taking a cluster off its hosts is not available in this version; nothing was changed",
        fix="leave the cluster, or stop haproxy and keepalived on its load balancers by hand",
    )
