"""Ctrl-C while hosts change: once, and what has begun is finished; twice stops at once, as safe as a kill."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterable
from types import FrameType, TracebackType
from typing import Self

from aksprov.errors import StoppedError


class FirstInterrupt:
    """Takes the first Ctrl-C of a block; the next one does what it did before.

    Args:
        tell: is called in the event loop, when it came.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        # only the main thread may have handlers; elsewhere there is no Ctrl-C to take
        self._here = threading.current_thread() is threading.main_thread()
        self.came = False

    def __enter__(self) -> Self:
        if self._here:
            self._before = signal.signal(signal.SIGINT, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._here and not self.came:
            signal.signal(signal.SIGINT, self._before)

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        signal.signal(signal.SIGINT, self._before)
        self._loop.call_soon_threadsafe(self._tell)


def stopped(done: Iterable[str], left: Iterable[str]) -> StoppedError:
    """The error of a run that stopped early.

    Args:
        done, left: hosts that were finished, and that were not begun.
    """
    return StoppedError(
        "Interrupted",
        "the run was stopped before all hosts were done",
        where=f"not begun: {', '.join(left)}",
        why=f"somebody pressed Ctrl-C; finished: {', '.join(done) or 'none'}",
        fix="give the same command again: it goes on where it stopped",
    )
