"""Transactions on one state, whatever they are for and wherever it is."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection

from aksprov.errors import StateError
from aksprov.state.backend import Backend
from aksprov.state.failures import LostError, older
from aksprov.state.migration import upgrade
from aksprov.state.reading import read_meta, version_of
from aksprov.state.schema import SCHEMA_VERSION

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Database:
    """A state that is made by its first write, and brought to this version by its first use.

    Attributes:
        backend: the database that it is in.
        created: whether this object made it.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.created = False
        self._current = False

    @property
    def location(self) -> str:
        """What the state is called."""
        return self.backend.location

    @contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """A read transaction, of one moment; None while there is no state."""
        if not self.backend.exists():
            yield None
            return
        self._bring_up_to_date()
        with self.backend.transaction(write=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction; the state is made when there is none.

        Whether it is still of this version is for whoever writes to see (``read_meta``).
        """
        if self.backend.exists():
            self.backend.check_writable()
        else:
            self.created = self.backend.make(uuid.uuid4().hex)
        self._bring_up_to_date()
        with self.backend.transaction(write=True) as connection:
            yield connection

    def read(self, work: Callable[[Connection | None], _T]) -> _T:
        """What ``work`` makes of a read transaction; it is called again when the database was lost in its middle."""
        return _once_more(lambda: self._read(work))

    def write(self, work: Callable[[Connection], _T]) -> _T:
        """What ``work`` makes of a write transaction; it is called again when the database was lost in its middle."""
        return _once_more(lambda: self._write(work))

    def _read(self, work: Callable[[Connection | None], _T]) -> _T:
        with self.reading() as connection:
            return work(connection)

    def _write(self, work: Callable[[Connection], _T]) -> _T:
        with self.writing() as connection:
            read_meta(connection, self.location)
            return work(connection)

    def _bring_up_to_date(self) -> None:
        """Upgrade a state of an older version, once, and only after a backup of it was written."""
        if self._current:
            return
        with self.backend.transaction(write=False) as connection:
            version = version_of(read_meta(connection, self.location))
        if version < SCHEMA_VERSION:
            self._upgrade(version)
        self._current = True

    def _upgrade(self, version: int) -> None:
        self.backend.check_writable()
        try:
            with self.backend.transaction(write=True) as connection:
                if version_of(read_meta(connection, self.location)) == SCHEMA_VERSION:
                    return  # another process was faster
                kept = self.backend.keep(connection, version)
                upgrade(connection)
        except StateError as error:
            if error.code not in ("StateNotPermitted", "StateReadOnly"):
                raise
            raise older(self.location, version, SCHEMA_VERSION, error.why) from error
        versions = f"schema {version} to {SCHEMA_VERSION}"
        _log.warning("the state %s was upgraded from %s; as it was: %s", self.location, versions, kept)


def _once_more(attempt: Callable[[], _T]) -> _T:
    try:
        return attempt()
    except LostError:
        return attempt()  # which waits until the database is back
