"""What is SQLite's own: making a state in a file, opening it, copying it."""

from __future__ import annotations

import glob
import os
import sqlite3
import uuid
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from aksprov.errors import StateError
from aksprov.state import place
from aksprov.state.copying import write_file
from aksprov.state.failures import damaged
from aksprov.state.migration import fill
from aksprov.state.sqlite_failures import reported

# An execution option of ours: how a transaction begins.
_BEGIN: Final = "aksprov_begin"
_FINDINGS: Final = 5  # of an integrity check that are shown


class SqliteBackend:
    """A state in a file on a local disk.

    Connections are opened when they are needed and closed when this is dropped.

    Args:
        path: absolute and without links.
        patience: seconds to wait for another command's write.
    """

    def __init__(self, path: Path, patience: float) -> None:
        self.location = str(path)
        self._path = path
        self._patience = patience
        self._engine: Engine | None = None

    def exists(self) -> bool:
        """Whether the file is there."""
        return place.exists(self._path)

    def make(self, state_id: str) -> bool:
        """Make an empty state, whole or not at all."""
        return make_state(self._path, state_id)

    def check_writable(self) -> None:
        """Refuse a file, or a folder, that cannot be written."""
        place.check_writable(self._path)

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[Connection]:
        """A transaction; one that writes has the write lock from its beginning.

        One that read first and wrote later could meet another writer's changes between the two
        (SQLITE_BUSY_SNAPSHOT), and waiting would not help it.
        """
        engine = self._opened().execution_options(**{_BEGIN: "BEGIN IMMEDIATE" if write else "BEGIN"})
        with reported(self._path), engine.begin() as connection:
            yield connection

    def patient(self, seconds: float) -> SqliteBackend:
        """The same file."""
        return SqliteBackend(self._path, seconds)

    def hold(self, memory: sqlite3.Connection) -> None:
        """Copy the file into a database in memory, and look at every page of the copy."""
        with reported(self._path):
            with closing(self._read_only()) as file:
                file.backup(memory)
            found = [row[0] for row in memory.execute(f"PRAGMA integrity_check({_FINDINGS})")]
            if found != ["ok"]:
                raise damaged(self.location, "; ".join(" ".join(line.split()) for line in found))
            memory.execute("SELECT * FROM meta")  # it is ours

    def keep(self, connection: Connection, version: int) -> Path:
        """Write the backup beside the file."""
        target = self._path.with_name(f"{self._path.name}.schema-{version}.backup")
        with closing(self._read_only()) as file:
            write_file(file, target)
        return target

    def move_aside(self) -> str:
        """Rename the file, its log first: a log must never meet another state."""
        aside = self._path.with_name(f"{self._path.name}.damaged-{uuid.uuid4().hex[:8]}")
        for end in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                self._path.with_name(self._path.name + end).rename(aside.with_name(aside.name + end))
        return str(aside)

    def _opened(self) -> Engine:
        if self._engine is None:
            place.refuse_network_file_system(self._path)
            self._engine = open_engine(self._path, self._patience)
            weakref.finalize(self, self._engine.dispose)
        return self._engine

    def _read_only(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)


def open_engine(path: Path, patience: float) -> Engine:
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
    engine = open_engine(draft, 0)
    try:
        with engine.begin() as connection:
            fill(connection, state_id)
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
