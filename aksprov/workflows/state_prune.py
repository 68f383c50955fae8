"""state prune: forget the journal of old runs."""

from __future__ import annotations

from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Ask, and forget runs with their steps; objects, addresses and epochs stay.

    Raises:
        UsageError: ConfirmationNeeded.
    """
    days = request.integer("keepDays") or 1
    if not confirmed(request, session, f"Forget runs that began more than {days} days ago?"):
        return Outcome(notes=("nothing was changed",))
    store = open_store(session.state_url)
    with store.write() as transaction:
        pruned = transaction.runs.prune(days)
    return Outcome(notes=(f"{pruned} runs forgotten",))
