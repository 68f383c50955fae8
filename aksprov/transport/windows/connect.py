"""Opens connections to Windows hosts."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from aksprov.errors import HostAuthError, HostError
from aksprov.model.host import Host
from aksprov.transport.credentials import Credentials
from aksprov.transport.diagnosis import not_tried
from aksprov.transport.windows.connection import WindowsConnection
from aksprov.transport.windows.endpoint import address_of, auth_of, place, port_of
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
                fix="run aksprov where the host's WinRM port can be reached, or make a tunnel and give its end as "
                f"address: ssh -L 15986:{address_of(host)}:{port_of(host)} {host.jump_host}, then aksprov set-host "
                f"--name {host.name} --address 127.0.0.1 --port 15986 --jump-host '' --certificate-sha256 FINGERPRINT",
            )

        if auth_of(host) not in ("kerberos", "certificate") and not (host.user and host.password_ref):
            raise HostAuthError(
                "HostUserMissing",
                f"nobody is named who logs in to {host.name}",
                where=place(host),
                why=f"{auth_of(host)} needs a user and where their password is",
                fix=f"aksprov set-host --name {host.name} --user Administrator --password-ref prompt",
            )

        _check_extra(host)
        _check_files(host)

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


def _check_extra(host: Host) -> None:
    """Kerberos and CredSSP come with packages of their own."""
    needed = {"kerberos": "krb5", "credssp": "requests_credssp"}.get(auth_of(host))
    if needed and find_spec(needed) is None:
        raise HostAuthError(
            "HostAuthNotInstalled",
            f"the login to {host.name} needs packages that are not installed",
            where=place(host),
            why=f"{auth_of(host)} is an extra of aksprov",
            fix=f"pip install 'aksprov[{auth_of(host)}]', or choose another --auth",
        )


def _check_files(host: Host) -> None:
    """What is named must be there: the libraries would blame the host for it."""
    for key, name in (("ca_file", host.ca_file), ("key_file", host.key_file)):
        if name and not Path(name).expanduser().is_file():
            raise HostAuthError(
                "CertificateFileMissing",
                f"the {key} of {host.name} is not there",
                where=place(host),
                why=f"{name} is no file of this machine",
                fix=f"put it there, or correct it: aksprov set-host --name {host.name} --{key.replace('_', '-')} FILE",
            )


async def _wire(host: Host, password: str | None) -> Wire:
    if host.connection == "winrm":
        from aksprov.transport.windows.winrs import open_winrs

        return await open_winrs(host, password)
    from aksprov.transport.windows.psrp import open_psrp

    return await open_psrp(host, password)
