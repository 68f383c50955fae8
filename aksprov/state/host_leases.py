"""Which run may change which host: leases with an epoch, in the state.

A host is held by one run at a time.  A lease that was not renewed in time, or whose process is gone, goes
to whoever asks next, with the next epoch; whoever had it is told so at its next write, and the host
itself refuses its epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from aksprov.errors import BusyError
from aksprov.model.host_lease import Epochs, Holder, HostLease, LeaseTerms
from aksprov.state import rows, schema
from aksprov.state.process import is_gone

GIVEN_BACK: Final = "given back"
_MANY: Final = 5  # names that an error lists


class HostsLockedError(BusyError):
    """A run that goes on holds hosts that another one wants."""


class RunFencedError(BusyError):
    """A run writes that does not hold its hosts any more."""


class HostLeases:
    """The leases of one transaction.

    Args:
        connection: of the transaction.
        clock: current time in UTC.
    """

    def __init__(self, connection: Connection, clock: Callable[[], datetime]) -> None:
        self._connection = connection
        self._clock = clock

    def held(self) -> tuple[HostLease, ...]:
        """Every lease that has not ended, by host; expired ones are among them."""
        return read_held(self._connection)

    def check_free(self, hosts: Iterable[str]) -> None:
        """Refuse hosts that a run holds which goes on.

        Raises:
            HostsLockedError: HostsLocked.
        """
        self._check_free(rows.found(self._connection, schema.host_leases, "host", hosts))

    def take(self, hosts: Iterable[str], holder: Holder, terms: LeaseTerms) -> dict[str, int]:
        """Take every one of ``hosts`` or none; expired leases are taken over.

        Returns:
            host -> epoch, the next one of each: 1, 2, 3 ...

        Raises:
            HostsLockedError: HostsLocked.
        """
        wanted = sorted(set(hosts))
        known = rows.found(self._connection, schema.host_leases, "host", wanted)
        self._check_free(known)
        now = self._clock()
        # of a run that goes on after it was killed, hosts that have nothing more to change
        mine = [_lease(row) for row in rows.read(self._connection, schema.host_leases, run=holder.run, ended="")]
        done = [lease for lease in mine if lease.host not in wanted and is_over(lease, now)]
        self.give_back({lease.host: lease.epoch for lease in done})
        epochs = self._next_epochs(wanted)
        taken = [
            {
                "host": host,
                "epoch": epoch,
                "run": holder.run,
                "owner": holder.owner,
                "process": holder.process,
                "taken": _text(now),
                "renewed": _text(now),
                "expires": _text(now + timedelta(seconds=terms.expire_seconds)),
                "ended": "",
            }
            for host, epoch in epochs.items()
        ]
        rows.change(self._connection, schema.host_leases, "host", [row for row in taken if row["host"] in known])
        rows.add(self._connection, schema.host_leases, [row for row in taken if row["host"] not in known])
        return epochs

    def check(self, epochs: Epochs) -> None:
        """Refuse a run that has lost one of its hosts.

        Raises:
            RunFencedError: RunFenced, naming the run that took over.
        """
        recorded = rows.found(self._connection, schema.host_leases, "host", epochs)
        lost = [
            _lease(of_host[0])
            for host, of_host in recorded.items()
            if of_host[0]["epoch"] != epochs[host] or of_host[0]["ended"]
        ]
        if lost or len(recorded) != len(epochs):
            raise _fenced(lost, epochs)

    def renew(self, epochs: Epochs, terms: LeaseTerms) -> None:
        """Make the leases last for another while.

        Raises:
            RunFencedError: RunFenced.
        """
        self.check(epochs)
        now = self._clock()
        times = {"renewed": _text(now), "expires": _text(now + timedelta(seconds=terms.expire_seconds))}
        rows.change(self._connection, schema.host_leases, "host", [{"host": host, **times} for host in epochs])

    def give_back(self, epochs: Epochs) -> None:
        """End those of the leases that are still the run's own."""
        self._end(((host, epoch) for host, epoch in epochs.items()), GIVEN_BACK)

    def break_all(self, leases: Iterable[HostLease], owner: str) -> None:
        """End leases of others; ``owner`` is who does so, for the run that had them."""
        self._end(((lease.host, lease.epoch) for lease in leases), f"broken by {owner}")

    def raise_epochs(self, epochs: Epochs) -> None:
        """Never give out an epoch that is not higher than these, which hosts have seen."""
        known = rows.found(self._connection, schema.host_epochs, "host", epochs)
        for host, epoch in epochs.items():
            if host not in known or known[host][0]["epoch"] < epoch:
                rows.put(self._connection, schema.host_epochs, {"host": host}, {"epoch": epoch})

    def _check_free(self, recorded: Mapping[str, Sequence[rows.Row]]) -> None:
        now = self._clock()
        leases = [_lease(row) for of_host in recorded.values() for row in of_host]
        busy = [lease for lease in leases if not lease.ended and not is_over(lease, now)]
        if busy:
            raise _locked(busy, now)

    def _next_epochs(self, hosts: Sequence[str]) -> dict[str, int]:
        known = rows.found(self._connection, schema.host_epochs, "host", hosts)
        epochs = {host: known[host][0]["epoch"] + 1 if host in known else 1 for host in hosts}
        counted = [{"host": host, "epoch": epoch} for host, epoch in epochs.items()]
        rows.change(self._connection, schema.host_epochs, "host", [row for row in counted if row["host"] in known])
        rows.add(self._connection, schema.host_epochs, [row for row in counted if row["host"] not in known])
        return epochs

    def _end(self, leases: Iterable[tuple[str, int]], how: str) -> None:
        columns = schema.host_leases.c
        mine = (columns.host == bindparam("of_host"), columns.epoch == bindparam("of_epoch"), columns.ended == "")
        ending = [{"of_host": host, "of_epoch": epoch} for host, epoch in leases]
        if ending:
            self._connection.execute(update(schema.host_leases).where(*mine).values(ended=how), ending)


