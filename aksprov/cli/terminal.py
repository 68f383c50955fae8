"""The terminal: whether there is one, its width and colours, and questions to the person at it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from threading import Thread
from typing import TYPE_CHECKING, TextIO

from aksprov.cmdlets.declaration import Parameter
from aksprov.errors import UsageError

if TYPE_CHECKING:
    import asyncio

PIPED_WIDTH = 80

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def width(stream: TextIO) -> int:
    """Columns to fill on ``stream``: the terminal's, 80 where there is none."""
    return max(40, shutil.get_terminal_size((PIPED_WIDTH, 24)).columns) if stream.isatty() else PIPED_WIDTH


def coloured(stream: TextIO) -> bool:
    """Whether ``stream`` shows colours: a terminal, unless NO_COLOR is set (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, stream: TextIO) -> str:
    """``text`` in a style (bold, dim, red, green, yellow, cyan) where ``stream`` shows colours."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if text and coloured(stream) else text


def harmless(text: str) -> str:
    """``text`` with control characters escaped, line breaks and tabs kept.

    What hosts and files say is shown on a terminal, which must not obey it.
    """
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


class Person:
    """Asks on the terminal; satisfies :class:`aksprov.workflows.session.Asker`."""

    def __init__(self) -> None:
        self.interactive = sys.stdin.isatty() and sys.stderr.isatty()
        self.pause: Callable[[], AbstractContextManager[None]] = nullcontext  # keeps a display away from a question

    def confirm(self, question: str) -> bool:
        """Yes or no; anything but yes is no.

        Raises:
            UsageError: ConfirmationNeeded, where there is nobody to ask.
        """
        if not self.interactive:
            raise UsageError(
                "ConfirmationNeeded",
                "this needs a confirmation",
                where=question,
                why="there is no terminal to ask on",
                fix="give --yes (-Confirm:$false) to confirm beforehand",
            )
        return self._ask(f"{question} [y/N] ").strip().lower() in ("y", "yes")

    async def secret(self, question: str) -> str:
        """A text that is not shown, without its end of line; hosts that need none go on meanwhile.

        Raises:
            UsageError: InputEnded.
        """
        import asyncio  # --help does without

        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        with self.pause(), _unseen():
            # a thread that ends with the process: an interrupted question must not keep it
            Thread(target=_read_into, args=(answer, harmless(question)), daemon=True).start()
            line = await answer
        if line is None:
            raise _input_ended(question)
        return line

    def supply(self, parameters: Iterable[Parameter]) -> dict[str, list[str]]:
        """Ask for parameters that are missing, as PowerShell does; an empty answer is asked again."""
        answers = {}
        for parameter in parameters:
            text = ""
            while not text:
                text = self._ask(f"{parameter.name}: ").strip()
            answers[parameter.name] = [text]
        return answers

    def _ask(self, prompt: str) -> str:
        with self.pause():
            sys.stderr.write(harmless(prompt))
            sys.stderr.flush()
            line = sys.stdin.readline()
        if not line:
            raise _input_ended(prompt)
        return line


def _input_ended(prompt: str) -> UsageError:
    return UsageError(
        "InputEnded",
        "the question was not answered",
        where=prompt.strip(),
        why="the input ended",
        fix="answer it, or give the value beforehand",
    )


def _read_into(answer: asyncio.Future[str | None], question: str) -> None:
    """Read one line that is not shown, by the thread that this runs in; None at the end of the input."""
    try:
        if os.name == "nt":
            import getpass

            line: str | None = getpass.getpass(question)
        else:
            sys.stderr.write(question)
            sys.stderr.flush()
            data = os.read(sys.stdin.fileno(), 8192)  # the terminal gives one line
            line = data.decode("utf-8", "replace").removesuffix("\n") if data else None
    except (OSError, EOFError):
        line = None
    with suppress(RuntimeError):  # the loop has ended: nobody waits for it any more
        answer.get_loop().call_soon_threadsafe(lambda: None if answer.done() else answer.set_result(line))


@contextmanager
def _unseen() -> Iterator[None]:
    """The terminal does not show what is typed; Windows' getpass does that by itself."""
    if os.name == "nt":
        yield
        return
    import termios

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    hidden = [*before]
    hidden[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSAFLUSH, hidden)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
        sys.stderr.write("\n")
