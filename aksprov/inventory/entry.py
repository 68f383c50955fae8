"""One entry of a hosts file: its keys, their rules, and the rules between them.

An entry is kept as flat values, ``"labels.site": "oslo"``, until it is whole: so one can be compared with a
recorded host value by value, and set-host can lay a few new values over the recorded ones.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os.path
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from aksprov.inventory import fields
from aksprov.inventory.fields import Rule
from aksprov.inventory.problems import Problems
from aksprov.inventory.tree import Mapping, Mark, Node, Scalar, Sequence
from aksprov.model.host import ROLES, Host

Value = str | int | float | tuple[str, ...]
Values = dict[str, Value]

_DEFAULT_PORTS = {"ssh": 22, "psrp": 5986, "winrm": 5986}  # IANA, and Microsoft's for WinRM over HTTPS and HTTP


class ConnectionId(NamedTuple):
    """What tells one connection from another; in lower case, the address in its canonical form."""

    jump_host: str
    address: str
    port: int

    def __str__(self) -> str:
        through = f" through {self.jump_host}" if self.jump_host else ""
        return f"{self.address} port {self.port}{through}" if self.port else self.address


_TEXTS: dict[str, Rule] = {
    "name": fields.name,
    "address": fields.address,
    "port": fields.whole(1, 65535),
    "os": fields.one_of("linux", "windows"),
    "connection": fields.one_of("ssh", "psrp", "winrm", "local"),
    "user": fields.user,
    "auth": fields.one_of("negotiate", "ntlm", "kerberos", "credssp", "basic", "certificate"),
    "key_file": fields.text,
    "key_passphrase_ref": fields.secret_reference,
    "password_ref": fields.secret_reference,
    "become": fields.one_of("sudo", "none"),
    "become_password_ref": fields.secret_reference,
    "host_key": fields.host_key,
    "ca_file": fields.text,
    "certificate_sha256": fields.fingerprint,
    "jump_host": fields.jump_host,
}
LISTS: dict[str, Rule] = {"roles": fields.one_of(*ROLES)}
_GROUPS: dict[str, dict[str, Rule]] = {
    "capacity": {"cpus": fields.whole(1, 100_000), "memory_gb": fields.gigabytes, "disk_gb": fields.gigabytes},
    "maintenance": {"reason": fields.text, "until": fields.day},
}
# Groups whose keys are free: a rule for the key and one for the value.
_FREE: dict[str, tuple[Rule, Rule]] = {
    "labels": (fields.label_key, fields.label_value),
    "interfaces": (fields.text, fields.text),
}
KEYS: tuple[str, ...] = (*_TEXTS, *LISTS, *_GROUPS, *_FREE)
REQUIRED = ("name", "address", "os")

# What has no effect, or no meaning, with the other connections.
_ONLY_WITH: dict[str, tuple[str, ...]] = {
    "auth": ("psrp", "winrm"),
    "key_file": ("ssh", "psrp", "winrm"),
    "key_passphrase_ref": ("ssh",),
    "host_key": ("ssh",),
    "ca_file": ("psrp", "winrm"),
    "certificate_sha256": ("psrp", "winrm"),
    "port": ("ssh", "psrp", "winrm"),
    "user": ("ssh", "psrp", "winrm"),
    "password_ref": ("ssh", "psrp", "winrm"),
    "jump_host": ("ssh", "psrp", "winrm"),
}


def read_values(entry: Node, folder: str, problems: Problems) -> Values:
    """The flat values of a whole entry.

    Args:
        entry: what should be a mapping.
        folder: where relative paths start.
        problems: gets what is wrong.
    """
    values, marks = read_given(entry, folder, problems)
    if isinstance(entry, Mapping):
        for path in REQUIRED:
            if path not in marks:
                problems.add(entry.mark, path, "is missing")
    for path, why in broken_rules(values):
        problems.add(marks.get(path, entry.mark), path, why)
    return values


def read_given(entry: Node, folder: str, problems: Problems) -> tuple[Values, dict[str, Mark | None]]:
    """As :func:`read_values` for a part of an entry: what is there is read, and nothing is missing.

    Returns:
        The values that are right, and the places of all that were given.
    """
    if not isinstance(entry, Mapping):
        problems.add(entry.mark, "", "this is not a host: an entry has keys, such as name, address and os")
        return {}, {}
    reader = _Reader(problems)
    reader.entry(entry)
    return {path: _resolved(path, value, folder) for path, value in reader.values.items()}, reader.marks


class _Reader:
    """Walks one entry, taking what is right into ``values`` and telling what is not."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self.values: Values = {}
        self.marks: dict[str, Mark | None] = {}

    def entry(self, entry: Mapping) -> None:
        for key, mark, node in self._unique(entry, ""):
            if key in _TEXTS:
                self._text(key, _TEXTS[key], node)
            elif key in LISTS:
                self._list(key, LISTS[key], node)
            elif key in _GROUPS or key in _FREE:
                self._group(key, node)
            else:
                self._problems.add(mark, key, f"there is no such key{fields.nearest(key, KEYS)}")

    def _group(self, group: str, node: Node) -> None:
        if isinstance(node, Scalar) and node.text is None:
            return
        if not isinstance(node, Mapping):
            inner = next(iter(_GROUPS.get(group, {"site": ""})))
            self._problems.add(node.mark, group, f"takes keys and values, such as {group}.{inner} in CSV")
            return
        for key, mark, inner_node in self._unique(node, f"{group}."):
            path = f"{group}.{key}"
            if group in _FREE:
                key_rule, rule = _FREE[group]
                try:
                    key_rule(key)
                except ValueError as error:
                    self._problems.add(mark, group, str(error))
                    continue
                self._text(path, rule, inner_node)
            elif key in _GROUPS[group]:
                self._text(path, _GROUPS[group][key], inner_node)
            else:
                self._problems.add(mark, path, f"there is no such key{fields.nearest(key, _GROUPS[group])}")

    def _unique(self, mapping: Mapping, prefix: str) -> Iterator[tuple[str, Mark | None, Node]]:
        """The entries of a mapping; one whose key was there before is a problem."""
        first: dict[str, Mark | None] = {}
        for key, node in mapping.entries:
            name = key.text or ""
            if name in first:
                self._problems.add(key.mark, f"{prefix}{name}", f"given twice, first on {first[name]}")
                continue
            first[name] = key.mark
            yield name, key.mark, node

    def _text(self, path: str, rule: Rule, node: Node) -> None:
        if isinstance(node, Scalar) and node.text is None:
            return
        self.marks[path] = node.mark
        if not isinstance(node, Scalar) or node.text is None:
            self._problems.add(node.mark, path, "takes one value, not a list and no keys")
            return
        try:
            self.values[path] = rule(fields.text(node.text))
        except ValueError as error:
            self._problems.add(node.mark, path, str(error))

    def _list(self, path: str, rule: Rule, node: Node) -> None:
        if isinstance(node, Scalar) and node.text is None:
            return
        self.marks[path] = node.mark
        if not isinstance(node, Sequence):
            self._problems.add(node.mark, path, "takes a list")
            return
        found: list[str] = []
        for item in node.items:
            try:
                if not isinstance(item, Scalar) or item.text is None:
                    raise ValueError("each item is one text")
                word = str(rule(fields.text(item.text)))
                if word in found:
                    raise ValueError(f"{word} is there twice")
                found.append(word)
            except ValueError as error:
                self._problems.add(item.mark, path, str(error))
        self.values[path] = tuple(found)


