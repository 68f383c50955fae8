"""state restore: put a backup in the place of the state."""

from __future__ import annotations

from pathlib import Path

import msgspec

from aksprov.errors import DefinitionError, NotFoundError, StateError
from aksprov.model.desired import Snapshot
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import Store, open_backup, open_store
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.session import Session

# What is wrong with a state that a restore is the cure for; it is moved aside, never deleted.
_CURED = frozenset({"StateDamaged", "StateTruncated", "StateNotDatabase"})


def run(request: Request, session: Session) -> Outcome:
    """Check the backup, say what it replaces, ask, and replace it.

    Raises:
        DefinitionError: BackupOfOtherState.
        HostsLockedError: HostsLocked, a run is going on.
        NotFoundError: StateNotFound, there is no such backup.
        StateError: the backup, or the state, cannot be used.
        UsageError: ConfirmationNeeded.
    """
    source = Path(request.need("file")).expanduser().absolute()
    store = open_store(session.state_url)
    with open_backup(source) as backup:
        present = _present(store)
        content = _content(backup.snapshot)
        question = ""
        if isinstance(present, StateError):
            question = f"The state at {store.location} cannot be used ({present.code}). Move it aside and restore?"
        elif present is not None:
            _refuse_other(request, present, backup.snapshot.state_id, store.location)
            question = f"Replace what {store.location} records ({_content(present)}) by {content}?"
        if question and not confirmed(request, session, question):
            return Outcome(notes=("nothing was changed",))
        aside = (f"what was there is {store.move_aside()}",) if isinstance(present, StateError) else ()
        store.restore(backup)
    lacks = "aksprov adopt --file FILE records what hosts have that it lacks; do that before anything new is made"
    return Outcome(notes=(*aside, f"restored {content} to {store.location}", lacks))


def _present(store: Store) -> Snapshot | StateError | None:
    """What is recorded now, None when nothing is, or why it cannot be used."""
    try:
        # all of it is looked at: pages of a file that nobody has read yet may be damaged, too
        with store.hold() as present:
            return present.snapshot if _records_something(present.snapshot) else None
    except StateError as error:
        if error.code not in _CURED:
            raise
        return error
    except NotFoundError:
        return None


def _records_something(snapshot: Snapshot) -> bool:
    return msgspec.structs.replace(snapshot, state_id="") != Snapshot()


def _refuse_other(request: Request, present: Snapshot, state_id: str, location: str) -> None:
    if present.state_id == state_id or request.flag("yes"):
        return
    raise DefinitionError(
        "BackupOfOtherState",
        "this is the backup of another state",
        where=request.need("file"),
        why=f"it is of state {state_id}, and {location} is state {present.state_id}",
        fix="give the backup's own path in AKSPROV_STATE, or --yes to replace the one by the other",
    )


def _content(snapshot: Snapshot) -> str:
    return (
        f"state {snapshot.state_id[:12]}: {len(snapshot.clusters)} clusters, {len(snapshot.networks)} networks,"
        f" {len(snapshot.hosts)} hosts"
    )
