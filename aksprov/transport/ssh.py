"""SSH: one connection and one exec channel for a host and a run.

The channel's command line carries the agent and the first script, so an unchanged host costs one
exchange after the login.  Host keys are always verified; nothing is sent to a host whose key is
not the recorded one.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence

import asyncssh

from aksprov.errors import HostError
from aksprov.model.facts import Observed
from aksprov.model.host import Host
from aksprov.model.transport import Completed, Delivery, Receipt
from aksprov.transport.agent import Agent, agent_argv, command_line
from aksprov.transport.bastions import close
from aksprov.transport.credentials import Credentials
from aksprov.transport.login import Login
from aksprov.transport.passwords import Password
from aksprov.transport.probe import exchange, opens
from aksprov.transport.shell import Shell
from aksprov.transport.streams import Sink, Source


class SshConnect:
    """Opens connections to hosts that have ``connection: ssh``."""

    def __init__(self, login: Login, credentials: Credentials) -> None:
        self._login = login
        self._credentials = credentials

    async def __call__(self, host: Host) -> SshConnection:
        """Log in; raises as :class:`Credentials` and :class:`aksprov.transport.login.Login` do."""
        password = await self._credentials.to_log_in(host)
        sudo = await self._credentials.to_become_root(host)
        return SshConnection(host, await self._login(host, password), self._login.leave, sudo)


class SshConnection:
    """An authenticated connection to one host; see :class:`aksprov.model.transport.Connection`."""

    def __init__(
        self,
        host: Host,
        connection: asyncssh.SSHClientConnection,
        leave: Callable[[Host], Awaitable[None]],
        sudo_password: Password | None,
    ) -> None:
        self.host = host
        self._connection = connection
        self._leave = leave
        self._sudo_password = sudo_password
        self._shell = Shell(host, self._open_agent)

    async def run(self, script: str, stdin: bytes = b"") -> Completed:
        """Run a POSIX sh script as the privileged user."""
        return await self._shell.ask(script, stdin=(lambda: stdin) if stdin else None)

    async def observe(self, paths: Sequence[str], *, facts: bool = True) -> Observed:
        """Facts, manifest and the state of its files and of ``paths``: one exchange."""
        return await self._shell.observe(paths, facts=facts)

    async def get(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Contents of files; one that is missing is left out."""
        return await self._shell.get(paths)

    async def put_bundle(self, delivery: Delivery) -> Receipt:
        """Stage, check, swap, reload, verify, manifest; or put everything back."""
        return await self._shell.put_bundle(delivery)

    async def tcp_open(self, address: str, port: int) -> bool:
        """Whether a TCP connection from this host to ``address:port`` opens.

        Raises:
            HostError: HostForwardingRefused, where sshd forbids it and the host has no bash.
        """
        try:
            return await opens(lambda: self._connection.open_connection(address, port, encoding=None))
        except asyncssh.ChannelOpenError as e:
            if e.code == asyncssh.OPEN_CONNECT_FAILED:
                return False
        opened = await self._shell.tcp_open(address, port)
        if opened is None:
            raise HostError(
                "HostForwardingRefused",
                f"{self.host.name} cannot be asked to open TCP connections",
                where=self.host.name,
                why="its sshd forbids forwarding and it has no bash",
                fix="AllowTcpForwarding yes (or local) in sshd_config, for this user",
            )
        return opened

    async def unix_exchange(self, path: str, request: bytes) -> bytes | None:
        """Send to a UNIX socket on the host, read to its end; None when not possible."""
        try:
            answer = await exchange(lambda: self._unix(path), request)
        except asyncssh.ChannelOpenError:
            answer = None  # forbidden, or the socket is another user's: the privileged shell may still reach it
        if answer is not None:
            return answer
        return await self._shell.unix_exchange(path, request)

    async def _unix(self, path: str) -> tuple[Source, Sink]:
        reader, writer = await self._connection.open_unix_connection(path, encoding=None)
        return _Reader(reader), _Writer(writer)

    async def close(self) -> None:
        """End the agent and the connection."""
        self._shell.end()
        await close(self._connection)
        await self._leave(self.host)

    async def _open_agent(self, first: str, arguments: Sequence[str]) -> Agent:
        nonce = secrets.token_hex(16)
        sudo = self.host.become == "sudo"
        password, self._sudo_password = self._sudo_password, None
        command = command_line(agent_argv(nonce, first, arguments, sudo=sudo, password=password is not None))
        try:
            process = await self._connection.create_process(command, encoding=None)
        except (asyncssh.Error, OSError) as e:
            raise HostError(
                "HostDisconnected",
                f"{self.host.name} refused a session",
                where=self.host.name,
                why=str(e),
                fix="look at the host's sshd log (ForceCommand, MaxSessions and PermitTTY are its usual reasons)",
            ) from None
        stdout, stderr, stdin = _Reader(process.stdout), _Reader(process.stderr), _Writer(process.stdin)
        return Agent(self.host.name, nonce, stdout, stderr, stdin, sudo=sudo, password=password)


class _Reader:
    """A channel's output; a connection that breaks is an OSError, as it is for any other stream."""

    def __init__(self, reader: asyncssh.SSHReader[bytes]) -> None:
        self._reader = reader

    async def read(self, n: int = -1) -> bytes:
        try:
            return await self._reader.read(n)
        except asyncssh.Error as e:
            raise ConnectionError(str(e)) from None


class _Writer:
    """A channel's input, likewise."""

    def __init__(self, writer: asyncssh.SSHWriter[bytes]) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def drain(self) -> None:
        try:
            await self._writer.drain()
        except asyncssh.Error as e:
            raise ConnectionError(str(e)) from None

    def write_eof(self) -> None:
        self._writer.write_eof()

    def close(self) -> None:
        self._writer.close()