def broken_rules(values: Values) -> Iterator[tuple[str, str]]:
    """(path, why) for each rule between values that is broken; values that are not there break none."""
    system = values.get("os")
    connection = values.get("connection", default_connection(system))
    if connection in ("psrp", "winrm") and system == "linux":
        yield "connection", f"{connection} reaches Windows hosts only; a Linux host takes ssh or local"
    if connection == "local" and system == "windows":
        yield "connection", "local runs a POSIX shell, which Windows does not have"
    for path, fitting in _ONLY_WITH.items():
        if path in values and connection not in fitting:
            yield path, f"has no meaning with connection {connection}, only with {' and '.join(fitting)}"
    auth = values.get("auth")
    if auth in ("basic", "certificate") and values.get("port") == 5985:
        yield "auth", f"{auth} goes over HTTPS only, and 5985 is WinRM's port of HTTP"
    if connection in ("psrp", "winrm") and (auth == "certificate") != ("key_file" in values):
        yield "key_file", "goes with auth: certificate, which needs one"
    if "key_passphrase_ref" in values and "key_file" not in values:
        yield "key_passphrase_ref", "has no meaning without key_file"
    if system == "windows" and values.get("become", "none") != "none":
        yield "become", "there is no sudo on Windows"
    if "become_password_ref" in values and values.get("become") != "sudo":
        yield "become_password_ref", "has no meaning without become: sudo"
    for role in _texts(values.get("roles")):
        if system == "windows" and role != "worker":
            yield "roles", f"a Windows host cannot be a {role}, only a worker"
    if "maintenance.until" in values and "maintenance.reason" not in values:
        yield "maintenance.until", "needs maintenance.reason beside it"
    for path, value in values.items():
        if path.startswith("interfaces.") and system == "linux":
            try:
                fields.linux_interface(str(value))
            except ValueError as error:
                yield path, str(error)


