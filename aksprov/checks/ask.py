"""Asking one host, and asking again until something has settled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aksprov.checks.compile import SCRIPT, WINDOWS_SCRIPT, Answers, Question, clean, compile_questions, parse_answers
from aksprov.errors import HostError
from aksprov.model.transport import Connection

T = TypeVar("T")
PAUSE_SECONDS = 0.5


async def ask(connection: Connection, *questions: Question) -> Answers:
    """The answers of one host to questions, in one run.

    Raises:
        HostError: what the connection raises, or ProbesFailed.
    """
    windows = connection.host.os == "windows"
    completed = await connection.run(WINDOWS_SCRIPT if windows else SCRIPT, compile_questions(questions))
    try:
        return parse_answers(completed.stdout)
    except ValueError as error:
        last = completed.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise HostError(
            "ProbesFailed",
            "the host did not answer the checks",
            where=f"host {connection.host.name}",
            why=f"{error}, exit status {completed.status}" + (f": {clean(last)}" if last else ""),
            fix="see that PowerShell's own commands work for that user on the host"
            if windows
            else "see that sh, coreutils, systemctl and ip work for that user on the host",
        ) from error


async def until(
    settled: Callable[[T], bool], read: Callable[[], Awaitable[T]], deadline: float, *, pause: float = PAUSE_SECONDS
) -> T:
    """What ``read`` says once it is ``settled``, or at last when the event loop's clock has passed ``deadline``."""
    value = await read()
    while not settled(value) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(pause)
        value = await read()
    return value
