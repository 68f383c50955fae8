"""The one stream of what happens during a run.

Workflows and the rollout emit; the progress bar, ``--events`` and the journal's
readers subscribe.  Nothing flows back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened.

    Args:
        time: UTC, RFC 3339.
        run: id of the run, "" outside one.
        seq: 1, 2, 3 ... within this process.
        kind: run.started, run.finished, host.started, host.finished, host.failed,
            step.started, step.finished, step.failed, warning, note.
        host: name of the host, or "".
        step: id of the step, or "".
        text: one line for people.
        data: further fields, JSON values only; never a secret.
    """

    time: str
    run: str
    seq: int
    kind: str
    host: str = ""
    step: str = ""
    text: str = ""
    data: dict[str, Any] = {}


Reader = Callable[[Event], None]


class EventStream:
    """Numbers events and hands each to every reader, in order.

    Args:
        clock: returns the current time in UTC; passed in, so that nothing here reads one.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._readers: list[Reader] = []
        self._numbers = count(1)  # also for what is told from another thread
        self.run = ""

    def subscribe(self, reader: Reader) -> None:
        """Hand every later event to ``reader`` too."""
        self._readers.append(reader)

    def emit(
        self, kind: str, *, host: str = "", step: str = "", text: str = "", data: dict[str, Any] | None = None
    ) -> None:
        """Tell all readers about one event."""
        event = Event(
            time=self._clock().isoformat(timespec="milliseconds"),
            run=self.run,
            seq=next(self._numbers),
            kind=kind,
            host=host,
            step=step,
            text=text,
            data=data or {},
        )
        for reader in self._readers:
            reader(event)
