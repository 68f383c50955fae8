"""Picks the transport that a host of the inventory asks for."""

from __future__ import annotations

from pathlib import Path

from aksprov.errors import HostError
from aksprov.model.base import Value
from aksprov.model.host import Host
from aksprov.model.transport import Connect, Connection


class TransportOptions(Value, frozen=True, kw_only=True):
    """Where a connection finds what is not in the inventory.

    Args:
        known_hosts: files of host keys; None for the user's and the machine's.
        agent_path: socket of the ssh agent, "" for none; None for SSH_AUTH_SOCK.
    """

    known_hosts: tuple[Path, ...] | None = None
    agent_path: str | None = None


def connector(options: TransportOptions | None = None) -> Connect:
    """A :class:`Connect` for hosts of every kind; keys and known_hosts are read once, when first needed."""
    return _Connector(options or TransportOptions())


class _Connector:
    def __init__(self, options: TransportOptions) -> None:
        self._options = options
        self._ssh: Connect | None = None

    async def __call__(self, host: Host) -> Connection:
        """Open a connection to one host.

        Raises:
            HostError: NotAvailableYet for what is not built, else as the transport does.
        """
        if missing := _not_built(host):
            raise HostError(
                "NotAvailableYet",
                f"{host.name} cannot be contacted yet: {missing} is not built",
                where=host.name,
                why="the entry is recorded as it is",
                fix="use connection: ssh or local, with a key and sudo without a password",
            )
        if host.connection == "local":
            from aksprov.transport.local import LocalConnection

            return LocalConnection(host)
        if self._ssh is None:
            self._ssh = self._make_ssh()
        return await self._ssh(host)

    def _make_ssh(self) -> Connect:
        # asyncssh takes a quarter of a second to import: only a run that needs it pays
        from aksprov.transport.hostkeys import DEFAULT_FILES, KnownHosts
        from aksprov.transport.identity import Identities
        from aksprov.transport.login import Login
        from aksprov.transport.ssh import SshConnect

        known_hosts = DEFAULT_FILES if self._options.known_hosts is None else self._options.known_hosts
        return SshConnect(Login(KnownHosts(known_hosts), Identities(self._options.agent_path)))


def _not_built(host: Host) -> str:
    wanted: tuple[tuple[bool, str], ...] = (
        (host.os == "windows" or host.connection in ("psrp", "winrm"), f"connection {host.connection} to {host.os}"),
        (host.jump_host is not None, "jump_host"),
        (host.password_ref is not None, "password_ref"),
        (host.become_password_ref is not None, "become_password_ref"),
    )
    return next((name for is_wanted, name in wanted if is_wanted), "")
