"""What can be wrong with a state in a file, told from what SQLite says and from what the file shows."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError

from aksprov.errors import AksprovError, StateError
from aksprov.state import place
from aksprov.state.failures import RESTORE, busy, foreign

_ROOM: Final = 1 << 20  # bytes; the least that a write needs beside the state, with some to spare
# SQLite's primary result codes (https://www.sqlite.org/rescode.html) -> code, why, fix
_REASONS: Final[dict[int, tuple[str, str, str]]] = {
    sqlite3.SQLITE_NOTADB: (
        "StateNotDatabase",
        "the file is not a database",
        "give the path of a state; if this was one, restore it from a backup",
    ),
    sqlite3.SQLITE_CORRUPT: ("StateDamaged", "the database is damaged", RESTORE),
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
        try:
            # without the frames that hold it, which would keep the connection open
            raise translated from error.with_traceback(None)
        finally:
            del translated


def _translated(path: Path, error: BaseException | None) -> AksprovError | None:
    primary = getattr(error, "sqlite_errorcode", -1) & 0xFF  # the rest of the code is detail
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return busy(str(path))
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return place.read_only(path, f"{error}; even reading makes two more files beside it")
    if primary == sqlite3.SQLITE_IOERR and shutil.disk_usage(path.parent).free < _ROOM:
        primary = sqlite3.SQLITE_FULL  # its shared memory had no room, which SQLite calls an I/O error
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) and _is_cut(path):
        return _truncated(path)
    if primary in _REASONS:
        code, why, fix = _REASONS[primary]
        return StateError(code, "the state cannot be used", where=str(path), why=why, fix=fix)
    if primary == sqlite3.SQLITE_ERROR and "no such table" in str(error):
        why = f"it is a database of another program ({error})"
        return _truncated(path) if _is_cut(path) else foreign(str(path), why)
    return None


def _truncated(path: Path) -> StateError:
    return StateError(
        "StateTruncated",
        "the state cannot be used",
        where=str(path),
        why=f"the file was cut off: {path.stat().st_size} bytes are left",
        fix=RESTORE,
    )


def _is_cut(path: Path) -> bool:
    """Whether the file is shorter than its own header says (https://www.sqlite.org/fileformat2.html, 1.3)."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(100)
    except OSError:
        return False
    if not header or (header.startswith(b"SQLite format 3") and len(header) < 100):
        return True
    page_size, pages = int.from_bytes(header[16:18]), int.from_bytes(header[28:32])
    return header.startswith(b"SQLite format 3") and size < (65536 if page_size == 1 else page_size) * pages
