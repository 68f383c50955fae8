"""The machine that we run on, by the same scripts through ``sh``."""

from __future__ import annotations

import asyncio
import secrets
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

from aksprov.errors import HostError
from aksprov.model.facts import Observed
from aksprov.model.host import Host
from aksprov.model.transport import Completed, Delivery, Receipt
from aksprov.transport.agent import Agent, agent_argv
from aksprov.transport.passwords import Password
from aksprov.transport.probe import exchange, opens
from aksprov.transport.shell import Shell

# How long the shell may take to end once its input has ended.
_CLOSE_SECONDS = 3


class LocalConnection:
    """Scripts through ``sh`` here; see :class:`aksprov.model.transport.Connection`."""

    def __init__(self, host: Host, sudo_password: Password | None = None) -> None:
        self.host = host
        self._sudo_password = sudo_password
        self._process: Process | None = None
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
        """Whether a TCP connection from this machine to ``address:port`` opens."""
        return await opens(lambda: asyncio.open_connection(address, port))

    async def unix_exchange(self, path: str, request: bytes) -> bytes | None:
        """Send to a UNIX socket, read to its end; None when not possible."""
        return await exchange(lambda: asyncio.open_unix_connection(path), request)

    async def close(self) -> None:
        """End the shell."""
        self._shell.end()
        if self._process is not None:
            try:  # communicate, as wait never ends while a pipe has unread output
                await asyncio.wait_for(self._process.communicate(), _CLOSE_SECONDS)
            except TimeoutError:
                self._process.kill()
                await self._process.communicate()

    async def _open_agent(self, first: str, arguments: Sequence[str]) -> Agent:
        nonce = secrets.token_hex(16)
        sudo = self.host.become == "sudo"
        password, self._sudo_password = self._sudo_password, None
        argv = agent_argv(nonce, first, arguments, sudo=sudo, password=password is not None)
        try:
            process = await asyncio.create_subprocess_exec(*argv, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        except OSError as e:
            raise HostError(
                "HostToolMissing",
                f"{argv[0]} cannot be started on this machine",
                where=self.host.name,
                why=e.strerror or str(e),
                fix="connection: local needs Linux with a POSIX shell",
            ) from None
        self._process = process
        stdout, stderr, stdin = process.stdout, process.stderr, process.stdin
        if stdout is None or stderr is None or stdin is None:
            raise ValueError("a process that was started with pipes has none")
        return Agent(self.host.name, nonce, stdout, stderr, stdin, sudo=sudo, password=password)
