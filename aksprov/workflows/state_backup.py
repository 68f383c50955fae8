"""state backup: a copy of the state, whole, while other commands use it."""

from __future__ import annotations

from pathlib import Path

from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Write the copy; a file that is there is replaced only when that is agreed to.

    Raises:
        NotFoundError: StateNotFound.
        StateError: BackupNotWritten, or what is wrong with the state.
        UsageError: ConfirmationNeeded.
    """
    store, target = open_store(session.state_url), Path(request.need("file")).expanduser().absolute()
    if target.exists() and not confirmed(request, session, f"Replace {target}?"):
        return Outcome(notes=("nothing was written",))
    store.back_up(target)
    return Outcome(notes=(f"{store.location} copied to {target}; restore it with aksprov state restore",))
