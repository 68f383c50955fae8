"""Backups: the state copied while others write it, and put back as one transaction.

SQLite's online backup (https://www.sqlite.org/backup.html) gives one moment of the state.  A restore is a write
transaction like any other, so a kill leaves the state as it was, and nobody who reads it sees half of it.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, create_engine, delete, select
from sqlalchemy.pool import StaticPool

from aksprov.errors import NotFoundError, StateError
from aksprov.state import place, rows
from aksprov.state.failures import damaged, reported
from aksprov.state.reading import read_meta, read_snapshot
from aksprov.state.schema import host_epochs, host_leases, metadata, objects, restored_hosts
from aksprov.state.sqlite import upgrade

_ROWS: Final = 1000  # copied at once
_FINDINGS: Final = 5  # of an integrity check that are shown


def back_up(path: Path, target: Path) -> None:
    """Write the state at ``path`` to ``target``, whole or not at all; only its owner may read it.

    Raises:
        NotFoundError: StateNotFound.
        StateError: BackupNotWritten; what is wrong with the state, as a backup of a damaged one is none.
    """
    with open_backup(path):
        pass  # it is ours and whole
    if target.exists() and target.samefile(path):
        raise _not_written(target, "it is the state itself")
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}.new")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(_open(path)) as state, closing(sqlite3.connect(draft)) as copy:
            state.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # all of it in the one file
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise _not_written(target, getattr(error, "strerror", None) or str(error)) from error
    finally:
        for left in target.parent.glob(f"{draft.name}*"):
            with suppress(OSError):
                left.unlink()


class Backup:
    """A state or a backup, as it was when it was opened.

    Attributes:
        snapshot: everything that it records.
    """

    def __init__(self, copy: Connection, path: Path) -> None:
        self.snapshot = read_snapshot(copy, path)
        self._copy = copy

    def put_into(self, connection: Connection) -> None:
        """Replace everything in a state by what the backup has, its identity included.

        Hosts may have been changed since the backup was made: none of its leases holds, and each of its
        hosts counts as not looked at.

        Args:
            connection: a write transaction of the state.
        """
        for table in metadata.sorted_tables:
            connection.execute(delete(table))
            if table not in (host_leases, restored_hosts):
                for part in self._copy.execute(select(table)).mappings().partitions(_ROWS):
                    rows.add(connection, table, [dict(row) for row in part])
        recorded = select(objects.c.key).where(objects.c.kind == "host").union(select(host_epochs.c.host))
        hosts = connection.execute(recorded).scalars().all()
        rows.add(connection, restored_hosts, [{"host": host} for host in hosts])


@contextmanager
def open_backup(path: Path) -> Iterator[Backup]:
    """A backup, or a state, held in memory with the tables of this version; the file itself is not touched.

    Raises:
        NotFoundError: StateNotFound.
        StateError: StateDamaged, StateTruncated, StateNotDatabase, StateForeign, StateNewer ...
    """
    if not place.exists(path):
        raise NotFoundError(
            "StateNotFound",
            "there is no such state",
            where=str(path),
            why="no file of that name is there",
            fix=f"give the path of one, by {place.ENVIRONMENT} for the state",
        )
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    engine = create_engine("sqlite://", creator=lambda: memory, poolclass=StaticPool)
    try:
        with reported(path):
            with closing(_open(path)) as file:
                file.backup(memory)
            _check_integrity(memory, path)
            with engine.begin() as connection:
                read_meta(connection, path)
                upgrade(connection)
                yield Backup(connection, path)
    finally:
        engine.dispose()


def move_aside(path: Path) -> Path:
    """Give a state that cannot be used another name, its log first: a log must never meet another state.

    Returns:
        Its new path.
    """
    aside = path.with_name(f"{path.name}.damaged-{uuid.uuid4().hex[:8]}")
    for end in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).rename(aside.with_name(aside.name + end))
    return aside


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)


def _check_integrity(connection: sqlite3.Connection, path: Path) -> None:
    found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_FINDINGS})")]
    if found != ["ok"]:
        raise damaged(path, "; ".join(" ".join(line.split()) for line in found))


def _not_written(target: Path, why: str) -> StateError:
    return StateError(
        "BackupNotWritten",
        "the backup was not written",
        where=str(target),
        why=why,
        fix="give a path in a folder with room that this user may write",
    )
