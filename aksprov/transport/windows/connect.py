"""Opens connections to Windows hosts."""

from __future__ import annotations

from aksprov.errors import HostAuthError, HostError
from aksprov.model.host import Host
from aksprov.transport.credentials import Credentials
from aksprov.transport.diagnosis import not_tried
from aksprov.transport.windows.connection import WindowsConnection
from aksprov.transport.windows.endpoint import auth_of, place
from aksprov.transport.windows.wire import Wire


class WindowsConnect:
    """Opens connections to hosts that have ``connection: psrp`` or ``winrm``."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def __call__(self, host: Host) -> WindowsConnection:
        """Log in; raises as :class:`Credentials` and the wires do."""
        if host.jump_host:
            raise HostError(
                "NotAvailableYet",
                f"{host.name} cannot be reached through a jump host",
                where=place(host),
                why="WinRM goes to a host directly",
                fix="run aksprov where the host's WinRM port can be reached",
            )

        if auth_of(host) not in ("kerberos", "certificate") and not (host.user and host.password_ref):
            raise HostAuthError(
                "HostUserMissing",
                f"nobody is named who logs in to {host.name}",
                where=place(host),
                why=f"{auth_of(host)} needs a user and where their password is",
                fix=f"aksprov set-host --name {host.name} --user Administrator --password-ref prompt",
            )

        async def open_wire() -> Wire:
            return await self._open(host)

        return WindowsConnection(host, await open_wire(), open_wire)

    async def _open(self, host: Host) -> Wire:
        password = await self._credentials.to_log_in(host)
        text = await password.take() if password else None
        if password and password.refused_elsewhere:
            raise not_tried(host.name, password)
        accepted: bool | None = None
        try:
            wire = await _wire(host, text)
            accepted = True
            return wire
        except HostError as e:
            accepted = False if e.code == "HostPasswordRefused" else None
            raise
        finally:
            if password:
                password.settle(accepted)


async def _wire(host: Host, password: str | None) -> Wire:
    if host.connection == "winrm":
        from aksprov.transport.windows.winrs import open_winrs

        return await open_winrs(host, password)
    from aksprov.transport.windows.psrp import open_psrp

    return await open_psrp(host, password)
