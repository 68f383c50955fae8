"""remove-host: forget a host that is in no cluster."""

from __future__ import annotations

from aksprov.errors import DefinitionError
from aksprov.model.desired import Snapshot
from aksprov.model.host import Host
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.host_view import clusters_by_host, find_host
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Take the host and its facts out of the inventory; nothing on it is touched.

    Raises:
        DefinitionError: HostInCluster.
        NotFoundError: HostNotFound.
        UsageError: ConfirmationNeeded.
    """
    store = open_store(session.state_url)
    host = _removable(request, store.snapshot())
    if not confirmed(request, session, f"Remove host {host.name} ({host.address}) from the inventory?"):
        return Outcome(notes=(f"host {host.name} stays",))
    with store.write() as transaction:
        transaction.remove_host(_removable(request, transaction.snapshot()).key)
    return Outcome(notes=(f"host {host.name} removed from the inventory; nothing on it was changed",))


def _removable(request: Request, snapshot: Snapshot) -> Host:
    host = find_host(request.need("name"), snapshot)
    clusters = clusters_by_host(snapshot).get(host.key)
    if clusters:
        raise DefinitionError(
            "HostInCluster",
            f"host {host.name} cannot be removed",
            where=f"host {host.name}",
            why=f"it is in cluster {', '.join(clusters)}",
            fix="remove the cluster first; it gives its hosts back",
        )
    return host
