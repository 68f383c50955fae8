"""What parts of the program log, which have no stream of events: told as warnings."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from aksprov.events import EventStream


class _Teller(logging.Handler):
    def __init__(self, stream: EventStream) -> None:
        super().__init__(logging.WARNING)
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one line on."""
        self._stream.emit("warning", text=record.getMessage())


@contextmanager
def told(stream: EventStream) -> Iterator[None]:
    """Tell ``stream`` what the package logs while the block runs."""
    logger, teller = logging.getLogger("aksprov"), _Teller(stream)
    logger.addHandler(teller)
    try:
        yield
    finally:
        logger.removeHandler(teller)
