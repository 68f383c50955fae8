"""What is SQLite's own: making a state, opening it, and saying what went wrong with it."""

from __future__ import annotations

import glob
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from aksprov.errors import AksprovError, BusyError, StateError
from aksprov.state import place
from aksprov.state.schema import SCHEMA_VERSION, STATE_ID, VERSION, meta, metadata

PATIENCE: Final = 20.0
"""Seconds that a command waits for another one's write, which takes milliseconds, before it gives up."""

_ROOM: Final = 1 << 20  # bytes; the least that a write needs beside the state, with some to spare

# An execution option of ours: how a transaction begins.
_BEGIN: Final = "aksprov_begin"


def open_engine(path: Path, patience: float = PATIENCE) -> Engine:
    """An engine for the state at ``path``; connections are opened when they are needed."""

    def connect() -> sqlite3.Connection:
        # mode=rw: a state that vanished meanwhile is an error, not a new empty one
        uri = f"{path.as_uri()}?mode=rw"
        return sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=1, max_overflow=-1)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # FULL: a committed lease is on the disk; with the write-ahead log that is one fsync a commit
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(str(connection.get_execution_options().get(_BEGIN, "BEGIN")))

    return engine


def writing(engine: Engine) -> Engine:
    """The same engine, whose transactions take the write lock at once.

    A transaction that read first and wrote later could meet another writer's changes
    between the two (SQLITE_BUSY_SNAPSHOT), and waiting would not help it.
    """
    return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def make_state(path: Path, state_id: str) -> bool:
    """Make an empty state, whole or not at all.

    It is made beside its place and appears there by a link, which fails where another
    process was faster; then that process's state is used.

    Returns:
        Whether this call made it.

    Raises:
        StateError: StateReadOnly, StateFolderUnusable, StateDiskFull, StateDiskError.
    """
    place.make_folder(path)
    place.refuse_network_file_system(path)
    place.check_writable(path)
    draft = path.with_name(f"{path.name}.{state_id}.new")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with reported(path):
            _fill(draft, state_id)
        return _publish(draft, path)
    except OSError as error:
        raise _cannot_make(path, error) from error
    finally:
        for left in path.parent.glob(f"{glob.escape(draft.name)}*"):
            with suppress(OSError):
                left.unlink()


def _fill(draft: Path, state_id: str) -> None:
    engine = open_engine(draft)
    rows = {VERSION: str(SCHEMA_VERSION), STATE_ID: state_id}
    try:
        with engine.begin() as connection:
            metadata.create_all(connection)
            connection.execute(meta.insert(), [{"name": name, "value": value} for name, value in rows.items()])
    finally:
        engine.dispose()
    # only now, so that what gets its name by a link is in this one file and not in a log beside it
    with closing(sqlite3.connect(draft)) as bare:
        bare.execute("PRAGMA journal_mode=WAL")  # stays with the file


def _publish(draft: Path, path: Path) -> bool:
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return True


def _cannot_make(path: Path, error: OSError) -> StateError:
    return StateError(
        "StateCannotBeMade",
        "the state could not be made",
        where=str(path),
        why=error.strerror or str(error),
        fix=f"set {place.ENVIRONMENT} to a path on a local disk with room, in a folder that this user may write",
    )


# SQLite's primary result codes (https://www.sqlite.org/rescode.html) -> code, why, fix
_REASONS: Final[dict[int, tuple[str, str, str]]] = {
    sqlite3.SQLITE_NOTADB: (
        "StateNotDatabase",
        "the file is not a database",
        "give the path of a state; if this was one, restore it from a backup",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "StateDamaged",
        "the database is damaged",
        "restore it from a backup; do not delete it, as it says which addresses are in use",
    ),
    sqlite3.SQLITE_FULL: ("StateDiskFull", "the disk is full", "make room; nothing of this command was stored"),
    sqlite3.SQLITE_IOERR: (
        "StateDiskError",
        "the disk reported an error",
        "look at the system's log for the disk; nothing of this command was stored",
    ),
}


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn the database's errors into ours.

    Raises:
        BusyError: StateBusy.
        StateError: one of the codes above, StateReadOnly, StateForeign.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        translated = _translated(path, error.orig if isinstance(error, DBAPIError) else error)
        if translated is None:
            raise  # our bug
        raise translated from error


def _translated(path: Path, error: BaseException | None) -> AksprovError | None:
    primary = getattr(error, "sqlite_errorcode", -1) & 0xFF  # the rest of the code is detail
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return BusyError(
            "StateBusy",
            "another command is writing the state",
            where=str(path),
            why="it did not finish in time",
            fix="run the command again; if it stays so, look for an aksprov that hangs",
        )
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return place.read_only(path, f"{error}; even reading makes two more files beside it")
    if primary == sqlite3.SQLITE_IOERR and shutil.disk_usage(path.parent).free < _ROOM:
        primary = sqlite3.SQLITE_FULL  # its shared memory had no room, which SQLite calls an I/O error
    if primary in _REASONS:
        code, why, fix = _REASONS[primary]
        return StateError(code, "the state cannot be used", where=str(path), why=why, fix=fix)
    if primary == sqlite3.SQLITE_ERROR and "no such table" in str(error):
        return foreign(path, f"it is a database of another program ({error})")
    return None


def foreign(path: Path, why: str) -> StateError:
    """The error for a database that is not ours."""
    return StateError(
        "StateForeign",
        "this is not a state of aksprov",
        where=str(path),
        why=why,
        fix=f"set {place.ENVIRONMENT} to the path of a state, or to one where nothing is yet",
    )
