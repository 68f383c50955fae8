"""The journal: every run and every step of it, so that a run killed anywhere goes on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import insert, select, update

from aksprov.state.database import Database
from aksprov.state.schema import runs, steps

STARTED: Final = "started"
DONE: Final = "done"


class Journal:
    """Runs and their steps; a step is keyed (run, host, step, input hash).

    Every entry is on the disk when its method returns.  It is only ever added to, so
    several entries may later share one commit without another reader seeing a difference.

    Args:
        database: where it is kept.
        clock: current time in UTC.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def start_run(self, verb: str, objects: Sequence[str], input_hash: str, plan_hash: str) -> str:
        """Record that a run begins.

        Args:
            verb: e.g. "new-cluster".
            objects: what it makes or changes, e.g. "cluster/demo".
            input_hash: of the request, so that the same command finds its unfinished run.
            plan_hash: of the plan that it carries out.

        Returns:
            The run's id.
        """
        run = uuid.uuid4().hex
        with self._database.writing() as connection:
            connection.execute(
                insert(runs),
                {
                    "run": run,
                    "verb": verb,
                    "objects": msgspec.json.encode(list(objects)).decode(),
                    "input_hash": input_hash,
                    "plan_hash": plan_hash,
                    "started": self._now(),
                },
            )
        return run

    def unfinished_run(self, object_: str, input_hash: str) -> str | None:
        """The latest run of the same request on an object that has not ended, None when there is none."""
        columns = runs.c
        query = (
            select(columns.run, columns.objects)
            .where(columns.input_hash == input_hash, columns.result.is_(None))
            .order_by(columns.id.desc())
        )
        with self._database.reading() as connection:
            for run, objects in connection.execute(query) if connection is not None else ():
                if object_ in msgspec.json.decode(objects):
                    return str(run)
        return None

    def step_started(self, run: str, host: str, step: str, input_hash: str) -> None:
        """Record that a step is about to be made."""
        self._add(run, host, step, input_hash, STARTED, "")

    def step_finished(self, run: str, host: str, step: str, input_hash: str, result: str, details: str = "") -> None:
        """Record how a step ended: "done", "failed" or "undone", and what to know of it, never a secret."""
        self._add(run, host, step, input_hash, result, details)

    def completed(self, run: str) -> set[tuple[str, str, str]]:
        """(host, step, input hash) of the steps whose last entry says done."""
        columns = steps.c
        query = (
            select(columns.host, columns.step, columns.input_hash, columns.result)
            .where(columns.run == run)
            .order_by(columns.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all() if connection is not None else ()
        last = {(row.host, row.step, row.input_hash): row.result for row in rows}
        return {key for key, result in last.items() if result == DONE}

    def finish_run(self, run: str, result: str) -> None:
        """Record that a run has ended: "done", "failed" ..."""
        with self._database.writing() as connection:
            connection.execute(update(runs).where(runs.c.run == run).values(finished=self._now(), result=result))

    def _add(self, run: str, host: str, step: str, input_hash: str, result: str, details: str) -> None:
        row = {
            "run": run,
            "host": host,
            "step": step,
            "input_hash": input_hash,
            "result": result,
            "details": details,
            "time": self._now(),
        }
        with self._database.writing() as connection:
            connection.execute(insert(steps), row)

    def _now(self) -> str:
        return self._clock().isoformat(timespec="milliseconds")
