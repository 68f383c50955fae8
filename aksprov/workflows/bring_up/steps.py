"""Makes the steps of a bring-up: each is told, and is in the journal before and after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from aksprov.errors import HostError
from aksprov.events import EventStream
from aksprov.model.plan import StepName
from aksprov.model.transport import Connection
from aksprov.rollout.runner import Fleet
from aksprov.state import Entry, StepWriter
from aksprov.workflows.bring_up.long_step import Holder

Action = Callable[[Connection, Holder], Awaitable[None]]


@dataclass(frozen=True)
class Steps:
    """The surroundings of a run's steps.

    Args:
        digest: the plan's hash.
        epochs: of the hosts that the run holds.
    """

    fleet: Fleet
    events: EventStream
    journal: StepWriter
    digest: str
    run: str
    state_id: str
    epochs: Mapping[str, int]

    async def each(self, keys: Iterable[str], step: StepName, action: Action) -> list[str]:
        """Make a step on hosts at once; those on which it was made. Failures are left in the fleet."""

        async def told(connection: Connection) -> None:
            key = connection.host.key
            await self.journal.started(key, [step], self.digest)
            self.events.emit("step.started", host=key, step=step)
            try:
                await action(connection, Holder(run=self.run, state_id=self.state_id, epoch=self.epochs[key]))
            except HostError as error:
                await self.journal.write([self._entry(key, step, "failed", error.code)])
                raise
            await self.journal.write([self._entry(key, step, "done")])
            self.events.emit("step.finished", host=key, step=step)

        return list(await self.fleet.each(keys, told))

    async def one(self, key: str, step: StepName, action: Action) -> bool:
        """Make a step on one host; whether it was made."""
        return bool(await self.each([key], step, action))

    def _entry(self, key: str, step: str, result: str, details: str = "") -> Entry:
        return Entry(host=key, step=step, input_hash=self.digest, result=result, details=details)
