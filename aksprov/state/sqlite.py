"""What is SQLite's own: making a state and opening it."""

from __future__ import annotations

import glob
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event, update
from sqlalchemy.pool import QueuePool

from aksprov.errors import StateError
from aksprov.state import place
from aksprov.state.failures import reported
from aksprov.state.schema import SCHEMA_VERSION, STATE_ID, VERSION, meta, metadata

PATIENCE: Final = 20.0
"""Seconds that a command waits for another one's write, which takes milliseconds, before it gives up."""

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


def upgrade(connection: Connection) -> None:
    """Add the tables that the state of an older version lacks; so far nothing else has changed."""
    metadata.create_all(connection)
    connection.execute(update(meta).where(meta.c.name == VERSION).values(value=str(SCHEMA_VERSION)))


def make_state(path: Path, state_id: str) -> bool:
    """Make an empty state, whole or not at all.

    It is made beside its place and appears there by a link, which fails where another
    process was faster; then that process's state is used.

    Returns:
        Whether this call made it.

    Raises:
        StateError: StateReadOnly, StateFolderUnusable, StateDiskFull, StateDiskError, StateLogOrphaned.
    """
    place.make_folder(path)
    place.refuse_network_file_system(path)
    place.check_writable(path)
    _refuse_orphaned_log(path)
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


def _refuse_orphaned_log(path: Path) -> None:
    """A log without its state would be read into the new one, and spoil it (https://www.sqlite.org/howtocorrupt.html)."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size and not path.exists():
        raise StateError(
            "StateLogOrphaned",
            "there is the log of a state without the state",
            where=str(log),
            why=f"{path.name} was removed or moved without it, and it would spoil a new one",
            fix=f"put {path.name} back beside it, or move the log away, too",
        )


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
