"""Group commit: the steps of many hosts share a commit, and so the disk's one sync.

While a commit is under way, what other hosts have to say waits and goes into the next one, all
together.  Whoever writes an entry waits until it is on the disk, as with a commit of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Final, Self

from aksprov.model.base import Value

STARTED: Final = "started"


class Entry(Value, frozen=True, kw_only=True):
    """What a run says of one step: "started", or how it ended, and what to know of it, never a secret."""

    host: str
    step: str
    input_hash: str
    result: str
    details: str = ""


class StepWriter:
    """Writes entries of one run, from one event loop; used as an asynchronous context.

    Args:
        store: puts entries on the disk, all or none; it is called in a thread, one call at a time.
    """

    def __init__(self, store: Callable[[Sequence[Entry]], None]) -> None:
        self._store = store
        self._waiting: list[tuple[Sequence[Entry], asyncio.Future[None]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._committing is not None:
            await self._committing

    async def started(self, host: str, steps: Iterable[str], input_hash: str) -> None:
        """Record that steps of a host are about to be made.

        Raises:
            StateError, BusyError: what :meth:`write` raises.
        """
        await self.write([Entry(host=host, step=step, input_hash=input_hash, result=STARTED) for step in steps])

    async def write(self, entries: Sequence[Entry]) -> None:
        """Put entries on the disk; returns when they are there.

        Raises:
            RunFencedError: RunFenced, the run does not hold its hosts any more.
            StateError, BusyError: the state cannot be written.
        """
        if not entries:
            return
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entries, written))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        await written

    async def _commit_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._store, [entry for entries, _ in batch for entry in entries])
            except Exception as error:  # noqa: BLE001  # handed to everyone who waits, also those who came meanwhile
                batch, self._waiting = batch + self._waiting, []
                _settle(batch, error)
            else:
                _settle(batch, None)
        self._committing = None


def _settle(batch: Iterable[tuple[Sequence[Entry], asyncio.Future[None]]], error: Exception | None) -> None:
    for _, written in batch:
        if written.done():
            continue  # whoever waited was cancelled
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)
