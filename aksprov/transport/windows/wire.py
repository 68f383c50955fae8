"""The wire to a Windows host: one script at a time goes over it, and what the script gave comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from aksprov.errors import HostError
from aksprov.model.base import Value


class Ran(Value, frozen=True, kw_only=True):
    """What a script gave.

    Args:
        output: its output objects as text, one line each.
        faults: its error stream, or why it ended; a script without any was carried out.
    """

    output: tuple[str, ...]
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class CutError(HostError):
    """HostDisconnected: the network ended the connection, and what runs on the host runs on."""


class Wire(Protocol):
    """An open way to a host.  Every method raises HostError or HostAuthError on failure, CutError among them."""

    async def run(
        self,
        script: str,
        parameters: Mapping[str, str],
        *,
        pieces: Iterable[str] = (),
        secrets: Mapping[str, str] | None = None,
        seconds: float,
        answers: bool = False,
    ) -> Ran:
        """Run a script with named parameters and ``pieces`` as its pipeline input.

        Args:
            secrets: parameters that arrive as SecureString.
            seconds: how long its end is waited for.
            answers: the last thing that it does is to give its only output, an object of JSON: who has that need not
                wait for the news that the script ended, which may cost a round trip.
        """
        ...

    async def close(self) -> None:
        """End the way.  Never raises."""
        ...

    async def abandon(self) -> None:
        """Let go of our end; what runs on the host runs on.  Never raises."""
        ...
