"""What is PostgreSQL's own: reaching a state in a database that a team shares, making it, writing it alone.

psycopg is imported when a connection is opened, as it is an extra.
"""

from __future__ import annotations

import logging
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import QueuePool

from aksprov.errors import NotAvailableError, StateError
from aksprov.state import place
from aksprov.state.copying import copy_as_it_is, write_file
from aksprov.state.failures import LostError, foreign
from aksprov.state.migration import fill
from aksprov.state.postgresql_failures import AwayError, parse, reported, why_refused
from aksprov.state.schema import STATE_ID, meta

if TYPE_CHECKING:
    import psycopg

AWAY_PATIENCE: Final = 60.0
"""Seconds that a command waits for a database that does not answer: a restart or a failover takes less."""
_PAUSE: Final = 1.0  # seconds between two attempts to reach it

# The lock of whoever writes a state, on top of the database's own: any number that other programs do not use.
_LOCK: Final = 0x616B7370726F76  # "aksprov"
# What the URL may say otherwise.  A peer that vanished without a word is noticed before a run's leases expire.
_DEFAULTS: Final[dict[str, Any]] = {
    "application_name": "aksprov",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

# One round trip: how long to wait, the lock, and the transaction's number, by which it is found again when its
# commit is not answered.  The lock ends with the transaction, also where a pooler shares connections.
_BEGIN_WRITING: Final = text(
    "SELECT set_config('lock_timeout', :patience, true), pg_advisory_xact_lock(:lock), txid_current()"
)
_BEGIN_READING: Final = text("SET TRANSACTION READ ONLY")
_WHAT_IS_THERE: Final = text(
    """
    SELECT to_regclass('meta') IS NOT NULL AS ours, array(
        SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e') ORDER BY 1 LIMIT 5
    ) AS tables
    """
)

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class PostgresqlBackend:
    """A state in the current schema of a PostgreSQL database (10 or newer).

    Args:
        url: a connection URI of libpq; what it leaves out comes from PGHOST, PGPASSWORD, ~/.pgpass ...
        patience: seconds to wait for another command's write.
        away: seconds to wait for a database that does not answer.

    Raises:
        NotAvailableError: PostgresqlNotInstalled.
        StateError: StateUrlUnknown.
    """

    def __init__(self, url: str, patience: float, away: float = AWAY_PATIENCE) -> None:
        _refuse_without_driver()
        self._address = parse(url)
        self.location = self._address.location
        self._url = url
        self._patience = patience
        self._away = away
        self._engine: Engine | None = None
        self._there = False

    @property
    def has_password(self) -> bool:
        """Whether the URL carries one."""
        return bool(self._address.parameters.get("password"))

    def exists(self) -> bool:
        """Whether the tables are there; one of another program's is refused (StateForeign)."""
        if not self._there:
            with self.transaction(write=False) as connection:
                found = connection.execute(_WHAT_IS_THERE).one()
            self._there = found.ours
            if found.tables and not found.ours:
                raise foreign(self.location, f"the database has tables of another program: {', '.join(found.tables)}")
        return self._there

    def make(self, state_id: str) -> bool:
        """Make the tables, all or none."""
        with self.transaction(write=True) as connection:
            made = not connection.execute(_WHAT_IS_THERE).one().ours
            if made:
                fill(connection, state_id)
        self._there = True
        return made

    def check_writable(self) -> None:
        """Only a write shows it."""

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[Connection]:
        """A transaction; one that writes has the lock from its beginning."""
        connection, number = self._until_it_answers(lambda: self._begin(write=write))
        with connection:  # closed, so rolled back unless it was committed
            with reported(self._address, wrote=write):
                yield connection
            self._commit(connection, number)

    def patient(self, seconds: float) -> PostgresqlBackend:
        """The same database."""
        return PostgresqlBackend(self._url, seconds, self._away)

    def hold(self, memory: sqlite3.Connection) -> None:
        """Copy the tables into a database in memory."""
        with self.transaction(write=False) as connection:
            copy_as_it_is(connection, memory)

    def keep(self, connection: Connection, version: int) -> Path:
        """Write the backup into the user's state folder, named after the state."""
        state_id = connection.execute(meta.select().where(meta.c.name == STATE_ID)).one().value
        target = place.own_folder() / f"{state_id}.schema-{version}.backup"
        place.make_folder(target)
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        copy_as_it_is(connection, memory)
        write_file(memory, target)
        memory.close()
        return target

    def move_aside(self) -> str:
        """Refuse: other programs may use the database.

        Raises:
            NotAvailableError: StateNotMoved.
        """
        raise NotAvailableError(
            "StateNotMoved",
            "a state on PostgreSQL that cannot be read is not moved aside",
            where=self.location,
            why="its database is the team's, which may have other uses for it",
            fix=f"make an empty database, name it in {place.ENVIRONMENT}, and restore the backup into it",
        )

    def _opened(self) -> Engine:
        if self._engine is None:
            self._engine = create_engine(
                "postgresql+psycopg://",
                creator=self._connect,
                poolclass=QueuePool,
                pool_size=1,
                max_overflow=-1,
                use_native_hstore=False,  # spares a round trip
            )
            weakref.finalize(self, self._engine.dispose)
        return self._engine

    def _connect(self) -> psycopg.Connection[Any]:
        import psycopg

        parameters = {**_DEFAULTS, **self._address.parameters, "client_encoding": "utf8"}
        try:
            # no statement is prepared by name: a pooler may give each transaction another server
            return psycopg.connect(**parameters, prepare_threshold=None)
        except psycopg.Error as error:
            raise why_refused(self._address, error) from None  # its text was taken over without the password

    def _begin(self, *, write: bool) -> tuple[Connection, int]:
        """A connection with a transaction that has begun, and that transaction's number when it writes.

        The isolation of a write is READ COMMITTED on purpose: it sees what was committed while it waited for the lock.
        """
        isolation = "READ COMMITTED" if write else "REPEATABLE READ"
        patience = {"patience": f"{max(1, round(self._patience * 1000))}ms", "lock": _LOCK}
        with ExitStack() as on_failure, reported(self._address, wrote=write):
            connection = on_failure.enter_context(self._opened().connect())
            connection.execution_options(isolation_level=isolation)
            number = connection.execute(_BEGIN_WRITING, patience).one()[2] if write else 0
            if not write:
                connection.execute(_BEGIN_READING)
            on_failure.pop_all()
        return connection, number

    def _until_it_answers(self, attempt: Callable[[], _T]) -> _T:
        """What an attempt gives; while the database is away it is made again and again.

        Raises:
            StateError: StateAway.
        """
        began: float | None = None
        while True:
            try:
                result = attempt()
            except (AwayError, LostError) as error:
                why = error.why if isinstance(error, LostError) else str(error)
                now = time.monotonic()
                if began is None:
                    began = now
                    _log.warning("%s: %s; waiting for up to %.0f s", self.location, why, self._away)
                if now - began >= self._away:
                    raise self._is_away(why) from None
                time.sleep(min(_PAUSE, self._away))
            else:
                if began is not None:
                    _log.warning("%s answers again after %.0f s", self.location, time.monotonic() - began)
                return result

    def _is_away(self, why: str) -> StateError:
        return StateError(
            "StateAway",
            "the state's database cannot be reached",
            where=self.location,
            why=f"{why}; this was so for {self._away:.0f} s",
            fix="see that PostgreSQL runs there and this machine reaches it; then the same command goes on",
        )

    def _commit(self, connection: Connection, number: int) -> None:
        """Commit; where the answer does not come, ask for the transaction's fate when the database is back."""
        try:
            with reported(self._address, wrote=bool(number)):
                connection.commit()
        except LostError:
            if not number or not self._was_committed(number):
                raise

    def _was_committed(self, number: int) -> bool:
        # with the lock, as only then is the lost transaction over for the server, too
        with self.transaction(write=True) as connection:
            return connection.execute(text("SELECT txid_status(:number)"), {"number": number}).scalar() == "committed"


def _refuse_without_driver() -> None:
    try:
        import psycopg  # noqa: F401  # whether it can be: it may be there without libpq
    except ImportError as error:
        raise NotAvailableError(
            "PostgresqlNotInstalled",
            "a state on PostgreSQL needs psycopg",
            where=place.ENVIRONMENT,
            why=str(error).strip().splitlines()[0],
            fix="pip install 'aksprov[postgresql]'",
        ) from None
