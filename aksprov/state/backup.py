"""Backups: the state copied while others write it, and put back as one transaction.

A copy is of one moment of the state.  A restore is a write transaction like any other, so a kill leaves the state as
it was, and nobody who reads it sees half of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, delete, exists, select

from aksprov.errors import DefinitionError, NotFoundError
from aksprov.state import place, rows
from aksprov.state.backend import Backend
from aksprov.state.copying import copy_rows, engine_on, write_file
from aksprov.state.migration import upgrade
from aksprov.state.reading import read_meta, read_snapshot
from aksprov.state.schema import host_epochs, host_leases, meta, metadata, objects, restored_hosts
from aksprov.state.sqlite import SqliteBackend


class Backup:
    """A state or a backup, as it was when it was opened.

    Attributes:
        snapshot: everything that it records.
    """

    def __init__(self, copy: Connection, memory: sqlite3.Connection, location: str) -> None:
        self.snapshot = read_snapshot(copy, location)
        self._copy = copy
        self._memory = memory

    def write_to(self, target: Path) -> None:
        """Write it to a file, whole or not at all; only its owner may read it.

        Raises:
            StateError: BackupNotWritten.
        """
        write_file(self._memory, target)

    def put_into(self, connection: Connection) -> None:
        """Replace everything in a state by what the backup has, its identity included.

        Hosts may have been changed since the backup was made: none of its leases holds, and each of its
        hosts counts as not looked at.

        Args:
            connection: a write transaction of the state.
        """
        for table in metadata.sorted_tables:
            connection.execute(delete(table))
        kept = (table for table in metadata.sorted_tables if table not in (host_leases, restored_hosts))
        copy_rows(self._copy, connection, kept)
        recorded = select(objects.c.key).where(objects.c.kind == "host").union(select(host_epochs.c.host))
        hosts = connection.execute(recorded).scalars().all()
        rows.add(connection, restored_hosts, [{"host": host} for host in hosts])

    def move_into(self, connection: Connection, location: str) -> None:
        """Put all of it, its identity included, into a state that records nothing.

        Args:
            connection: a write transaction of the state.
            location: of that state.

        Raises:
            DefinitionError: StateNotEmpty.
        """
        for table in metadata.sorted_tables:
            if table is not meta and connection.execute(select(exists(select(table)))).scalar_one():
                raise DefinitionError(
                    "StateNotEmpty",
                    "the state that is copied to records something already",
                    where=location,
                    why=f"its table {table.name} has rows, and two states cannot become one",
                    fix="give a database or path where nothing is yet; to replace a state: aksprov state restore FILE",
                )
        connection.execute(delete(meta))
        copy_rows(self._copy, connection, metadata.sorted_tables)


@contextmanager
def open_backup(path: Path) -> Iterator[Backup]:
    """A backup, or a state in a file, held in memory with the tables of this version; the file itself is not touched.

    Raises:
        NotFoundError: StateNotFound.
        StateError: StateDamaged, StateTruncated, StateNotDatabase, StateForeign, StateNewer ...
    """
    with hold(SqliteBackend(path, 0)) as backup:
        yield backup


@contextmanager
def hold(backend: Backend) -> Iterator[Backup]:
    """One moment of a state, held in memory with the tables of this version.

    Raises:
        NotFoundError: StateNotFound.
        StateError: StateDamaged, StateTruncated, StateNotDatabase, StateForeign, StateNewer ...
    """
    if not backend.exists():
        raise NotFoundError(
            "StateNotFound",
            "there is no such state",
            where=backend.location,
            why="no file of that name is there, or no tables in that database",
            fix=f"give the place of one, by {place.ENVIRONMENT} for the state",
        )
    with closing(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)) as memory:
        backend.hold(memory)
        with engine_on(memory).connect() as connection:
            read_meta(connection, backend.location)
            upgrade(connection)
            yield Backup(connection, memory, backend.location)
