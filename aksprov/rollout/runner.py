"""The runner: the only caller of transports.

Holds one connection per host for the length of a run, does work on many hosts at once
within a bound, and turns one host's failure into that host's result.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Self, TypeVar

from aksprov.errors import HostError
from aksprov.events import EventStream
from aksprov.model.host import Host
from aksprov.model.transport import Connect, Connection
from aksprov.rollout.interrupt import FirstInterrupt, stopped
from aksprov.rollout.machine import Ended, advance, begin

T = TypeVar("T")
# Measured on 200 hosts: more connections at once stop helping here, and cost memory.
CONCURRENCY = 50


class Fleet:
    """Open connections to hosts, by host key.

    Args:
        hosts: every host that may be spoken to, by key.
        connect: opens a connection.
        events: gets host.started, host.finished and host.failed.
    """

    def __init__(self, hosts: Mapping[str, Host], connect: Connect, events: EventStream) -> None:
        self._hosts = hosts
        self._connect = connect
        self._events = events
        self._places = asyncio.Semaphore(CONCURRENCY)
        self.connections: dict[str, Connection] = {}
        self.failures: dict[str, HostError] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(c.close() for c in self.connections.values()))

    async def each(self, keys: Iterable[str], action: Callable[[Connection], Awaitable[T]]) -> dict[str, T]:
        """Do ``action`` on each host; the answers of those where it did not fail.

        A failure is kept in ``failures`` and told as host.failed; a host that failed
        before is not tried again.
        """
        wanted = [k for k in keys if k not in self.failures]
        answers = await asyncio.gather(*(self.one(k, action) for k in wanted))
        return {k: a[0] for k, a in zip(wanted, answers, strict=True) if a is not None}

    async def one(self, key: str, action: Callable[[Connection], Awaitable[T]]) -> tuple[T] | None:
        """Do ``action`` on one host; its answer in a tuple, None when the host failed."""
        async with self._places:
            try:
                connection = self.connections.get(key)
                if connection is None:
                    connection = self.connections[key] = await self._connect(self._hosts[key])
                return (await action(connection),)
            except HostError as error:
                self.fail(key, error)
                return None

    async def leave(self, key: str) -> None:
        """Close the connection to a host that is needed no more, or not for long: its next work opens another one."""
        await self.connections.pop(key).close()

    def fail(self, key: str, error: HostError) -> None:
        """Record that a host failed; it is left alone from now on."""
        self.failures[key] = error
        self._events.emit("host.failed", host=key, text=error.what, data={"code": error.code, "why": error.why})

    async def roll_out(
        self,
        wave: Mapping[str, int],
        needs: Mapping[str, str],
        work: Callable[[Connection], Awaitable[None]],
        blocked: Callable[[str, str], HostError],
    ) -> None:
        """Do ``work`` on every host of ``wave``, wave after wave.

        Args:
            needs: host -> the host whose late value it waits for.
            blocked: makes the error of a host that waited for another in vain.

        Raises:
            StoppedError: Interrupted; Ctrl-C was pressed, and the hosts that had begun then have ended.
        """
        rollout, starting = begin(wave, needs, frozenset(self.failures))
        with FirstInterrupt(self._say_stopping) as interrupt:
            while starting and not interrupt.came:
                # the machine starts a wave as a whole, so a wave is what is waited for
                ends = await asyncio.gather(*(self._carry_out(key, wave[key], work, interrupt) for key in starting))
                starting = ()
                for ended in filter(None, ends):
                    rollout, starting = advance(rollout, ended)
        if interrupt.came and (left := sorted(k for k in wave if rollout.standing[k] not in ("done", "failed"))):
            raise stopped([k for k in wave if rollout.standing[k] == "done"], left)
        for key, standing in rollout.standing.items():
            if standing == "blocked":
                self.fail(key, blocked(key, needs[key]))

    def _say_stopping(self) -> None:
        text = "stopping when the hosts that have begun are done; Ctrl-C again stops at once"
        self._events.emit("warning", text=text)

    async def _carry_out(
        self, key: str, wave: int, work: Callable[[Connection], Awaitable[None]], interrupt: FirstInterrupt
    ) -> Ended | None:
        """Do ``work`` on one host when there is room for it; None where the run was stopped before that."""

        async def unless_stopped(connection: Connection) -> bool:
            if not interrupt.came:
                self._events.emit("host.started", host=key, data={"wave": wave})
                await work(connection)
                return True
            return False

        answer = await self.one(key, unless_stopped)
        if answer is None:
            return Ended(host=key, result="failed")
        if answer == (False,):
            return None
        self._events.emit("host.finished", host=key)
        return Ended(host=key, result="done")
