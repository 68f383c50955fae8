"""Rows from one database to another, and a copy as a file."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, Table, create_engine, inspect, select
from sqlalchemy.pool import StaticPool

from aksprov.errors import StateError
from aksprov.state import rows
from aksprov.state.schema import metadata

_ROWS: Final = 1000  # copied at once


def copy_rows(source: Connection, target: Connection, tables: Iterable[Table]) -> None:
    """Add every row of tables to empty ones.  Rows that are numbered keep their order, not their numbers."""
    for table in tables:
        numbered = "id" in table.c
        query = select(*(column for column in table.c if column.name != "id"))
        ordered = query.order_by(table.c.id) if numbered else query
        for part in source.execute(ordered, execution_options={"yield_per": _ROWS}).mappings().partitions():
            rows.add(target, table, [dict(row) for row in part])


def copy_as_it_is(source: Connection, memory: sqlite3.Connection) -> None:
    """Copy a state, which may be of an older version, into an empty database in memory."""
    there = set(inspect(source).get_table_names())
    tables = [table for table in metadata.sorted_tables if table.name in there]
    with engine_on(memory).begin() as target:
        metadata.create_all(target, tables)
        copy_rows(source, target, tables)


def engine_on(memory: sqlite3.Connection) -> Engine:
    """An engine for a database in memory, which lives as long as its connection: neither is closed by the engine."""
    return create_engine("sqlite://", creator=lambda: memory, poolclass=StaticPool)


def write_file(source: sqlite3.Connection, target: Path) -> None:
    """Write one moment of a database to a file, whole or not at all; only its owner may read it.

    SQLite's online backup gives the moment (https://www.sqlite.org/backup.html).

    Raises:
        StateError: BackupNotWritten.
    """
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}.new")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(draft)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # all of it in the one file
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise not_written(target, getattr(error, "strerror", None) or str(error)) from error
    finally:
        for left in target.parent.glob(f"{draft.name}*"):
            with suppress(OSError):
                left.unlink()


def not_written(target: Path, why: str) -> StateError:
    """The error for a backup that could not be written to a file."""
    return StateError(
        "BackupNotWritten",
        "the backup was not written",
        where=str(target),
        why=why,
        fix="give a path in a folder with room that this user may write",
    )
