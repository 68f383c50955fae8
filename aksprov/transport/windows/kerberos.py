"""Why a login with a domain's ticket failed: each library has its own exception, and all have the number of MIT's.

The extra's packages are C modules that not everybody installs, so nothing of them is imported here but by their name.

Sources: the error table krb5 of MIT Kerberos (lib/krb5/error_tables/krb5_err.et); RFC 4120 7.5.9.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from spnego.exceptions import SpnegoError

from aksprov.errors import HostAuthError
from aksprov.model.host import Host
from aksprov.transport.windows.endpoint import is_https, place, port_of

_BASE: Final = -1765328384  # of the table; a KDC's error n is _BASE + n
_NUMBER: Final = re.compile(r"-?\b\d{10}\b")
SKEW: Final = _BASE + 37
_PASSWORD: Final = {_BASE + 24, _BASE + 31}  # pre-authentication failed, integrity of what was decrypted
# Kerberos' bound, which Windows has, too.
BOUND_SECONDS: Final = 300
_LOOK_SECONDS: Final = 10

# number -> what to do
_CURES: Final = {
    _BASE + 6: "write the user as NAME@REALM, the domain's name in capitals",
    _BASE + 7: "reach the host by its name in the domain (set-host --address), which an address or an alias is not",
    _BASE + 18: "the account is disabled, locked or expired: see it in the domain",
    _BASE + 23: "the password has expired: change it in the domain",
    SKEW: "set the clocks of this machine, the domain's controller and the host (there: w32tm /resync)",
    _BASE + 141: "get a ticket first (kinit NAME@REALM): over the connection winrm none is got with a password",
    _BASE + 154: "name the realm of the domain in /etc/krb5.conf, or see that its DNS is asked",
    _BASE
    + 156: "see that the domain's controllers can be reached (port 88), and what /etc/krb5.conf says of the realm",
    _BASE + 195: "get a ticket first (kinit NAME@REALM): over the connection winrm none is got with a password",
}

# What pypsrp lets through of the libraries that it logs in with.
LOGIN_FAILURES: Final[tuple[type[Exception], ...]] = (
    SpnegoError,
    *((import_module("krb5").Krb5Error,) if find_spec("krb5") else ()),
    *((import_module("requests_credssp.exceptions").AuthenticationException,) if find_spec("requests_credssp") else ()),
)


def number_of(error: BaseException) -> int | None:
    """The number of MIT's table that an exception has, or one that it came from; None where there is none."""
    for each in _chain(error):
        for text in _NUMBER.findall(str(each)):
            number = int(text) - (2**32 if int(text) >= 2**31 else 0)
            if _BASE <= number < _BASE + 256:
                return number
    return None


def refused_ticket(host: Host, error: BaseException, number: int | None) -> HostAuthError:
    """The login could not be made, or was refused with words."""
    if number == SKEW:
        return skewed(host, "Clock skew too great")
    said = " ".join(str(error).split())[-300:]
    if number in _PASSWORD:
        return HostAuthError(
            "HostPasswordRefused",
            f"the domain does not take the password of {host.user}",
            where=place(host),
            why=f"{said}; it was tried once",
            fix=f"check what {host.password_ref or 'password_ref'} leads to",
        )
    return HostAuthError(
        "HostTicketRefused",
        f"the login to {host.name} with a ticket of its domain did not come about",
        where=place(host),
        why=said,
        fix=_CURES.get(number or 0, "see that kinit works for that user, and that the host is a member of the domain"),
    )


def skewed(host: Host, why: str) -> HostAuthError:
    """Clocks are further apart than Kerberos bears."""
    return HostAuthError(
        "HostClockSkew",
        f"{host.name} does not let {host.user or 'us'} in, as clocks are apart",
        where=place(host),
        why=f"{why}; a domain bears 5 minutes",
        fix=_CURES[SKEW],
    )


def seconds_ahead(host: Host) -> float:
    """How far the host's clock is before ours, by the Date of its answer to a request without a login; else 0."""
    connection: HTTPConnection
    if is_https(host):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # a date is looked at, and nothing is sent
        connection = HTTPSConnection(host.address, port_of(host), timeout=_LOOK_SECONDS, context=context)
    else:
        connection = HTTPConnection(host.address, port_of(host), timeout=_LOOK_SECONDS)
    try:
        connection.request("POST", "/wsman")
        said = connection.getresponse().getheader("Date")
        return parsedate_to_datetime(said).timestamp() - time.time() if said else 0.0
    except (OSError, HTTPException, ValueError):
        return 0.0
    finally:
        connection.close()


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        each = todo.pop()
        if each is None or each in seen:
            continue
        seen.append(each)
        yield each
        todo += [each.__cause__, each.__context__, *(a for a in each.args if isinstance(a, BaseException))]
