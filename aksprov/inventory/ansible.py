"""What ``ansible-inventory --list`` prints, as the entries that a hosts file would have."""

from __future__ import annotations

import ipaddress
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aksprov.errors import DefinitionError
from aksprov.inventory.ansible_host import HostReader, Withheld
from aksprov.inventory.entry import Values, connection_of, read_values
from aksprov.inventory.problems import Problems
from aksprov.model.base import Value
from aksprov.model.row import Row

# What is defined in a file that is encrypted as a whole: ("host_vars" | "group_vars", its host or group) -> variables.
Sealed = Mapping[tuple[str, str], frozenset[str]]


class Inventory(Value, frozen=True, kw_only=True):
    """The entries of an inventory, and what they lack of it."""

    entries: tuple[Values, ...]
    withheld: tuple[Withheld, ...] = ()


def read_inventory(document: bytes, folder: str, source: str, sealed: Sealed | None = None) -> Inventory:
    """The entries of what ``ansible-inventory --list`` printed.

    Args:
        document: its standard output.
        folder: where relative paths start: Ansible's own are relative to where it runs.
        source: the inventory's name, for messages.
        sealed: variables that come from encrypted files, which Ansible prints like any other.

    Raises:
        DefinitionError: AnsibleInventoryInvalid, with everything that is wrong.
    """
    fix = "correct the inventory, or give one that has only the hosts that aksprov may use"
    problems = Problems(source, fix, code="AnsibleInventoryInvalid")
    variables, groups = _hosts(document, source)
    names = {name: _name(name) for name in variables}
    readers = [
        HostReader(names[name], name, given, _sealed(name, groups[name], sealed or {}), problems.within(names[name]))
        for name, given in variables.items()
    ]
    for reader in readers:
        reader.read(groups[reader.listed])
    _name_jump_hosts(readers)
    found = [(reader, read_values(reader.entry(), folder, reader.problems)) for reader in readers]
    _unique(found)
    if not found:
        problems.add(None, "", "the inventory has no hosts")
    problems.refuse()
    withheld = tuple(withheld for reader in readers for withheld in reader.withheld)
    return Inventory(entries=tuple(values for _, values in found), withheld=withheld)


def withheld_rows(withheld: Iterable[Withheld], recorded: Mapping[str, Values]) -> tuple[Row, ...]:
    """A Warning row for each host that lacks something, with the command that gives it.

    Args:
        withheld: of the inventory.
        recorded: name in lower case -> the host's values: what they have by now (no become is none) is not lacking.
    """
    lacking: dict[str, list[Withheld]] = defaultdict(list)
    for value in withheld:
        if recorded.get(value.host.lower(), {}).get(value.path, "none") == "none":
            lacking[value.host].append(value)
    return tuple(_row(host, values) for host, values in lacking.items())


def _row(host: str, values: Sequence[Withheld]) -> Row:
    options = " ".join(dict.fromkeys(value.option for value in values))
    passwords = any(value.path.endswith("_ref") for value in values)
    forms = "; a reference is env:NAME, file:PATH, keyring:SERVICE/USER or prompt" if passwords else ""
    return Row(
        test_name="AnsibleValuesNotTaken",
        category="Definition",
        test_result="Warning",
        details="not recorded: " + "; ".join(f"{value.variable} {value.why}" for value in values),
        recommendation=f"aksprov set-host --name {host} {options}{forms}",
        host=host,
    )


def _hosts(document: bytes, source: str) -> tuple[dict[str, dict[str, Any]], dict[str, set[str]]]:
    """Name -> variables, and name -> groups, those above its groups too."""
    try:
        listed = json.loads(document)
        known = listed.pop("_meta", {}).get("hostvars", {})
        members = {group: (about.get("hosts", ()), about.get("children", ())) for group, about in listed.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise DefinitionError(
            "AnsibleInventoryInvalid",
            f"{source} cannot be read; nothing was recorded",
            where=source,
            why="what ansible-inventory --list printed is not the JSON that it documents",
            fix="look at what 'ansible-inventory --list' prints for this inventory",
        ) from None
    above: dict[str, set[str]] = defaultdict(set)
    for group, (_, children) in members.items():
        for child in children:
            above[child].add(group)
    hosts: dict[str, dict[str, Any]] = {}
    groups: dict[str, set[str]] = defaultdict(lambda: {"all"})
    for group, (inside, _) in members.items():
        for name in inside:
            hosts.setdefault(name, known.get(name, {}))
            groups[name] |= _reached(group, above)
    return hosts, groups


def _reached(group: str, above: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [group]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += above.get(one, ())
    return found


def _name(listed: str) -> str:
    """The host's name: what Ansible calls it, of a DNS name the first label."""
    try:
        ipaddress.ip_address(listed)
    except ValueError:
        return listed.partition(".")[0]
    return listed


def _sealed(name: str, groups: Iterable[str], sealed: Sealed) -> frozenset[str]:
    """The variables of a host that encrypted files define."""
    places = [("host_vars", name), *(("group_vars", group) for group in groups)]
    return frozenset().union(*(sealed.get(place, frozenset()) for place in places))


def _name_jump_hosts(readers: Sequence[HostReader]) -> None:
    """A jump host that is a host of the inventory is called by its name there, and nobody's own."""
    known: dict[str, HostReader] = {}
    for reader in readers:
        for name in (reader.texts["address"], reader.listed, reader.name):
            known[name.lower()] = reader
    for reader in readers:
        user, _, place = reader.texts.get("jump_host", "").rpartition("@")
        host, colon, port = place.rpartition(":") if re.fullmatch(r"[^:]+:[0-9]+", place) else (place, "", "")
        jump = known.get(host.lower())
        if jump is None:
            continue
        texts = jump.texts
        if jump is reader:
            del reader.texts["jump_host"]
        elif user in ("", texts.get("user", "")) and (port if colon else "") in ("", texts.get("port", "22")):
            reader.texts["jump_host"] = jump.name


def _unique(found: Sequence[tuple[HostReader, Values]]) -> None:
    """One name is one host, and so is one connection."""
    first: dict[object, str] = {}
    for reader, values in found:
        for path, key in _keys(values):
            if key in first:
                said = reader.name if path == "name" else key
                reader.problems.add(
                    None, path, f"{said} is {first[key]}'s, too; Ansible calls this one {reader.listed}"
                )
            first.setdefault(key, reader.listed)


def _keys(values: Values) -> Iterator[tuple[str, object]]:
    yield "name", str(values.get("name", "")).lower()
    connection = connection_of(values)
    if connection is not None:
        yield "address", connection
