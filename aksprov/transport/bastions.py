"""Jump hosts: one connection to each for a run, shared by all hosts behind it.

sshd counts connections that have not logged in yet (MaxStartups, 10) and sessions of a connection
(MaxSessions); forwarded TCP is neither (sshd_config(5)), so fifty hosts behind one bastion are one login there.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import asyncssh

from aksprov.errors import HostAuthError, HostError
from aksprov.model.host import Host

# How long the other end may take to say goodbye.
_CLOSE_SECONDS = 3

LogIn = Callable[[Host], Awaitable[asyncssh.SSHClientConnection]]


@dataclass
class _Bastion:
    """One jump host: the connection once it stands, or why it does not; how many hosts use it."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    connection: asyncssh.SSHClientConnection | None = None
    error: HostError | None = None
    users: int = 0


class Bastions:
    """The jump hosts of a run.

    Args:
        inventory: recorded hosts by key; a jump host may be one of them.
        log_in: logs in to one.
    """

    def __init__(self, inventory: Mapping[str, Host], log_in: LogIn) -> None:
        self._inventory = inventory
        self._log_in = log_in
        self._bastions: defaultdict[str, _Bastion] = defaultdict(_Bastion)

    async def enter(self, host: Host) -> asyncssh.SSHClientConnection:
        """The connection to the jump host of ``host``; :meth:`leave` gives it back.

        Raises:
            HostError: JumpHostFailed, JumpHostLoop; a HostAuthError where the jump host refuses us.
        """
        bastion = self._bastions[self._key(host)]
        async with bastion.turn:
            if bastion.connection is None or bastion.connection.is_closed():
                try:
                    bastion.connection = await self._connect(host, bastion)
                except HostError as e:
                    bastion.error = e  # and never tried again: an account could be locked
                    raise _failed(host, e) from None
            bastion.users += 1
            return bastion.connection

    async def leave(self, host: Host) -> None:
        """A host behind is done; the last one closes the connection."""
        bastion = self._bastions[self._key(host)]
        bastion.users -= 1
        connection = bastion.connection
        if bastion.users > 0 or connection is None:
            return
        bastion.connection = None
        await close(connection)
        entry = self.entry(host)
        if entry.jump_host is not None:
            await self.leave(entry)

    def entry(self, host: Host) -> Host:
        """The jump host as an entry of the inventory, or as ``[user@]host[:port]`` says, with the usual keys."""
        text = host.jump_host or ""
        if found := self._inventory.get(text.lower()):
            return found
        user, at, rest = text.rpartition("@")
        address, port = rest, ""
        if rest.startswith("["):
            address, _, port = rest[1:].partition("]")
            port = port.removeprefix(":")
        elif rest.count(":") == 1:
            address, _, port = rest.partition(":")
        return Host(name=text, address=address, os="linux", port=int(port) if port else None, user=user if at else None)

    async def _connect(self, host: Host, bastion: _Bastion) -> asyncssh.SSHClientConnection:
        if bastion.error is not None:
            raise bastion.error
        self._refuse_loop(host)
        return await self._log_in(self.entry(host))

    def _refuse_loop(self, host: Host) -> None:
        seen, here = [host.name], host
        while here.jump_host is not None:
            here = self.entry(here)
            if here.name in seen:
                raise HostError(
                    "JumpHostLoop",
                    f"the jump hosts of {host.name} lead back to {here.name}",
                    where=f"{host.name}, jump_host",
                    why=" -> ".join([*seen, here.name]),
                    fix="correct jump_host of one of them with set-host",
                )
            seen.append(here.name)

    @staticmethod
    def _key(host: Host) -> str:
        return (host.jump_host or "").lower()


async def close(connection: asyncssh.SSHClientConnection) -> None:
    """End a connection; never raises."""
    connection.close()
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await connection.wait_closed()
    except (TimeoutError, OSError, asyncssh.Error):
        connection.abort()


def not_forwarded(host: Host, error: asyncssh.ChannelOpenError) -> HostError:
    """The error of a host that its jump host does not connect us to."""
    forbidden = error.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED
    return HostError(
        "JumpHostRefused" if forbidden else "HostUnreachable",
        f"the jump host of {host.name} does not forward connections" if forbidden else f"{host.name} cannot be reached",
        where=f"{host.name}, jump_host {host.jump_host}",
        why=f"the jump host says: {error.reason}",
        fix="AllowTcpForwarding yes (or local) in sshd_config of the jump host, for this user; PermitOpen, if there is"
        if forbidden
        else f"check that the host is on, and that the jump host reaches it: ssh {host.jump_host}",
    )


def _failed(host: Host, error: HostError) -> HostError:
    """The row of a host behind a jump host that we did not get into: an authentication failure stays one."""
    kind = HostAuthError if isinstance(error, HostAuthError) else HostError
    return kind(
        error.code if error.code == "JumpHostLoop" else "JumpHostFailed",
        f"{host.name} cannot be reached: no connection to its jump host {host.jump_host}",
        where=f"{host.name}, jump_host {error.where}",
        why=f"{error.code}: {error.what}" + (f"; {error.why}" if error.why else ""),
        fix=error.fix,
    )
