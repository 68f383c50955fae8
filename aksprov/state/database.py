"""Transactions on one state, whatever they are for."""

from __future__ import annotations

import uuid
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from aksprov.state import place
from aksprov.state.failures import reported
from aksprov.state.reading import is_current, read_meta
from aksprov.state.sqlite import make_state, open_engine, upgrade, writing


class Database:
    """Opens connections when they are needed and closes them when it is dropped.

    Attributes:
        path: of the state.
        created: whether this object made it.
    """

    def __init__(self, path: Path, patience: float) -> None:
        self.path = path
        self.created = False
        self._patience = patience
        self._engine: Engine | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """A read transaction, of one moment; None while there is no state."""
        if not place.exists(self.path):
            yield None
            return
        with reported(self.path), self._open().begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction; the state is made when there is none."""
        if place.exists(self.path):
            place.check_writable(self.path)
        else:
            self.created = make_state(self.path, uuid.uuid4().hex)
        with reported(self.path), writing(self._open()).begin() as connection:
            read_meta(connection, self.path)
            yield connection

    def _open(self) -> Engine:
        if self._engine is None:
            place.refuse_network_file_system(self.path)
            engine = open_engine(self.path, self._patience)
            weakref.finalize(self, engine.dispose)
            self._upgrade(engine)
            self._engine = engine
        return self._engine

    def _upgrade(self, engine: Engine) -> None:
        with reported(self.path):
            with engine.begin() as connection:
                if is_current(read_meta(connection, self.path)):
                    return
            place.check_writable(self.path)
            with writing(engine).begin() as connection:
                upgrade(connection)
