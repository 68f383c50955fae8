"""A host that the caller of ``aksprov invoke`` reaches by a connection of its own.

The caller gets a line for each command, and answers with what it said:

    {"kind": "run", "host": "lb1", "command": TEXT, "stdin": BASE64}
    {"answer": {"status": 0, "stdout": BASE64, "stderr": BASE64}}, or {"answer": {"problem": TEXT}} where it could not

The command is one line for a POSIX shell, to be run by root.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

import msgspec

from aksprov.errors import HostError
from aksprov.model.base import Value
from aksprov.model.transport import Completed


class Ask(Protocol):
    """Says a line to the caller, and gives its answer; None where nobody answers."""

    def __call__(self, kind: str, **content: Any) -> Awaitable[Any]:
        """Say and wait."""
        ...


class _Answer(Value, frozen=True, kw_only=True):
    status: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    problem: str = ""


class CallersHost:
    """Satisfies :class:`aksprov.model.transport.Carrier`.

    Args:
        host: key of the host.
    """

    def __init__(self, host: str, ask: Ask) -> None:
        self.host = host
        self._ask = ask

    async def __call__(self, command: str, stdin: bytes) -> Completed:
        """Have the command run.

        Raises:
            HostError: HostUnreachable.
        """
        try:
            said = msgspec.convert(await self._ask("run", host=self.host, command=command, stdin=stdin), _Answer)
        except msgspec.ValidationError as error:
            raise self._unreachable(f"its answer cannot be read: {error}") from None
        if said.problem:
            raise self._unreachable(said.problem)
        return Completed(status=said.status, stdout=said.stdout, stderr=said.stderr)

    def _unreachable(self, why: str) -> HostError:
        return HostError(
            "HostUnreachable",
            f"the program that called aksprov could not run a command on {self.host}",
            where=self.host,
            why=why,
            fix="make its own connection to the host work, as root or by sudo without a terminal, then run it again",
        )
