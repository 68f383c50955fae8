"""The parameters of add-host and set-host as values of an entry: the same rules as in a file."""

from __future__ import annotations

from collections.abc import Collection

from aksprov.inventory.entry import REQUIRED, Values, broken_rules, read_given, read_values
from aksprov.inventory.problems import Problems
from aksprov.inventory.tree import Mapping, Node, Scalar, Sequence
from aksprov.model.request import Request

# Parameter -> key of an entry; those that are not here are spelled alike but for capitals.
_PATHS = {
    "name": "name",
    "address": "address",
    "port": "port",
    "os": "os",
    "connection": "connection",
    "user": "user",
    "auth": "auth",
    "keyFile": "key_file",
    "keyPassphraseRef": "key_passphrase_ref",
    "passwordRef": "password_ref",
    "become": "become",
    "becomePasswordRef": "become_password_ref",
    "hostKey": "host_key",
    "caFile": "ca_file",
    "certificateSha256": "certificate_sha256",
    "jumpHost": "jump_host",
    "labels": "labels",
    "roles": "roles",
    "interfaces": "interfaces",
    "cpus": "capacity.cpus",
    "memoryGb": "capacity.memory_gb",
    "diskGb": "capacity.disk_gb",
    "maintenanceReason": "maintenance.reason",
    "maintenanceUntil": "maintenance.until",
}
_NAMES = {path: name for name, path in _PATHS.items()}
# What goes with a value when that is taken away.
_COMPANIONS = {"maintenance.reason": "maintenance.until", "key_file": "key_passphrase_ref"}


def new_values(request: Request, folder: str) -> Values:
    """The values of the host that add-host's parameters describe.

    Args:
        request: of add-host.
        folder: where relative paths start.

    Raises:
        DefinitionError: HostInvalid, with everything that is wrong.
    """
    problems = _problems(request)
    values = read_values(_entry(request), folder, problems)
    problems.refuse()
    return values


def changed_values(request: Request, recorded: Values, folder: str) -> Values:
    """The recorded values with those of set-host's parameters laid over them.

    An empty text takes a value (or all labels, all interfaces) away, so that its default holds.
    Labels and interfaces that are not named stay.

    Args:
        request: of set-host.
        recorded: flat values of the host.
        folder: where relative paths start.

    Raises:
        DefinitionError: HostInvalid, with everything that is wrong.
    """
    problems = _problems(request)
    emptied = {_PATHS[name] for name in request.given if name in _PATHS and request.values[name] == ""} - {*REQUIRED}
    emptied |= {_COMPANIONS[path] for path in emptied if path in _COMPANIONS}
    given, _ = read_given(_entry(request, without=emptied), folder, problems)
    kept = {path: value for path, value in recorded.items() if emptied.isdisjoint((path, path.partition(".")[0]))}
    values = kept | given
    for path, why in broken_rules(values):
        problems.add(None, path, why)
    problems.refuse()
    return values


def _problems(request: Request) -> Problems:
    fix = f"correct these values; 'aksprov {request.verb} --help' says what each takes"
    return Problems(f"host {request.need('name')}", fix, code="HostInvalid", spell=lambda path: _NAMES.get(path, path))


def _entry(request: Request, without: Collection[str] = ()) -> Mapping:
    """What was given, as the tree that an entry of a file would be."""
    entries: list[tuple[Scalar, Node]] = []
    groups: dict[str, list[tuple[Scalar, Node]]] = {}
    for name, path in _PATHS.items():
        if name not in request.given or path in without:
            continue
        group, dot, inner = path.partition(".")
        node = _node(request.values[name])
        if dot:
            groups.setdefault(group, []).append((Scalar(inner, None), node))
        else:
            entries.append((Scalar(path, None), node))
    entries += [(Scalar(group, None), Mapping(tuple(inside), None)) for group, inside in groups.items()]
    return Mapping(tuple(entries), None)


def _node(value: object) -> Node:
    if isinstance(value, dict):
        return Mapping(tuple((Scalar(str(key), None), Scalar(str(text), None)) for key, text in value.items()), None)
    if isinstance(value, tuple | list):
        return Sequence(tuple(Scalar(str(item), None) for item in value), None)
    return Scalar(str(value), None)
