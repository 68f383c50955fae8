"""What hosts say of what they are: read before a host is adopted, and at the first contact after a restore."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aksprov.errors import StateError
from aksprov.model.base import Value
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Observed
from aksprov.model.objects import OBJECTS_PATH, WINDOWS_OBJECTS_PATH
from aksprov.model.request import Request
from aksprov.model.row import Row
from aksprov.model.transport import Connection
from aksprov.planning.adoption import Account, differences, epoch_of, read_objects
from aksprov.rollout.runner import Fleet
from aksprov.state import Store
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.session import Session


class FirstContact(Value, frozen=True, kw_only=True):
    """Hosts that may have what the state lacks.

    Args:
        epochs: host key -> the highest epoch that it has seen.
        rows: what they have, a warning each.
    """

    epochs: dict[str, int] = {}
    rows: tuple[Row, ...] = ()


async def account_of(connection: Connection, seen: Observed | None = None) -> Account:
    """The host's facts, manifest and objects.

    Args:
        seen: what it was seen to have already, in this run.
    """
    seen = seen or await connection.observe(())
    path = WINDOWS_OBJECTS_PATH if connection.host.os == "windows" else OBJECTS_PATH
    found = await connection.get((path,)) if seen.manifest else {}
    objects, problem = read_objects(found.get(path))
    return Account(host=connection.host, seen=seen, objects=objects, problem=problem)


async def first_contact(
    fleet: Fleet, snapshot: Snapshot, reread: Callable[[], Snapshot], observed: Mapping[str, Observed]
) -> FirstContact:
    """The hosts that may have what the state lacks, and what that is.

    These are the hosts that were not looked at since the state was restored, and those that have seen a
    higher epoch than it counts.

    Args:
        snapshot: what the state recorded before the hosts were looked at.
        reread: gives what it records now.

    Raises:
        StateError: StateLacksClusters, a host is in a cluster that the state does not have.
    """
    ours = {k: o for k, o in observed.items() if o.manifest is None or o.manifest.state_id == snapshot.state_id}
    seen = {key: epoch_of(of_host) for key, of_host in ours.items() if key not in fleet.failures}
    if any(epoch > snapshot.epochs.get(key, 0) for key, epoch in seen.items()):
        snapshot = reread()  # a run that ended since it was read has counted before it spoke to a host
    unknown = {k: e for k, e in seen.items() if k in snapshot.restored or e > snapshot.epochs.get(k, 0)}

    async def read(connection: Connection) -> Account:
        return await account_of(connection, observed[connection.host.key])

    accounts = await fleet.each(sorted(unknown), read)
    rows = [row for account in accounts.values() for row in differences(account, snapshot)]
    _refuse_unknown_clusters([row for row in rows if row.test_result == "Failed"])
    return FirstContact(epochs={k: e for k, e in unknown.items() if k not in fleet.failures}, rows=tuple(rows))


def _refuse_unknown_clusters(rows: Sequence[Row]) -> None:
    """A state that lacks clusters would lease their addresses again, so nothing is done with it."""
    if not rows:
        return
    raise StateError(
        "StateLacksClusters",
        f"the state does not have cluster {', '.join(sorted({row.cluster for row in rows}))}, which hosts are in",
        where=f"hosts {', '.join(sorted({row.host for row in rows}))}",
        why="it was restored from a backup, or replaced, and would give that cluster's addresses away",
        fix=f"record what hosts have that it lacks: aksprov adopt --file FILE, or --name {rows[0].host}",
    )


def agreed(request: Request, session: Session, store: Store, contact: FirstContact) -> bool:
    """Ask whether hosts that have what the state lacks may be changed, and count their epochs from theirs on.

    Nobody is asked where they have no more than the state.

    Raises:
        UsageError: ConfirmationNeeded.
    """
    if not contact.epochs:
        return True
    shown = [f"{row.host} {row.test_name}: {row.details}" for row in contact.rows]
    question = "These hosts have what the state lacks, which an older backup explains. Bring them to what it records?"
    if contact.rows and not confirmed(request, session, "\n".join([*shown, question])):
        return False
    with store.write() as transaction:
        transaction.host_leases.raise_epochs(contact.epochs)
        transaction.looked_at(contact.epochs)
    return True
