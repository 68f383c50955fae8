"""The state: what is recorded, and the transactions that change it.

Only values of ``aksprov.model`` go in and come out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from aksprov.model.desired import Snapshot
from aksprov.model.host_lease import Epochs, HostLease, LeaseTerms
from aksprov.state.backup import Backup, back_up, move_aside
from aksprov.state.database import Database
from aksprov.state.host_leases import HostLeases, read_held
from aksprov.state.journal import Journal
from aksprov.state.place import state_path
from aksprov.state.reading import read_snapshot
from aksprov.state.sqlite import PATIENCE
from aksprov.state.transaction import Transaction

RENEWAL_PATIENCE: Final = 5.0
"""Seconds that a renewal waits for another command's write: a run that ends waits for one that is under way."""


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


def open_store(url: str | None = None, *, clock: Callable[[], datetime] = utc_now, patience: float = PATIENCE) -> Store:
    """The state at ``url``, at AKSPROV_STATE, or at the default place.

    Nothing is read or made yet.

    Args:
        url: a path; None for AKSPROV_STATE, else aksprov/state.db in the user's state folder.
        clock: current time in UTC, for the journal and leases of hosts.
        patience: seconds to wait for another command's write.

    Raises:
        NotAvailableError: PostgresqlNotAvailable.
        StateError: StateUrlUnknown, StateFolderUnusable.
    """
    return Store(Database(state_path(url), patience), clock)


class Store:
    """One state.  A missing one reads as empty; the first write makes it.

    Attributes:
        location: its path.
        journal: the record of runs and steps.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.location = str(database.path)
        self.journal = Journal(database, clock)
        self._database = database
        self._clock = clock

    @property
    def created(self) -> bool:
        """Whether this object made the state."""
        return self._database.created

    def snapshot(self) -> Snapshot:
        """Everything that is recorded, at one moment.

        Raises:
            StateError, BusyError: the state is there and cannot be used.
        """
        with self._database.reading() as connection:
            return Snapshot() if connection is None else read_snapshot(connection, self._database.path)

    def back_up(self, target: Path) -> None:
        """Write a copy of one moment to a file, whole or not at all.

        Raises:
            NotFoundError: StateNotFound.
            StateError: BackupNotWritten, or what is wrong with the state.
        """
        back_up(self._database.path, target)

    def restore(self, backup: Backup) -> None:
        """Replace everything that is recorded by what a backup has, in one transaction; a missing state is made.

        Raises:
            HostsLockedError: HostsLocked, a run is going on.
            StateError, BusyError: the state cannot be used or made.
        """
        with self._database.writing() as connection:
            leases = HostLeases(connection, self._clock)
            leases.check_free(lease.host for lease in leases.held())
            backup.put_into(connection)

    def move_aside(self) -> str:
        """Give a state that cannot be used another name; which one."""
        return str(move_aside(self._database.path))

    def host_leases(self) -> tuple[HostLease, ...]:
        """Which run holds which host, by host; leases that have expired are among them."""
        with self._database.reading() as connection:
            return () if connection is None else read_held(connection)

    def check_free(self, hosts: Iterable[str]) -> None:
        """Refuse hosts that a run holds which goes on.

        Raises:
            HostsLockedError: HostsLocked.
        """
        with self._database.reading() as connection:
            if connection is not None:
                HostLeases(connection, self._clock).check_free(hosts)

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
            transaction = Transaction(connection, self._database.path, self._clock)
            if fence:
                transaction.host_leases.check(fence)
            yield transaction

    def renew(self, epochs: Epochs, terms: LeaseTerms) -> None:
        """Make a run's leases of hosts last for another while.

        Raises:
            RunFencedError: RunFenced.
            StateError, BusyError: the state cannot be written.
        """
        with Database(self._database.path, RENEWAL_PATIENCE).writing() as connection:
            HostLeases(connection, self._clock).renew(epochs, terms)
