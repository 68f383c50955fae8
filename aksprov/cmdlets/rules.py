"""Rules that one value must keep by itself; what two values must keep together is not here.

A rule takes the text and the option it was given for, and returns the value in the form
that is handed on.  It never changes a text that it does not have to.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import date
from functools import partial

from aksprov.cmdlets.versions import resolve_version
from aksprov.errors import DefinitionError, NotAvailableError
from aksprov.model.names import check_name
from aksprov.secrets import parse_reference

Rule = Callable[[str, str], str]

_OS_SKUS = ("Windows2019", "Windows2022")
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
# Kubernetes: a label key is an optional DNS subdomain and "/", then a name; a value may be empty.
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_KEY = rf"(?:[a-z0-9](?:[a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_NAME}"
_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")  # of a prefix; 024 is 24 to some readers and 20 to others
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DNS_NAME = re.compile(rf"(?:\*\.{_LABEL}\.)?{_LABEL}(?:\.{_LABEL})*")
_TAINT = re.compile(rf"({_KEY})(?:=({_NAME})?)?:([A-Za-z]+)")


def _name(kind: str, text: str, where: str) -> str:
    return check_name(kind, text)


def _ipv4(text: str, where: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise DefinitionError(
            "InvalidAddress",
            f"{text!r} is not an IP address",
            where=where,
            why="an IPv4 address has four numbers from 0 to 255 without leading zeros",
            fix="write it like 10.0.0.10",
        ) from None
    if address.version == 6:
        raise _no_ipv6(text, where)
    return str(address)


def _range(text: str, where: str) -> str:
    """``A-B``, or ``A`` for one address; a range of one address is written as that address."""
    start, dash, end = text.partition("-")
    first = _ipv4(start.strip(), where)
    last = _ipv4(end.strip(), where) if dash else first
    if ipaddress.IPv4Address(first) > ipaddress.IPv4Address(last):
        raise pool_reversed(first, last, where)
    return first if first == last else f"{first}-{last}"


def pool_reversed(start: str, end: str, where: str) -> DefinitionError:
    """The error for a range whose ends are exchanged."""
    return DefinitionError(
        "PoolReversed",
        f"the pool {start}-{end} ends before it starts",
        where=where,
        why="a pool goes from its lowest address to its highest",
        fix=f"exchange the two: {end} to {start}",
    )


def _prefix(text: str, where: str) -> str:
    """Host bits stay: whoever stores the network takes them off and says so."""
    address, slash, length = text.partition("/")
    try:
        if not slash or not _LENGTH.fullmatch(length):
            raise ValueError(text)
        network = ipaddress.ip_interface(text).network
    except ValueError:
        raise DefinitionError(
            "InvalidPrefix",
            f"{text!r} is not an address prefix",
            where=where,
            why="a prefix is an address, a slash and a length from 0 to 32",
            fix="write it like 10.0.0.0/24",
        ) from None
    if network.version == 6:
        raise _no_ipv6(address, where)
    return text


def _cidr(text: str, where: str) -> str:
    """Of either family; host bits stay, as for a prefix."""
    address, slash, length = text.partition("/")
    try:
        if not slash or "%" in address or not _LENGTH.fullmatch(length):
            raise ValueError(text)
        ipaddress.ip_interface(text)
    except ValueError:
        raise DefinitionError(
            "InvalidPrefix",
            f"{text!r} is not an address range",
            where=where,
            why="a range is an address, a slash and a length: to 32 for IPv4, to 128 for IPv6",
            fix="write it like 10.244.0.0/16, or with both families 10.244.0.0/16,fd00:10:244::/56",
        ) from None
    return text


def _os_sku(text: str, where: str) -> str:
    """AksHci's documents name Windows2022 only, and have no list; so others of that form are taken, too."""
    if not re.fullmatch(r"[A-Za-z0-9]{1,40}", text):
        raise DefinitionError(
            "OsSkuInvalid",
            f"{text!r} is not the name of an operating system's edition",
            where=where,
            why="such a name has letters and digits only",
            fix="write it like Windows2022, or leave it out",
        )
    return next((known for known in _OS_SKUS if known.lower() == text.lower()), text)


def _no_ipv6(text: str, where: str) -> NotAvailableError:
    return NotAvailableError(
        "Ipv6NotAvailable",
        f"the IPv6 address {text} cannot be used",
        where=where,
        why="networks are IPv4 only until IPv6 works as a whole",
        fix="give an IPv4 address",
    )


def _taint(text: str, where: str) -> str:
    """``key=value:Effect`` or ``key:Effect`` (Kubernetes core/v1 Taint), the effect in its right case."""
    match = _TAINT.fullmatch(text)
    effect = next((e for e in EFFECTS if match and e.lower() == match[3].lower()), None)
    if match is None or effect is None:
        raise DefinitionError(
            "InvalidTaint",
            f"{text!r} is not a taint",
            where=where,
            why="a taint is key=value:Effect, where the effect is one of " + ", ".join(EFFECTS),
            fix="write it like sku=gpu:NoSchedule",
        )
    return text[: match.start(3)] + effect


def _dns_name(text: str, where: str) -> str:
    """A name that kubeadm puts into a certificate: an RFC 1123 subdomain, which may begin with ``*.``; lower case."""
    name = text.lower()
    if len(name) > 253 or not _DNS_NAME.fullmatch(name) or name.rpartition(".")[2].isdigit():
        raise DefinitionError(
            "InvalidDnsName",
            f"{text!r} is not a DNS name",
            where=where,
            why="a DNS name has labels of letters, digits and hyphens with dots between them, and is no address",
            fix="write it like demo.example.org, or *.example.org for all names below that",
        )
    return name


def _network_names(text: str, where: str) -> str:
    """One or several with commas between them: whether several are possible depends on the network plugin."""
    return ",".join(check_name("network", name.strip()) for name in text.split(","))


def _day(text: str, where: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else text
    except ValueError:
        raise DefinitionError(
            "InvalidDate", f"{text!r} is not a day", where=where, why="a day is year-month-day", fix="write 2027-01-31"
        ) from None


def _secret(text: str, where: str) -> str:
    if text:
        parse_reference(text, where=where)
    return text


RULES: dict[str, Rule] = {
    "cluster name": partial(_name, "cluster"),
    "host name": partial(_name, "host"),
    "network name": partial(_name, "network"),
    "network names": _network_names,
    "node pool name": partial(_name, "node pool"),
    "setting name": partial(_name, "setting"),
    "site name": partial(_name, "site"),
    "address": _ipv4,
    "address range": _range,
    "prefix": _prefix,
    "cidr": _cidr,
    "os sku": _os_sku,
    "taint": _taint,
    "dns name": _dns_name,
    "day": _day,
    "secret reference": _secret,
    "kubernetes version": lambda text, where: resolve_version(text),
}
