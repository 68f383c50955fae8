"""Standard output, which holds data only."""

from __future__ import annotations

import os
import sys

from aksprov.cli.failure import OutputError


def write(text: str) -> None:
    """Write everything, in UTF-8 where no terminal says otherwise; a reader that has gone away is no error.

    Raises:
        OutputError: OutputNotWritten.
    """
    try:
        if sys.stdout.isatty():
            sys.stdout.write(text)
        else:
            sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the exit does not fail again
    except OSError as error:
        raise OutputError(
            "OutputNotWritten",
            "the result cannot be written",
            where="standard output",
            why=error.strerror or str(error),
            fix="make room, or write to another place; what was done stays done",
        ) from None
