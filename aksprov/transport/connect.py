"""Picks the transport that a host of the inventory asks for."""

from __future__ import annotations

import gc
import random
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from aksprov.importing import importing
from aksprov.model.base import Value
from aksprov.model.host import Host
from aksprov.model.transport import Carrier, Connect, Connection
from aksprov.transport.credentials import Credentials
from aksprov.transport.secret_sources import SecretSources

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection

    from aksprov.transport.login import Login
    from aksprov.transport.scan import OfferedKey


# So many new objects are those of some twenty connections.
_LOOK_AFTER = 10_000


class TransportOptions(Value, frozen=True, kw_only=True):
    """Where a connection finds what is not in the inventory.

    Args:
        known_hosts: files of host keys; None for the user's and the machine's.
        agent_path: socket of the ssh agent, "" for none; None for SSH_AUTH_SOCK.
        inventory: recorded hosts by key; a jump_host may name one of them.
        ask: asks a person for a secret; None where there is nobody.
        jitter: a random number from 0 to 1.
        carrier: reaches one host in our place, and no other host is reached; None where we connect ourselves.
    """

    known_hosts: tuple[Path, ...] | None = None
    agent_path: str | None = None
    inventory: Mapping[str, Host] = {}
    ask: Callable[[str], Awaitable[str]] | None = None
    jitter: Callable[[], float] = random.random
    carrier: Carrier | None = None


def connector(options: TransportOptions | None = None) -> Connect:
    """A :class:`Connect` for hosts of every kind; keys and known_hosts are read once, when first needed."""
    return _Connector(options or TransportOptions())


def scanner(options: TransportOptions | None = None) -> Callable[[Host], Awaitable[tuple[OfferedKey, ...]]]:
    """What asks a host for its SSH keys (:func:`aksprov.transport.scan.host_keys`), by its jump host."""
    return _Connector(options or TransportOptions()).host_keys


class _Connector:
    def __init__(self, options: TransportOptions) -> None:
        self._options = options
        self._secrets = SecretSources(options.ask)
        self._credentials = Credentials(self._secrets)
        self._ssh: Connect | None = None

    async def __call__(self, host: Host) -> Connection:
        """Open a connection to one host.

        Raises:
            HostError: as the transport does.
        """
        if self._options.carrier is not None:
            from aksprov.transport.carried import CarriedConnection

            return CarriedConnection(host, self._options.carrier)
        if host.connection == "local":
            from aksprov.transport.local import LocalConnection

            return LocalConnection(host, await self._credentials.to_become_root(host))
        if host.connection in ("psrp", "winrm"):
            from aksprov.transport.windows.connect import WindowsConnect

            return await WindowsConnect(self._credentials)(host)
        if self._ssh is None:
            self._ssh = self._make_ssh()
        return await self._ssh(host)

    async def host_keys(self, host: Host) -> tuple[OfferedKey, ...]:
        """The keys that a host offers."""
        from aksprov.transport.scan import host_keys  # asyncssh: see below

        if host.jump_host is None:
            return await host_keys(host)
        bastions = self._login.bastions
        tunnel = await bastions.enter(host)
        try:
            return await host_keys(host, tunnel)
        finally:
            await bastions.leave(host)

    def _make_ssh(self) -> Connect:
        with importing():
            from aksprov.transport.ssh import SshConnect

            login = self._login
        # Each connection leaves a hundred objects in cycles: rare looks, and each at everything, find them sooner and
        # in less time than frequent ones at what is new.
        gc.set_threshold(_LOOK_AFTER, 0, 0)
        return SshConnect(login, self._credentials)

    @cached_property
    def _login(self) -> Login:
        # asyncssh takes a quarter of a second to import: only a run that needs it pays
        from aksprov.transport.bastions import Bastions
        from aksprov.transport.hostkeys import DEFAULT_FILES, KnownHosts
        from aksprov.transport.identity import Identities
        from aksprov.transport.login import Login

        options = self._options
        known_hosts = KnownHosts(DEFAULT_FILES if options.known_hosts is None else options.known_hosts)
        identities = Identities(self._secrets, options.agent_path)

        async def log_in(bastion: Host) -> SSHClientConnection:
            return await login(bastion, await self._credentials.to_log_in(bastion))

        login = Login(known_hosts, identities, Bastions(options.inventory, log_in), options.jitter)
        return login
