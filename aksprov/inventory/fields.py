"""One rule per field of a hosts file: the text as written in, the value out, or why it cannot be.

Every rule takes a text and raises ValueError with a reason that fits after "field: ".  Texts that may be
secrets typed in the wrong place are never repeated in a reason.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import difflib
import ipaddress
import re
from collections.abc import Callable, Collection
from datetime import date

from aksprov.errors import DefinitionError
from aksprov.model.names import check_name
from aksprov.secrets import parse_reference

Value = str | int | float
Rule = Callable[[str], Value]

# RFC 1123, section 2.1: letters, digits and hyphens, no hyphen at an end, 63 characters a label.
_DNS_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
# Zone ids are interface names (RFC 4007, section 11.2; Linux: at most 15 characters).
_ZONE = re.compile(r"[A-Za-z0-9_.+-]{1,15}")
# Linux dev_valid_name(): at most 15 bytes, no slash, colon or blank; "." and ".." are no names.
# Kept to what every configuration file can hold without quoting.
_LINUX_INTERFACE = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.+-]{1,15}")
# Kubernetes, "Labels and Selectors: syntax and character set".
_LABEL_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,3})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# Host key types of OpenSSH's sshd (ssh-keygen(1), sshd_config(5) HostKeyAlgorithms).
HOST_KEY_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")


def shown(text: str) -> str:
    """``text`` as a message repeats it: quoted, control characters escaped, cut at 60 characters."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def nearest(word: str, known: Collection[str]) -> str:
    """``; did you mean ...?`` with the closest of ``known``, or "" when none is close."""
    flat = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower().replace("-", "_").replace(" ", "_")
    for candidate in known:
        if flat == candidate.replace("-", "_"):
            return f"; did you mean {candidate}?"
    close = difflib.get_close_matches(flat, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def text(value: str) -> str:
    """One line of text that is not empty and has no blank at either end."""
    if not value:
        raise ValueError("is empty")
    if _CONTROL.search(value):
        raise ValueError("has a line break or another control character in it")
    if value != value.strip():
        raise ValueError("begins or ends with a blank")
    if len(value) > 1024:
        raise ValueError("is longer than 1,024 characters")
    return value


def one_of(*allowed: str) -> Rule:
    """Exactly one of the words."""

    def rule(value: str) -> str:
        if value not in allowed:
            hint = nearest(value, allowed)
            raise ValueError(f"{shown(value)} is not one of {', '.join(allowed)}{hint}")
        return value

    return rule


def whole(low: int, high: int) -> Rule:
    """A whole number in decimal digits, without a leading zero (which some readers take as octal)."""

    def rule(value: str) -> int:
        if not _WHOLE.fullmatch(value) or not low <= int(value) <= high:
            octal = value.isascii() and value.isdigit() and value != "0" and value.startswith("0")
            hint = ", written without leading zeros" if octal else ""
            raise ValueError(f"{shown(value)} is not a whole number from {low} to {high}{hint}")
        return int(value)

    return rule


def gigabytes(value: str) -> float:
    """A positive number of GB, with a point for decimals."""
    if not _DECIMAL.fullmatch(value) or not float(value) > 0:
        hint = f"; write {value.replace(',', '.')}" if re.fullmatch(r"[0-9]+,[0-9]+", value) else ""
        raise ValueError(f"{shown(value)} is not a positive number of GB, such as 16 or 7.5{hint}")
    return float(value)


def name(value: str) -> str:
    """A host's name (model/names.py)."""
    try:
        return check_name("host", value)
    except DefinitionError as error:
        raise ValueError(f"{shown(value)} cannot be a host's name: {error.why}") from None


def address(value: str) -> str:
    """An IP address (IPv6 with a zone id, too) or a DNS name, without port, brackets or user."""
    literal, percent, zone = value.partition("%")
    try:
        ip = ipaddress.ip_address(literal)
    except ValueError:
        return _dns_name(value)
    if percent and (ip.version == 4 or not _ZONE.fullmatch(zone)):
        raise ValueError(f"{shown(value)} does not end with a zone id (an interface's name)")
    if ip.is_unspecified or ip.is_multicast or ip == ipaddress.IPv4Address("255.255.255.255"):
        raise ValueError(f"{shown(value)} is not the address of one machine")
    if ip.version == 6 and ip.is_link_local and not percent:
        raise ValueError(f"{shown(value)} is link-local and needs a zone id, such as {literal}%eth0")
    return value


def _dns_name(value: str) -> str:
    hint = ""
    if "@" in value:
        hint = "; the user belongs in user"
    elif value.startswith("["):
        hint = "; write an IPv6 address without brackets, and the port in port"
    elif re.fullmatch(r"[^:]+:[0-9]+", value):
        hint = "; the port belongs in port"
    elif not value.isascii():
        hint = "; write it as DNS has it (xn--...)"
    labels = value.split(".")
    if len(value) > 253 or not all(_DNS_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        # RFC 1123, section 2.1: a name's last label is not all digits, so this is a mistyped IPv4 address.
        raise ValueError(f"{shown(value)} is neither an IP address nor a DNS name{hint}")
    return value


def user(value: str) -> str:
    r"""A user name; ``DOMAIN\name`` and ``name@domain`` as Windows has them."""
    text(value)
    if value.startswith("-") or ":" in value:
        raise ValueError(f"{shown(value)} is not a user name")
    return value


def secret_reference(value: str) -> str:
    """A reference to a secret, which is never repeated when it is none."""
    try:
        parse_reference(value, where="")
    except DefinitionError as error:
        raise ValueError(f"{error.what}: {error.why}; {error.fix}") from None
    return value


def host_key(value: str) -> str:
    """An SSH public key in OpenSSH's form, without its comment."""
    words = value.split()
    if words and words[0].startswith(("SHA256:", "MD5:")):
        raise ValueError("is a fingerprint; the key itself is needed (scan-host-keys pins it)")
    if len(words) > 1 and words[0] not in HOST_KEY_TYPES and words[1] in HOST_KEY_TYPES:
        raise ValueError("begins with a host name as in known_hosts; leave that out")
    if len(words) < 2 or words[0] not in HOST_KEY_TYPES or not _is_key(words[0], words[1]):
        raise ValueError(f"is not an SSH public key of OpenSSH's form: {HOST_KEY_TYPES[0]} AAAA... (or another type)")
    return f"{words[0]} {words[1]}"


def _is_key(kind: str, encoded: str) -> bool:
    """Whether the blob names the same type (RFC 4253, section 6.6: it begins with the type's name)."""
    try:
        blob = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return False
    prefix = len(kind).to_bytes(4, "big") + kind.encode()
    return blob.startswith(prefix) and len(blob) >= len(prefix) + 32


def fingerprint(value: str) -> str:
    """SHA-256 of a certificate: 64 hexadecimal digits, colons allowed; lower case without colons."""
    digits = value.replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError(f"{shown(value)} is not a SHA-256 fingerprint of 64 hexadecimal digits")
    return digits


def jump_host(value: str) -> str:
    """``[user@]host[:port]`` of a bastion, an IPv6 address with port in brackets (ssh(1), -J)."""
    who, at, rest = value.rpartition("@")
    if at:
        user(who)
    bracketed = re.fullmatch(r"\[([^\[\]]+)\](?::([0-9]+))?", rest)
    plain = re.fullmatch(r"([^:]+)(?::([0-9]+))?", rest)
    match = bracketed or plain
    place, port = match.groups() if match else (rest, None)
    address(place)
    if port is not None:
        whole(1, 65535)(port)
    return value


def label_key(value: str) -> str:
    """A label's key: ``[prefix/]name`` as in Kubernetes."""
    prefix, slash, label = value.rpartition("/")
    if slash:
        _dns_name(prefix)
    if not _LABEL_NAME.fullmatch(label):
        raise ValueError(f"{shown(value)} cannot be a label's key: letters, digits, '-', '_' and '.', at most 63")
    return value


def label_value(value: str) -> str:
    """A label's value, as in Kubernetes, not empty."""
    if not _LABEL_NAME.fullmatch(value):
        raise ValueError(f"{shown(value)} cannot be a label's value: letters, digits, '-', '_' and '.', at most 63")
    return value


def linux_interface(value: str) -> str:
    """A Linux network interface's name."""
    if not _LINUX_INTERFACE.fullmatch(value):
        raise ValueError(f"{shown(value)} cannot be a Linux interface: at most 15 letters, digits and '_.+-'")
    return value


def day(value: str) -> str:
    """A day, YYYY-MM-DD."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        with contextlib.suppress(ValueError):
            date.fromisoformat(value)
            return value
    raise ValueError(f"{shown(value)} is not a day of the form 2026-01-31")
