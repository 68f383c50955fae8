"""What happens during a run, as people and programs follow it.

Readers of one stream of events: a display on a terminal, lines elsewhere, JSON lines in a file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import IO

import msgspec

from aksprov.cli.common_parameters import Stream
from aksprov.cli.display import Display, line_of
from aksprov.cli.logs import told
from aksprov.errors import UsageError
from aksprov.events import Event, EventStream, Reader

Pause = Callable[[], AbstractContextManager[None]]


@contextmanager
def followed(
    stream: EventStream, *, events: str | None, verbose: bool, silent: frozenset[Stream] = frozenset()
) -> Iterator[Pause]:
    """Follow ``stream`` while the block runs.

    Args:
        events: file that gets the events as JSON lines, "-" for standard output, None for none.
        silent: what is not shown to people.

    Yields:
        what keeps the display off the terminal while somebody is asked there.

    Raises:
        UsageError: EventsNotWritten.
    """
    with ExitStack() as stack:
        stack.enter_context(told(stream))
        if events is not None:
            stream.subscribe(stack.enter_context(_json_lines(events)))
        if sys.stderr.isatty():
            display = stack.enter_context(Display(verbose=verbose))
            stream.subscribe(_without(silent, display))
            yield display.paused
        else:
            stream.subscribe(_without(silent, Lines(verbose=verbose)))
            yield nullcontext


def _without(silent: frozenset[Stream], reader: Reader) -> Reader:
    """``reader`` for the events that are to be shown."""

    def read(event: Event) -> None:
        if _stream_of(event) not in silent:
            reader(event)

    return read


def _stream_of(event: Event) -> Stream:
    if event.kind in ("note", "state.created"):
        return "information"
    if event.kind == "warning":
        return "warning"
    return "error" if event.kind.endswith(".failed") else "progress"


class Lines:
    """A line for each thing that ends, where there is no terminal: ``12:03:04 cp1 files done``."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose

    def __call__(self, event: Event) -> None:
        """Print one event."""
        line = line_of(event, verbose=self._verbose)
        if line:
            print(line, file=sys.stderr, flush=True)


@contextmanager
def _json_lines(path: str) -> Iterator[JsonLines]:
    if path == "-":
        yield JsonLines(sys.stdout.buffer)
        return
    try:
        file = Path(path).open("ab")  # noqa: SIM115  # closed below, after the block that writes to it
    except (OSError, ValueError) as error:
        raise UsageError(
            "EventsNotWritten",
            "the events cannot be written",
            where=path,
            why=getattr(error, "strerror", None) or str(error),
            fix="give --events a file in a folder that can be written, or -",
        ) from None
    with file:
        yield JsonLines(file)


class JsonLines:
    """Every event as one line of JSON; a full disk ends the lines, never the run."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file: IO[bytes] | None = file

    def __call__(self, event: Event) -> None:
        """Write one event."""
        if self._file is None:
            return
        try:
            self._file.write(msgspec.json.encode(event) + b"\n")
            self._file.flush()
        except OSError as error:
            self._file = None
            print(f"warning: no more events are written: {error.strerror or error}", file=sys.stderr)
