"""What went wrong between us and a Windows host, whichever library told of it."""

from __future__ import annotations

from typing import Final

import requests
import urllib3

from aksprov.errors import HostAuthError, HostError
from aksprov.model.host import Host
from aksprov.transport.windows.endpoint import auth_of, is_https, place, port_of
from aksprov.transport.windows.kerberos import BOUND_SECONDS, number_of, refused_ticket, seconds_ahead, skewed
from aksprov.transport.windows.tls import refused_certificate
from aksprov.transport.windows.wire import CutError

# Codes of WSMan faults (wsmerror.h of the Windows SDK; those of quotas also in [MS-WSMV] 2.2.5).
OPERATION_TIMED_OUT: Final = 2150858793
_SHELL_QUOTAS: Final = {2150859173, 2150859174}
_NO_SUCH_SESSION: Final = 2150858752
_ACCESS_DENIED: Final = 5

# What the network is to blame for; both libraries let these through.
NETWORK_FAILURES: Final = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


def network(host: Host, error: BaseException, *, begun: bool) -> HostError:
    """Our error for one of NETWORK_FAILURES.

    Args:
        begun: the host had answered before.
    """
    if (number := number_of(error)) is not None:  # pywinrm has its login's failures as failures of a request
        return refused_ticket(host, error, number)
    match error:
        case requests.exceptions.SSLError():
            return refused_certificate(host, _inmost(error))
        case requests.exceptions.ConnectTimeout():
            return _unreachable(host, "no answer: the host is off, or a firewall drops what we send")
        case requests.exceptions.ReadTimeout() | TimeoutError() if begun:
            return _cut(host, "it does not answer any more")
        case requests.exceptions.ReadTimeout() | TimeoutError():
            return silent(host)
    return _cut(host, _inmost(error)) if begun else _unreachable(host, _inmost(error))


def silent(host: Host, seconds: float = 0) -> HostError:
    """The host took longer than it may."""
    return HostError(
        "HostTimeout",
        f"{host.name} did not answer " + (f"within {seconds:.0f} s" if seconds else "in time"),
        where=place(host),
        why="the connection stands, but what runs on the host has not finished",
        fix="look at the host's load and disk; the command can be given again, it goes on from there",
    )


def _cut(host: Host, why: str) -> CutError:
    return CutError(
        "HostDisconnected",
        f"the connection to {host.name} ended before the answer was complete",
        where=place(host),
        why=why,
        fix="run the command again: it looks at the host first and goes on from there",
    )


def session(host: Host, why: str) -> HostError:
    """The library gave up: the session ended, or the login could not be made."""
    return HostError(
        "HostDisconnected",
        f"the session on {host.name} ended",
        where=place(host),
        why=why,
        fix="run the command again: it looks at the host first and goes on from there",
    )


def _unreachable(host: Host, why: str) -> HostError:
    return HostError(
        "HostUnreachable",
        f"no connection to {host.name}",
        where=place(host),
        why=why,
        fix="check that it is on, and on it: winrm enumerate winrm/config/listener; docs/windows-hosts.md sets it up",
    )


def refused_user(host: Host) -> HostAuthError:
    """The login failed, which a host does not say more of; a clock may be why."""
    auth = auth_of(host)
    domains = auth == "kerberos" or (auth != "basic" and any(sign in (host.user or "") for sign in "@\\"))
    ahead = seconds_ahead(host) if domains else 0
    if abs(ahead) > BOUND_SECONDS:
        return skewed(host, f"its clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} ours")
    return _refused(host, f"it refused the login by {auth}, which was tried once")


def _refused(host: Host, why: str) -> HostAuthError:
    return HostAuthError(
        "HostPasswordRefused",
        f"{host.name} does not let {host.user} in",
        where=place(host),
        why=why,
        fix=f"check what {host.password_ref or 'password_ref'} leads to, and that the host allows {auth_of(host)} "
        "(winrm get winrm/config/service/auth)",
    )


def login(host: Host, error: BaseException) -> HostError:
    """Our error for one of LOGIN_FAILURES."""
    number = number_of(error)
    if number is None and auth_of(host) == "ntlm":
        return session(host, str(error))
    if number is None and auth_of(host) == "credssp":
        return _refused(host, " ".join(str(error).split())[-300:])
    return refused_ticket(host, error, number)


def fault(host: Host, code: int | None, said: str) -> HostError:
    """A fault of WS-Management.

    Args:
        code: of the fault, None where it has none.
        said: its text.
    """
    if code == OPERATION_TIMED_OUT:
        return silent(host)
    if code in _SHELL_QUOTAS:
        return HostError(
            "HostQuotaReached",
            f"{host.name} opens no further shell for {host.user}",
            where=place(host),
            why=said,
            fix="wait a few minutes for old shells to end, end them (Restart-Service WinRM), or raise "
            "MaxShellsPerUser below WSMan:\\localhost\\Shell",
        )
    if code == _ACCESS_DENIED:
        return HostAuthError(
            "HostUserRefused",
            f"{host.user} may not use WinRM on {host.name}",
            where=place(host),
            why=said,
            fix="connect as a member of its Administrators, or of Remote Management Users; where PowerShell remoting "
            "was disabled: Enable-PSRemoting",
        )
    if code == _NO_SUCH_SESSION:
        return HostError(
            "HostRemotingClosed",
            f"PowerShell remoting is closed on {host.name}",
            where=place(host),
            why=said,
            fix=f"Enable-PSRemoting on the host, or aksprov set-host --name {host.name} --connection winrm",
        )
    return session(host, said)


def http(host: Host, status: int) -> HostError:
    """An answer that is no WS-Management at all."""
    if status == 413:
        return HostError(
            "HostEnvelopeTooSmall",
            f"{host.name} takes smaller messages than we send",
            where=place(host),
            why="its MaxEnvelopeSizekb is below WinRM's default of 500",
            fix='on the host: winrm set winrm/config @{MaxEnvelopeSizekb="500"}',
        )
    if status in (400, 500) and not is_https(host):
        return HostError(
            "HostEncryptionRefused",
            f"{host.name} does not read sealed messages",
            where=place(host),
            why=f"it answered HTTP {status}",
            fix=f"use HTTPS (port 5986), or another --auth than {auth_of(host)}",
        )
    return HostError(
        "HostNotWinRm",
        f"what answers at port {port_of(host)} of {host.name} is no WinRM",
        where=place(host),
        why=f"it answered HTTP {status}",
        fix="check address and port; WinRM listens on 5986 (HTTPS) and 5985",
    )


def _inmost(error: BaseException) -> str:
    """What lies below the wrappings of requests and urllib3."""
    while True:
        told = next((a for a in error.args if isinstance(a, BaseException)), getattr(error, "reason", None))
        inner = error.__cause__ or error.__context__ or told
        if not isinstance(inner, BaseException):
            return str(error) or type(error).__name__
        error = inner
