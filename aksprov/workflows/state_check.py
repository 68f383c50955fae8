"""state check: whether the state, or a backup, is whole and agrees with itself."""

from __future__ import annotations

from pathlib import Path

from aksprov.errors import ExitCode
from aksprov.ipam.consistency import consistency_rows
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.model.row import Row
from aksprov.state import open_backup, open_store
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Rows of every rule; the file is only read.

    Raises:
        NotFoundError: StateNotFound.
        StateError: it cannot be read: StateDamaged, StateTruncated, StateNewer ...
    """
    file = request.text("file")
    store = open_store(session.state_url)
    place = str(Path(file).expanduser().absolute()) if file else store.location
    with open_backup(Path(place)) if file else store.hold() as opened:
        snapshot = opened.snapshot
    whole = Row(
        test_name="StateIntegrity",
        category="State",
        test_result="Passed",
        details=f"{place} is whole, state {snapshot.state_id}",
    )
    rows = (whole, *consistency_rows(snapshot))
    failed = any(row.test_result == "Failed" for row in rows)
    return Outcome(rows=rows, exit_code=ExitCode.FAILED if failed else ExitCode.OK)
