"""The journal: every run and every step of it, so that a run killed anywhere goes on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update

from aksprov.model.host_lease import Epochs
from aksprov.state import rows
from aksprov.state.database import Database
from aksprov.state.host_leases import HostLeases
from aksprov.state.schema import runs, steps
from aksprov.state.step_writer import Entry, StepWriter

DONE: Final = "done"

# Built once, as others wait for each transaction: see aksprov.state.rows.
_UNFINISHED: Final = (
    select(runs.c.run, runs.c.objects)
    .where(runs.c.input_hash == bindparam("of_request"), runs.c.result.is_(None))
    .order_by(runs.c.id.desc())
)


class Runs:
    """The runs of one transaction.

    Args:
        connection: of the transaction.
        clock: current time in UTC.
    """

    def __init__(self, connection: Connection, clock: Callable[[], datetime]) -> None:
        self._connection = connection
        self._clock = clock

    def begin(self, verb: str, objects: Sequence[str], input_hash: str, plan_hash: str) -> str:
        """Go on with the latest run of the same request that has not ended, or record that a new one begins.

        Args:
            verb: e.g. "new-cluster".
            objects: what it makes or changes, e.g. "cluster/demo"; the first one is looked for.
            input_hash: of the request, so that the same command finds its unfinished run.
            plan_hash: of the plan that it carries out.

        Returns:
            The run's id.
        """
        unfinished = self._unfinished(objects[0], input_hash)
        if unfinished is not None:
            return unfinished
        run = {
            "run": uuid.uuid4().hex,
            "verb": verb,
            "objects": msgspec.json.encode(list(objects)).decode(),
            "input_hash": input_hash,
            "plan_hash": plan_hash,
            "started": _text(self._clock()),
        }
        rows.add(self._connection, runs, [run])
        return run["run"]

    def finish(self, run: str, result: str) -> None:
        """Record that a run has ended: "done", "failed" ..."""
        ended = {"finished": _text(self._clock()), "result": result}
        self._connection.execute(update(runs).where(runs.c.run == run).values(ended))

    def done(self, input_hashes: Iterable[str]) -> set[str]:
        """Those of these requests whose newest run has ended well."""
        found = rows.found(self._connection, runs, "input_hash", input_hashes)
        newest = {request: max(there, key=lambda row: row["id"]) for request, there in found.items()}
        return {request for request, run in newest.items() if run["result"] == DONE}

    def prune(self, keep_days: int) -> int:
        """Forget runs, and their steps, that began more than so many days ago; how many these were."""
        before = _text(self._clock() - timedelta(days=keep_days))
        old = select(runs.c.run).where(runs.c.started < before)
        count = self._connection.execute(select(func.count()).select_from(old.subquery())).scalar_one()
        self._connection.execute(delete(steps).where(steps.c.run.in_(old)))
        self._connection.execute(delete(runs).where(runs.c.started < before))
        return int(count)

    def _unfinished(self, object_: str, input_hash: str) -> str | None:
        found = self._connection.execute(_UNFINISHED, {"of_request": input_hash}).all()
        return next((str(row.run) for row in found if object_ in msgspec.json.decode(row.objects)), None)


class Journal:
    """Runs and their steps; a step is keyed (run, host, step, input hash).  Entries are only ever added.

    Args:
        database: where it is kept.
        clock: current time in UTC.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def steps_of(self, run: str, epochs: Epochs) -> StepWriter:
        """Writes the steps of a run that is going on.

        Args:
            epochs: under which it holds its hosts: of a host that it has lost it writes nothing more.
        """

        def store(entries: Sequence[Entry]) -> None:
            time = _text(self._clock())
            written = [msgspec.structs.asdict(entry) | {"run": run, "time": time} for entry in entries]

            def write(connection: Connection) -> None:
                HostLeases(connection, self._clock).check({entry.host: epochs[entry.host] for entry in entries})
                rows.add(connection, steps, written)

            self._database.write(write)

        return StepWriter(store)

    def completed(self, run: str) -> set[tuple[str, str, str]]:
        """(host, step, input hash) of the steps whose last entry says done."""
        columns = steps.c
        query = (
            select(columns.host, columns.step, columns.input_hash, columns.result)
            .where(columns.run == run)
            .order_by(columns.id)
        )
        found = self._database.read(lambda c: c.execute(query).all() if c else ())
        last = {(row.host, row.step, row.input_hash): row.result for row in found}
        return {key for key, result in last.items() if result == DONE}

    def runs(self, ids: Iterable[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Run's id -> verb and objects, of those that are recorded."""
        wanted = tuple(ids)
        found = self._database.read(lambda c: rows.found(c, runs, "run", wanted) if c else {})
        return {run: (row[0]["verb"], tuple(msgspec.json.decode(row[0]["objects"]))) for run, row in found.items()}


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