def default_connection(system: object) -> str:
    """The connection of an entry that names none: ssh for Linux, PowerShell remoting for Windows."""
    return "psrp" if system == "windows" else "ssh"


def host_of(values: Values) -> Host:
    """The host that checked values describe; what they leave out has its default."""
    nested: dict[str, object] = {"connection": default_connection(values.get("os"))}
    groups: dict[str, dict[str, Value]] = {}
    for path, value in values.items():
        group, dot, key = path.partition(".")
        if dot:
            groups.setdefault(group, {})[key] = value
        else:
            nested[path] = value
    return msgspec.convert(nested | groups, Host)


def values_of(host: Host) -> Values:
    """The flat values of a host, without those that are not set."""
    values: Values = {}
    for key, value in msgspec.to_builtins(host).items():
        inside = {f"{key}.{inner}": v for inner, v in value.items()} if isinstance(value, dict) else {key: value}
        values.update({path: v for path, v in inside.items() if v is not None and v != ()})
    return values


def connection_of(values: Values) -> ConnectionId | None:
    """Where the connection goes; None while the values do not say."""
    if values.get("connection") == "local":
        return ConnectionId("", "local", 0)  # there is one such machine: this one
    address = str(values.get("address", ""))
    if not address:
        return None
    port = values.get("port", _DEFAULT_PORTS[str(values.get("connection", default_connection(values.get("os"))))])
    literal, percent, zone = address.lower().partition("%")
    with contextlib.suppress(ValueError):
        literal = str(ipaddress.ip_address(literal))  # IPv6 has many spellings of one address
    return ConnectionId(str(values.get("jump_host", "")).lower(), literal + percent + zone, int(str(port)))


def differences(given: Values, recorded: Values) -> list[tuple[str, str]]:
    """(path, recorded value as a message shows it) of values that are given and recorded otherwise."""
    differing = [path for path, value in given.items() if path != "name" and recorded.get(path) != value]
    return [(path, said(recorded.get(path))) for path in differing]


def said(value: Value | None) -> str:
    """A value as a message shows it."""
    if value is None:
        return "not set"
    return fields.shown(value) if isinstance(value, str) else ", ".join(_texts(value)) or str(value)


def _texts(value: Value | None) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _resolved(path: str, value: Value, folder: str) -> Value:
    """The value, a relative path in it made to start at ``folder``; ``~`` stays for whoever opens the file."""
    if not isinstance(value, str):
        return value
    if path in ("key_file", "ca_file"):
        return _from(folder, value)
    if path.endswith("_ref") and value.startswith("file:"):
        return f"file:{_from(folder, value.removeprefix('file:'))}"
    return value


def _from(folder: str, path: str) -> str:
    absolute = path.startswith("~") or re.match(r"[A-Za-z]:[\\/]", path)
    return path if absolute else os.path.normpath(os.path.join(folder, path))
