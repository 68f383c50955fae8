"""Reading and writing rows of a table: the few statements that every part of a transaction needs.

Each kind of statement is built once for a table and its columns: building one takes longer than SQLite needs for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Insert, Select, Table, Update, bindparam, insert, select, update

Row = dict[str, Any]

_AT_ONCE: Final = 500  # values in one statement; SQLite's own limit is 32,766 (999 before 3.32)


def read(connection: Connection, table: Table, **key: str | int) -> list[Row]:
    """The rows whose columns have these values."""
    return [dict(row) for row in connection.execute(_reading(table, tuple(key)), _where(key)).mappings()]


def found(connection: Connection, table: Table, column: str, values: Iterable[str], **key: str) -> dict[str, list[Row]]:
    """Rows by the value of a column that have one of ``values``, some at a time as statements have limits."""
    rows: dict[str, list[Row]] = {}
    ordered = sorted(set(values))
    statement = _finding(table, column, tuple(key))
    for start in range(0, len(ordered), _AT_ONCE):
        among = {"among": ordered[start : start + _AT_ONCE], **_where(key)}
        for row in connection.execute(statement, among).mappings():
            rows.setdefault(row[column], []).append(dict(row))
    return rows


def add(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, if there are any."""
    if rows:
        connection.execute(_adding(table), rows)


def change(connection: Connection, table: Table, key: str, rows: Sequence[Row], **also: str) -> None:
    """Give the rows that have the ``key`` columns of these the other values of these, if there are any.

    Args:
        also: further columns that those rows must have these values in.
    """
    if rows:
        values = tuple(name for name in rows[0] if name != key)
        statement, where = _changing(table, (key, *also), values), _where(also)
        connection.execute(statement, [{**row, f"old_{key}": row[key], **where} for row in rows])


def put(connection: Connection, table: Table, key: Mapping[str, str], values: Mapping[str, str | int]) -> None:
    """Change the row of that key, or add it."""
    # two statements, as the one that does both is spelled differently by each database
    changing = _changing(table, tuple(key), tuple(values))
    if connection.execute(changing, {**_where(key), **values}).rowcount == 0:
        connection.execute(_adding(table), {**key, **values})


def _where(key: Mapping[str, str | int]) -> dict[str, str | int]:
    return {f"old_{name}": value for name, value in key.items()}


@cache
def _reading(table: Table, key: tuple[str, ...]) -> Select[Any]:
    return select(table).where(*_equal(table, key))


@cache
def _finding(table: Table, column: str, key: tuple[str, ...]) -> Select[Any]:
    return select(table).where(table.c[column].in_(bindparam("among", expanding=True)), *_equal(table, key))


@cache
def _adding(table: Table) -> Insert:
    return insert(table)


@cache
def _changing(table: Table, key: tuple[str, ...], values: tuple[str, ...]) -> Update:
    return update(table).where(*_equal(table, key)).values({name: bindparam(name) for name in values})


def _equal(table: Table, key: Iterable[str]) -> list[ColumnElement[bool]]:
    """The condition that columns have the values of an execution's ``old_`` parameters."""
    return [table.c[name] == bindparam(f"old_{name}") for name in key]
