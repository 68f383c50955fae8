"""The databases that a state may be in: a file, or PostgreSQL."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from sqlalchemy import Connection

from aksprov.errors import StateError
from aksprov.state.place import ENVIRONMENT, file_path
from aksprov.state.postgresql import PostgresqlBackend
from aksprov.state.sqlite import SqliteBackend

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://?")
_POSTGRESQL: Final = ("postgresql://", "postgres://")  # as libpq has it


class Backend(Protocol):
    """One database, and what is its own.  Whatever goes wrong in it is raised as one of our errors.

    Attributes:
        location: what the state is called, without any secret.
    """

    location: str

    def exists(self) -> bool:
        """Whether there is a state."""
        ...

    def make(self, state_id: str) -> bool:
        """Make an empty state, whole or not at all; False where another process was faster."""
        ...

    def check_writable(self) -> None:
        """Refuse a state that is known to be read-only before a transaction begins."""
        ...

    def transaction(self, *, write: bool) -> AbstractContextManager[Connection]:
        """A transaction on the state that is there.

        One that reads sees one moment and waits for nobody.  One that writes is alone from its beginning to
        its end; it is stored when the block ends, and nothing of it when the block raises.

        Raises:
            BusyError: StateBusy, another one that writes did not end in time.
            LostError: StateAway, the database went away meanwhile; nothing was stored.
            StateError: what is wrong with the database.
        """
        ...

    def patient(self, seconds: float) -> Backend:
        """The same one, for transactions that wait so long for another one that writes."""
        ...

    def hold(self, memory: sqlite3.Connection) -> None:
        """Copy one moment of the whole state, which may be of an older version, into a database in memory."""
        ...

    def keep(self, connection: Connection, version: int) -> Path:
        """Write a backup of the state as it is before an upgrade; where to.

        Args:
            connection: of the transaction that is going to upgrade it.
            version: of its schema.
        """
        ...

    def move_aside(self) -> str:
        """Give a state that cannot be used another name; which one."""
        ...


def open_backend(url: str | None, patience: float) -> Backend:
    """What a state's place means.

    Args:
        url: a path or a connection URI of libpq (postgresql://...); None for AKSPROV_STATE, else
            aksprov/state.db in the user's state folder.  An empty AKSPROV_STATE counts as none.
        patience: seconds to wait for another command's write.

    Raises:
        NotAvailableError: PostgresqlNotInstalled.
        StateError: StateUrlUnknown, StateFolderUnusable.
    """
    text = url or os.environ.get(ENVIRONMENT) or ""
    if text.startswith(_POSTGRESQL):
        return PostgresqlBackend(text, patience)
    if _SCHEME.match(text):
        raise StateError(
            "StateUrlUnknown",
            "this is not a place for a state",
            where=f"{ENVIRONMENT}: {_without_secrets(text)}",
            why="a state is a file, given by its path, or on PostgreSQL: postgresql://HOST/DATABASE",
            fix=f"give one of these, or unset {ENVIRONMENT} for the default file",
        )
    return SqliteBackend(file_path(text), patience)


def has_password(url: str) -> bool:
    """Whether the place of a state carries a password.

    Raises:
        NotAvailableError: PostgresqlNotInstalled.
        StateError: StateUrlUnknown.
    """
    return url.startswith(_POSTGRESQL) and PostgresqlBackend(url, 0).has_password


def _without_secrets(url: str) -> str:
    """Scheme and host of a URL; its user and password are not shown."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname or ''}"
    except ValueError:  # a bracket that is not closed
        return "a URL"
