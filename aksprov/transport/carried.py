"""One host by the connection of the program that called ours: the same scripts, a command of that program for each."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from aksprov.errors import HostError
from aksprov.model.facts import Observed
from aksprov.model.host import Host
from aksprov.model.transport import Carrier, Completed, Delivery, Receipt
from aksprov.transport.agent import Agent, agent_argv, command_line, request_of
from aksprov.transport.shell import Shell


class CarriedConnection:
    """Scripts through a carrier; see :class:`aksprov.model.transport.Connection`.

    Raises:
        HostError: HostNotCarried, the carrier reaches another host.
    """

    def __init__(self, host: Host, carrier: Carrier) -> None:
        if host.key != carrier.host:
            raise HostError(
                "HostNotCarried",
                f"{host.name} is not contacted",
                where=host.name,
                why=f"the program that asks for this reaches {carrier.host} alone",
                fix="ask for each host by its own name",
            )
        self.host = host
        self._carrier = carrier
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
        """Whether a TCP connection from the host to ``address:port`` opens; no where it has no bash to try it with."""
        return bool(await self._shell.tcp_open(address, port))

    async def unix_exchange(self, path: str, request: bytes) -> bytes | None:
        """Send to a UNIX socket on the host, read to its end; None when not possible."""
        return await self._shell.unix_exchange(path, request)

    async def close(self) -> None:
        """Nothing of ours is open."""

    async def _open_agent(self, first: str, arguments: Sequence[str]) -> _Commands:
        return _Commands(self.host.name, self._carrier, first, arguments)


class _Commands:
    """An agent for every script, as a carrier's command reads all of its input and ends."""

    def __init__(self, host: str, carrier: Carrier, first: str, arguments: Sequence[str]) -> None:
        self._host, self._carrier = host, carrier
        self._first = (first, arguments)

    async def first(self, seconds: float) -> Completed:
        return await self.run(*self._first, bytes, seconds)

    async def run(self, text: str, arguments: Sequence[str], stdin: Callable[[], bytes], seconds: float) -> Completed:
        nonce = secrets.token_hex(16)
        command = command_line(agent_argv(nonce, ":", (), sudo=False))
        said = await self._carrier(command, request_of(nonce, text, arguments, stdin()))
        agent = Agent(self._host, nonce, _Said(said.stdout), _Said(said.stderr), _Unheard(), sudo=False)
        await agent.first(seconds)
        return await agent.run(text, arguments, bytes, seconds)

    def end(self) -> None:
        """Each has ended."""


class _Said:
    """Output that is here whole."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self, n: int = -1) -> bytes:
        data, self._data = self._data, b""
        return data


class _Unheard:
    """Input that was given before."""

    def write(self, data: bytes) -> None:
        pass

    async def drain(self) -> None:
        pass

    def write_eof(self) -> None:
        pass

    def close(self) -> None:
        pass
