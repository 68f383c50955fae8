"""Where a run stands, on a terminal: a line for each wave that changes in place.

Of an event this uses ``kind``, ``host``, ``step`` and ``text``; of ``host.started`` also
``data["wave"]`` (a number, 1 where it is missing), and of ``run.started`` ``data["waves"]``
(number -> how many hosts), which may be missing.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from aksprov.cli.terminal import harmless, paint
from aksprov.events import Event

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

PATIENCE = 2.0  # seconds; what is done sooner needs no display

_REMARKS = {"warning": "yellow", "note": "cyan", "state.created": "cyan"}
_ENDS = {"step.finished": "done", "step.failed": "failed", "host.finished": "done", "host.failed": "failed"}


def line_of(event: Event, *, verbose: bool) -> str:
    """One event in one line for people, "" for one that they need not see."""
    text = harmless(event.text)
    if event.kind in _REMARKS:
        label = "warning" if event.kind == "warning" else "note"
        return f"{paint(label + ':', _REMARKS[event.kind], sys.stderr)} {text}"
    time = datetime.fromisoformat(event.time).astimezone().strftime("%H:%M:%S")
    if event.kind.startswith("run."):
        return f"{time} {text} {event.kind.removeprefix('run.')}"
    if event.kind in _ENDS:
        words = [time, event.host, event.step, _ENDS[event.kind]]
        return " ".join(word for word in words if word) + (f": {text}" if text else "")
    if verbose:
        return " ".join(word for word in (time, event.host, event.step, event.kind, text) if word)
    return ""


class Wave:
    """One wave as the display shows it."""

    def __init__(self, number: int, hosts: int = 0) -> None:
        self.number = number
        self.hosts = hosts
        self.started: set[str] = set()
        self.ended: dict[str, str] = {}
        self.steps: dict[str, str] = {}

    def text(self) -> str:
        """``Wave 1: 2 of 3 done, 1 failed; cp3 haproxy``."""
        done = sum(result == "done" for result in self.ended.values())
        failed = len(self.ended) - done
        total = max(self.hosts, len(self.started | self.ended.keys()))
        busy = [f"{host} {step}".strip() for host, step in self.steps.items()]
        text = f"Wave {self.number}: {done} of {total} done" + (f", {failed} failed" if failed else "")
        return text + (f"; {', '.join(busy)}" if busy else "")


class Waves:
    """Where every wave of a run stands, from its events; pure."""

    def __init__(self) -> None:
        self._waves: dict[int, Wave] = {}
        self._of: dict[str, int] = {}

    def take(self, event: Event) -> None:
        """Note one event."""
        if event.kind == "run.started":
            counts = event.data.get("waves") or {}
            self._waves = {int(number): Wave(int(number), int(hosts)) for number, hosts in counts.items()}
            self._of = {}
        if not event.host:
            return
        if event.kind == "host.started":
            self._of[event.host] = int(event.data.get("wave", 1))
        number = self._of.get(event.host, 1)
        wave = self._waves.setdefault(number, Wave(number))
        if event.kind == "host.started":
            wave.started.add(event.host)
            wave.steps[event.host] = ""
        elif event.kind == "step.started":
            wave.steps[event.host] = event.step
        elif event.kind in ("host.finished", "host.failed"):
            wave.ended[event.host] = _ENDS[event.kind]
            wave.steps.pop(event.host, None)

    def lines(self) -> list[str]:
        """A line for each wave that has begun or is known."""
        return [self._waves[number].text() for number in sorted(self._waves)]


class Display:
    """A line for each wave that changes in place, once the run has lasted two seconds."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._waves = Waves()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._live: Live | None = None
        self._held: list[str] | None = None  # lines that wait while somebody is asked

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
            if self._live is not None:
                self._live.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        with self._lock:
            self._waves.take(event)
            if event.kind in _REMARKS or event.kind.endswith(".failed") or self._verbose:
                self._say(line_of(event, verbose=self._verbose))
            if self._held is not None:
                return
            if self._live is not None:
                self._live.update(self._picture(), refresh=True)
            elif self._timer is None:
                self._timer = threading.Timer(PATIENCE, self._begin)
                self._timer.daemon = True
                self._timer.start()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal alone while somebody is asked there."""
        with self._lock:
            self._held = []
            if self._live is not None:
                self._live.stop()
        try:
            yield  # without the lock: hosts whose turn it is go on
        finally:
            with self._lock:
                held, self._held = self._held, None
                for line in held:
                    self._say(line)
                if self._live is not None:
                    self._live.start(refresh=True)

    def _say(self, line: str) -> None:
        if self._held is not None:
            self._held.append(line)
        elif self._live is not None and line:
            from rich.text import Text as RichText

            self._live.console.print(RichText.from_ansi(line))
        elif line:
            print(line, file=sys.stderr, flush=True)

    def _begin(self) -> None:
        from rich.console import Console
        from rich.live import Live

        with self._lock:
            if self._timer is None:
                return  # the run ended meanwhile
            if self._held is not None:
                self._timer = None  # the next event starts it again
                return
            console = Console(stderr=True, highlight=False, markup=False, emoji=False)
            self._live = Live(self._picture(), console=console, transient=True, auto_refresh=False)
            self._live.start(refresh=True)

    def _picture(self) -> Text:
        from rich.text import Text as RichText

        return RichText("\n".join(map(harmless, self._waves.lines())), no_wrap=True, overflow="ellipsis")
