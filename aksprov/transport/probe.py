"""Sockets as seen from a host: does one open, and what does it answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aksprov.transport.streams import Sink, Source

# A listener on the same network answers at once; three SYNs that are dropped take 7 s.
PROBE_SECONDS = 5
# HAProxy's "show stat" of a large configuration stays far below.
_ANSWER_LIMIT = 4 * 1024 * 1024
# Exit status of a probe's script when the host has no program for it.
NO_TOOL = 3


async def opens(connect: Callable[[], Awaitable[tuple[object, Sink]]]) -> bool:
    """Whether a connection opens in time; it is closed again."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            _, writer = await connect()
    except (TimeoutError, OSError):
        return False
    writer.close()
    return True


async def exchange(connect: Callable[[], Awaitable[tuple[Source, Sink]]], request: bytes) -> bytes | None:
    """What a stream answers to ``request`` until it ends; None when it does not open or does not end in time."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await connect()
            try:
                writer.write(request)
                await writer.drain()
                answer = b""
                while data := await reader.read(_ANSWER_LIMIT):
                    answer += data
                    if len(answer) > _ANSWER_LIMIT:
                        return None
            finally:
                writer.close()
    except (TimeoutError, OSError):
        return None
    return answer
