"""Reading and writing rows of a table: the few statements that every part of a transaction needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, bindparam, insert, select, update

Row = dict[str, Any]

_AT_ONCE: Final = 500  # values in one statement; SQLite's own limit is 32,766 (999 before 3.32)


def read(connection: Connection, table: Table, **key: str | int) -> list[Row]:
    """The rows whose columns have these values."""
    return [dict(row) for row in connection.execute(select(table).where(*equal(table, key))).mappings()]


def found(connection: Connection, table: Table, column: str, values: Iterable[str], **key: str) -> dict[str, list[Row]]:
    """Rows by the value of a column that have one of ``values``, some at a time as statements have limits."""
    rows: dict[str, list[Row]] = {}
    ordered = sorted(set(values))
    for start in range(0, len(ordered), _AT_ONCE):
        among = table.c[column].in_(ordered[start : start + _AT_ONCE])
        for row in connection.execute(select(table).where(among, *equal(table, key))).mappings():
            rows.setdefault(row[column], []).append(dict(row))
    return rows


def add(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, if there are any."""
    if rows:
        connection.execute(insert(table), rows)


def change(connection: Connection, table: Table, key: str, rows: Sequence[Row], **also: str) -> None:
    """Give the rows that have the ``key`` columns of these the other values of these, if there are any.

    Args:
        also: further columns that those rows must have these values in.
    """
    if not rows:
        return
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0] if name != key}
    statement = update(table).where(table.c[key] == bindparam(f"new_{key}"), *equal(table, also)).values(values)
    connection.execute(statement, [{f"new_{name}": value for name, value in row.items()} for row in rows])


def put(connection: Connection, table: Table, key: Mapping[str, str], values: Mapping[str, str | int]) -> None:
    """Change the row of that key, or add it."""
    # two statements, as the one that does both is spelled differently by each database
    if connection.execute(update(table).where(*equal(table, key)).values(values)).rowcount == 0:
        connection.execute(insert(table), {**key, **values})


def equal(table: Table, key: Mapping[str, str | int]) -> list[ColumnElement[bool]]:
    """The condition that columns have these values."""
    return [table.c[name] == value for name, value in key.items()]