def read_held(connection: Connection) -> tuple[HostLease, ...]:
    """Every lease that has not ended, by host."""
    columns = schema.host_leases.c
    query = select(schema.host_leases).where(columns.ended == "").order_by(columns.host)
    return tuple(_lease(dict(row)) for row in connection.execute(query).mappings())


def is_over(lease: HostLease, now: datetime) -> bool:
    """Whether the next run may take the host: it was not renewed in time, or its process is gone."""
    return lease.expires <= now or is_gone(lease.holder.process)


def _lease(row: rows.Row) -> HostLease:
    times = {name: datetime.fromisoformat(row[name]) for name in ("taken", "renewed", "expires")}
    holder = Holder(run=row["run"], owner=row["owner"], process=row["process"])
    return HostLease(host=row["host"], epoch=row["epoch"], holder=holder, ended=row["ended"], **times)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _locked(busy: Sequence[HostLease], now: datetime) -> HostsLockedError:
    first = busy[0]
    return HostsLockedError(
        "HostsLocked",
        f"another run is changing {_names([lease.host for lease in busy])}",
        where=f"hosts {_names([lease.host for lease in busy])}",
        why=f"run {first.holder.run} of {first.holder.owner} has held them for {first.held_for(now):.0f} s "
        f"and said so {first.silent_for(now):.0f} s ago",
        fix=f"wait for it to end (aksprov get-lock); if it hangs: aksprov break-lock --run {first.holder.run}",
    )


def _fenced(lost: Sequence[HostLease], epochs: Epochs) -> RunFencedError:
    others = [lease for lease in lost if lease.epoch != epochs[lease.host]]
    if others:
        first = others[0]
        why = (
            f"run {first.holder.run} of {first.holder.owner} took them over at {_text(first.taken)},"
            " as this one had not renewed its lease in time"
        )
    elif lost:
        why = f"its lease was {lost[0].ended}"
    else:
        why = "the state holds no such lease any more; it was restored from a backup, or replaced"
    names = _names([lease.host for lease in lost] or sorted(epochs))
    return RunFencedError(
        "RunFenced",
        "this run does not hold its hosts any more and stops",
        where=f"hosts {names}",
        why=why,
        fix="see what the other run did (aksprov get-lock, get-cluster), then give the command again",
    )


def _names(hosts: Sequence[str]) -> str:
    rest = len(hosts) - _MANY
    return ", ".join(hosts[:_MANY]) + (f" and {rest} more" if rest > 0 else "")
