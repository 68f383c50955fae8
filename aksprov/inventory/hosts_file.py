"""A hosts file: entries of the inventory in YAML, JSON or CSV, read without touching anything.

The form is the contract's "hosts file"; docs/hosts-file.md shows it.  A file with one wrong entry is
refused whole, with everything that is wrong in it.
"""

from __future__ import annotations

from aksprov.errors import DefinitionError
from aksprov.inventory import csv_form, encoding, json_form, yaml_form
from aksprov.inventory.entry import LISTS, Values, connection_of, host_of, read_values
from aksprov.inventory.fields import nearest
from aksprov.inventory.problems import Problems
from aksprov.inventory.tree import FormError, Mapping, Mark, Node, Scalar, Sequence
from aksprov.model.base import Value
from aksprov.model.host import Host


class Entry(Value, frozen=True, kw_only=True):
    """A host and what its entry said of it.

    Args:
        given: flat values as written ("labels.site": "oslo"); no defaults.
    """

    host: Host
    given: Values


def parse(text: bytes, suffix: str, folder: str, source: str = "") -> tuple[Host, ...]:
    """The hosts of a file.

    Args:
        text: the file's bytes: UTF-8, with or without a byte-order mark.
        suffix: ".yaml", ".yml", ".json" or ".csv", any case.
        folder: the file's folder; relative paths in the file start there.
        source: the file's name for messages.

    Raises:
        DefinitionError: HostsFileFormat, HostsFileEncoding, HostsFileSyntax or HostsFileInvalid, with
            line and column; nothing else is ever raised.
    """
    return tuple(entry.host for entry in parse_entries(text, suffix, folder, source))


def parse_entries(text: bytes, suffix: str, folder: str, source: str = "") -> tuple[Entry, ...]:
    """As :func:`parse`, with the values that each entry gives."""
    source = source or f"hosts file ({suffix})"
    problems = Problems(source, "correct the file and run the same command again", code="HostsFileInvalid")
    tree = _tree(text, suffix, source)
    found: list[tuple[Node, Values]] = []
    for node in _hosts(tree, problems):
        found.append((node, read_values(node, folder, problems)))
    _unique(found, problems)
    problems.refuse()
    return tuple(Entry(host=host_of(values), given=values) for _, values in found)


def _tree(text: bytes, suffix: str, source: str) -> Node:
    """The file's tree, whatever its form."""
    form = suffix.lower()
    if form not in (".yaml", ".yml", ".json", ".csv"):
        raise DefinitionError(
            "HostsFileFormat",
            f"{source} is in no form that is known",
            where=source,
            why=f"the form is told by the name's end, and {suffix or 'no end'} is none of .yaml, .yml, .json, .csv",
            fix="give the file the name that fits its content",
        )
    try:
        content = encoding.decode(text)
    except FormError as problem:
        fix = "save the file as UTF-8 (spreadsheets: 'CSV UTF-8')"
        raise _unreadable("HostsFileEncoding", source, problem, fix) from None
    try:
        if form == ".csv":
            return csv_form.read(content, LISTS)
        return json_form.read(content) if form == ".json" else yaml_form.read(content)
    except FormError as problem:
        raise _unreadable("HostsFileSyntax", source, problem, "correct this place in the file") from None


def _unreadable(code: str, source: str, problem: FormError, fix: str) -> DefinitionError:
    what = f"{source} cannot be read; nothing was recorded"
    return DefinitionError(code, what, where=f"{source}, {problem.mark}", why=problem.why, fix=fix)


def _hosts(tree: Node, problems: Problems) -> tuple[Node, ...]:
    """The nodes of ``{hosts: [...]}``."""
    lists: list[Sequence] = []
    for key, node in tree.entries if isinstance(tree, Mapping) else ():
        if key.text != "hosts":
            problems.add(key.mark, key.text or "", f"there is no such key{nearest(key.text or '', ('hosts',))}")
        elif lists:
            problems.add(key.mark, "hosts", f"given twice, first on {lists[0].mark}")
        elif isinstance(node, Sequence):
            lists.append(node)
        else:
            problems.add(node.mark, "hosts", "takes a list of hosts")
    if not lists and not problems:
        empty = isinstance(tree, Scalar) and tree.text is None
        problems.add(tree.mark, "", "the file is empty" if empty else "the file must begin with the key hosts")
    return lists[0].items if lists else ()


def _unique(found: list[tuple[Node, Values]], problems: Problems) -> None:
    """One name is one host, and so is one connection."""
    first: dict[object, Mark | None] = {}
    for node, values in found:
        name = str(values.get("name", ""))
        if name:
            if name.lower() in first:
                problems.add(node.mark, "name", f"{name} is another host's name, first on {first[name.lower()]}")
            first.setdefault(name.lower(), node.mark)
        connection = connection_of(values)
        if connection is not None:
            if connection in first:
                why = f"{connection} is another host's connection, first on {first[connection]}"
                problems.add(node.mark, "address", why)
            first.setdefault(connection, node.mark)
