"""set-host: change what is recorded of one host."""

from __future__ import annotations

from pathlib import Path

from aksprov.errors import DefinitionError
from aksprov.inventory.entry import Values, connection_of, host_of, values_of
from aksprov.inventory.parameters import changed_values
from aksprov.model.desired import Snapshot
from aksprov.model.host import ROLES, Host
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.host_view import clusters_by_host, find_host, host_objects
from aksprov.workflows.session import Session

# What a cluster's configuration was made from: its address on the network, its packages, its site.
_FIXED_IN_CLUSTER = ("address", "os", "labels.site")


def run(request: Request, session: Session) -> Outcome:
    """Lay the given values over the recorded ones; the host is not contacted.

    Raises:
        DefinitionError: HostInvalid, HostInCluster, HostConnectionTaken; nothing was changed.
        NotFoundError: HostNotFound.
    """
    store = open_store(session.state_url)
    folder = str(Path.cwd())
    snapshot = store.snapshot()
    before = find_host(request.need("name"), snapshot)
    if _changed(request, snapshot, folder) == before:
        note = "nothing to change"
    else:
        with store.write() as transaction:
            transaction.put_host(_changed(request, transaction.snapshot(), folder))
        snapshot = store.snapshot()
        note = f"recorded; 'aksprov test-host --name {before.name}' tries it and reads the host's facts"
    host = snapshot.hosts[before.key]
    return Outcome(objects=host_objects([host], snapshot), single=True, notes=(note,))


def _changed(request: Request, snapshot: Snapshot, folder: str) -> Host:
    """The host as it would be recorded."""
    before = find_host(request.need("name"), snapshot)
    recorded = values_of(before)
    values = changed_values(request, recorded, folder) | {"name": before.name}
    _refuse_in_cluster(before, recorded, values, snapshot)
    _refuse_taken(before, values, snapshot)
    return host_of(values)


def _refuse_in_cluster(host: Host, recorded: Values, values: Values, snapshot: Snapshot) -> None:
    """A host in a cluster keeps what the cluster's configuration was made from."""
    clusters = clusters_by_host(snapshot).get(host.key)
    changed = [path for path in _FIXED_IN_CLUSTER if values.get(path) != recorded.get(path)]
    allowed = values.get("roles") or ROLES
    used = {node.role for node in snapshot.nodes if node.host.lower() == host.key}
    if isinstance(allowed, tuple) and not used.issubset(allowed):
        changed.append("roles")
    if not clusters or not changed:
        return
    raise DefinitionError(
        "HostInCluster",
        f"{', '.join(changed)} of host {host.name} cannot be changed",
        where=f"host {host.name}",
        why=f"it is in cluster {', '.join(clusters)}, whose configuration on all its hosts was made from these",
        fix="leave these as they are; everything else about the host can be changed",
    )


def _refuse_taken(host: Host, values: Values, snapshot: Snapshot) -> None:
    """One connection is one host's."""
    connection = connection_of(values)
    for other in snapshot.hosts.values():
        if other.key != host.key and connection_of(values_of(other)) == connection:
            raise DefinitionError(
                "HostConnectionTaken",
                f"host {host.name} cannot have this connection",
                where=f"host {host.name}",
                why=f"{connection} is the connection of {other.name}",
                fix="give another address or port; aksprov get-host shows the recorded ones",
            )
