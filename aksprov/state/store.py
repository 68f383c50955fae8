"""The state: what is recorded, and the transactions that change it.

Only values of ``aksprov.model`` go in and come out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from aksprov.model.desired import Snapshot
from aksprov.model.host_lease import Epochs, HostLease, LeaseTerms
from aksprov.state.backend import open_backend
from aksprov.state.backup import Backup, hold
from aksprov.state.copying import not_written
from aksprov.state.database import Database
from aksprov.state.host_leases import HostLeases, read_held
from aksprov.state.journal import Journal
from aksprov.state.reading import read_snapshot
from aksprov.state.sqlite import SqliteBackend
from aksprov.state.transaction import Transaction

PATIENCE: Final = 20.0
"""Seconds that a command waits for another one's write, which takes milliseconds, before it gives up."""

RENEWAL_PATIENCE: Final = 5.0
"""Seconds that a renewal waits for another command's write: a run that ends waits for one that is under way."""


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


def open_store(url: str | None = None, *, clock: Callable[[], datetime] = utc_now, patience: float = PATIENCE) -> Store:
    """The state at ``url``, at AKSPROV_STATE, or at the default place.

    Nothing is read or made yet.

    Args:
        url: a path or a connection URI of libpq (postgresql://...); None for AKSPROV_STATE, else
            aksprov/state.db in the user's state folder.
        clock: current time in UTC, for the journal and leases of hosts.
        patience: seconds to wait for another command's write.

    Raises:
        NotAvailableError: PostgresqlNotInstalled.
        StateError: StateUrlUnknown, StateFolderUnusable.
    """
    return Store(Database(open_backend(url, patience)), clock)


class Store:
    """One state.  A missing one reads as empty; the first write makes it.

    Attributes:
        location: its path, or its URL without any secret.
        journal: the record of runs and steps.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.location = database.location
        self.journal = Journal(database, clock)
        self._database = database
        self._clock = clock

    @property
    def created(self) -> bool:
        """Whether this object made the state."""
        return self._database.created

    @property
    def file(self) -> Path | None:
        """Its file; None where it is in a database that others use, too."""
        return Path(self.location) if isinstance(self._database.backend, SqliteBackend) else None

    def snapshot(self) -> Snapshot:
        """Everything that is recorded, at one moment.

        Raises:
            StateError, BusyError: the state is there and cannot be used.
        """
        return self._database.read(lambda c: Snapshot() if c is None else read_snapshot(c, self.location))

    def hold(self) -> AbstractContextManager[Backup]:
        """One moment of it, held in memory, to look at or to move to another state.

        Raises:
            NotFoundError: StateNotFound.
            StateError: what is wrong with the state, as a backup of a damaged one is none.
        """
        return hold(self._database.backend)

    def back_up(self, target: Path) -> None:
        """Write a copy of one moment to a file, whole or not at all; only its owner may read it.

        Raises:
            NotFoundError: StateNotFound.
            StateError: BackupNotWritten, or what is wrong with the state.
        """
        state = Path(self.location)
        with self.hold() as content:
            if state.exists() and target.exists() and target.samefile(state):
                raise not_written(target, "it is the state itself")
            content.write_to(target)

    def restore(self, backup: Backup) -> None:
        """Replace everything that is recorded by what a backup has, in one transaction; a missing state is made.

        Raises:
            HostsLockedError: HostsLocked, a run is going on.
            StateError, BusyError: the state cannot be used or made.
        """

        def replace(connection: Connection) -> None:
            leases = HostLeases(connection, self._clock)
            leases.check_free(lease.host for lease in leases.held())
            backup.put_into(connection)

        self._database.write(replace)

    def receive(self, content: Backup) -> None:
        """Record everything that another state has, in one transaction; a missing state is made.

        Raises:
            DefinitionError: StateNotEmpty.
            StateError, BusyError: the state cannot be used or made.
        """
        self._database.write(lambda connection: content.move_into(connection, self.location))

    def move_aside(self) -> str:
        """Give a state that cannot be used another name; which one.

        Raises:
            NotAvailableError: StateNotMoved, it is in a database that is not ours alone.
        """
        return self._database.backend.move_aside()

    def host_leases(self) -> tuple[HostLease, ...]:
        """Which run holds which host, by host; leases that have expired are among them."""
        return self._database.read(lambda c: () if c is None else read_held(c))

    def check_free(self, hosts: Iterable[str]) -> None:
        """Refuse hosts that a run holds which goes on.

        Raises:
            HostsLockedError: HostsLocked.
        """
        wanted = tuple(hosts)

        def check(connection: Connection | None) -> None:
            if connection is not None:
                HostLeases(connection, self._clock).check_free(wanted)

        self._database.read(check)

    @contextmanager
    def write(self, fence: Epochs | None = None) -> Iterator[Transaction]:
        """One write transaction: all of it is stored when the block ends, nothing when it raises.

        The state is made here if there is none.  So that a refused request leaves none
        behind, check it against :meth:`snapshot` first, and again inside.

        Args:
            fence: the epochs under which the run that writes holds its hosts, once it holds some.

        Raises:
            RunFencedError: RunFenced, the run has lost one of them.
            StateError, BusyError: the state cannot be used or made.
        """
        with self._database.writing() as connection:
            transaction = Transaction(connection, self.location, self._clock)
            if fence:
                transaction.host_leases.check(fence)
            yield transaction

    def renew(self, epochs: Epochs, terms: LeaseTerms) -> None:
        """Make a run's leases of hosts last for another while.

        Raises:
            RunFencedError: RunFenced.
            StateError, BusyError: the state cannot be written.
        """
        impatient = Database(self._database.backend.patient(RENEWAL_PATIENCE))
        impatient.write(lambda connection: HostLeases(connection, self._clock).renew(epochs, terms))
