"""CSV (RFC 4180, and what spreadsheets make of it) into the tree.

The first row that is not empty has the keys, each later one is an entry.  Cells are separated by commas,
semicolons or tabs, whichever the row of keys has most of.  A key with a dot is a key inside another
(``labels.site``); an empty cell means that the entry does not have the key.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from aksprov.inventory.tree import FormError, Mapping, Mark, Node, Places, Scalar, Sequence

_SEPARATORS = ",;\t"
_QUOTED = re.compile(r'[ ]*"((?:[^"]|"")*)"[ ]*')
_END = {separator: re.compile(rf"[{separator}\r\n]") for separator in _SEPARATORS}
_LINE_END = re.compile(r"\r\n|\r|\n")

Row = list[Scalar]


def read(text: str, lists: Collection[str]) -> Node:
    """The tree ``{hosts: [entry, ...]}`` of ``text``; nothing (a Scalar of None) where no row has keys.

    Args:
        text: the file.
        lists: keys whose cells are lists, separated by ``|``.

    Raises:
        FormError: a quote that does not end, or a cell in a column that has no key.
    """
    rows = _rows(text)
    header = next(rows, None)
    if header is None:
        return Scalar(None, Mark(1, 1))
    entries = tuple(_entry(header, row, lists) for row in rows)
    return Mapping(((Scalar("hosts", Mark(1, 1)), Sequence(entries, Mark(1, 1))),), Mark(1, 1))


def _rows(text: str) -> Iterator[Row]:
    """Rows in which at least one cell is not empty."""
    places = Places(text)
    cell_end = _END[_separator(text)]
    at, row = 0, Row()
    while at < len(text) or row:
        cell, end = _cell(text, at, cell_end, places)
        row.append(cell)
        line_end = _LINE_END.match(text, end)
        at = line_end.end() if line_end else end + 1
        if line_end or end == len(text):
            if any(scalar.text for scalar in row):
                yield row
            row = Row()


def _cell(text: str, at: int, end: re.Pattern[str], places: Places) -> tuple[Scalar, int]:
    """The cell that begins at ``at``, and the offset of the separator or line end after it."""
    mark = places.mark(at)
    quoted = _QUOTED.match(text, at)
    start = quoted.end() if quoted else at
    found = end.search(text, start)
    stop = found.start() if found else len(text)
    rest = text[start:stop]
    if quoted is None:
        content = rest.strip()
        if content.startswith('"'):
            raise FormError(mark, "a quote begins here and does not end")
    elif rest:
        raise FormError(mark, f"text after the closing quote: {rest[:40]!r}")
    else:
        content = quoted.group(1).replace('""', '"')
    return Scalar(content or None, mark), stop


def _separator(text: str) -> str:
    """The separator that the first row with anything else in it has most of."""
    for line in _LINE_END.split(text):
        bare = re.sub(r'"[^"]*"', "x", line)
        if bare.strip(_SEPARATORS + " "):
            return max(_SEPARATORS, key=bare.count)
    return max(_SEPARATORS, key=text.count)


def _entry(header: Row, row: Row, lists: Collection[str]) -> Mapping:
    """One row as a mapping, with the keys' own places (a wrong key is one problem, not one a row)."""
    top: dict[str, list[tuple[Scalar, Node]]] = {}
    entries: list[tuple[Scalar, Node]] = []
    for number, cell in enumerate(row):
        if cell.text is None:
            continue
        key = header[number] if number < len(header) else Scalar(None, None)
        if key.text is None:
            why = f"{cell.text[:40]!r} is in a column that has no key in the first row"
            raise FormError(cell.mark or Mark(1, 1), why)
        name, dot, inner = key.text.partition(".")
        if dot:
            top.setdefault(name, []).append((Scalar(inner, key.mark), cell))
        elif name in lists:
            items = tuple(Scalar(part.strip(), cell.mark) for part in cell.text.split("|"))
            entries.append((key, Sequence(items, cell.mark)))
        else:
            entries.append((key, cell))
    for name, inside in top.items():
        entries.append((Scalar(name, inside[0][0].mark), Mapping(tuple(inside), row[0].mark)))
    return Mapping(tuple(entries), row[0].mark)
