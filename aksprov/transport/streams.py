"""Any pair of pipes: an SSH channel's or a local process's."""

from __future__ import annotations

from typing import Protocol


class Source(Protocol):
    """Where bytes come from, e.g. an asyncio.StreamReader."""

    async def read(self, n: int = -1) -> bytes:
        """At least one byte and at most ``n``; empty at the end.  Raises OSError where the line is broken."""
        ...


class Sink(Protocol):
    """Where bytes go, e.g. an asyncio.StreamWriter.  Raises OSError where the line is broken."""

    def write(self, data: bytes) -> None:
        """Queue bytes."""
        ...

    async def drain(self) -> None:
        """Wait until there is room for more."""
        ...

    def close(self) -> None:
        """Send what is queued, then end."""
        ...

    def write_eof(self) -> None:
        """Say that no more will come."""
        ...
