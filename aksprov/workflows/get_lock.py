"""get-lock: which run holds which hosts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from aksprov.model.host_lease import HostLease
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import Store, is_over, open_store
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Every run that holds hosts, the one that began first at the top; no host is contacted."""
    store = open_store(session.state_url)
    return Outcome(objects=lock_objects(store, store.host_leases(), session.clock()))


def lock_objects(store: Store, leases: Iterable[HostLease], now: datetime) -> tuple[dict[str, Any], ...]:
    """The properties of locks: an object for the leases that one process took for one run."""
    groups: dict[tuple[str, str], list[HostLease]] = {}
    for lease in sorted(leases, key=lambda lease: (lease.taken, lease.host)):
        groups.setdefault((lease.holder.run, lease.holder.owner), []).append(lease)
    runs = store.journal.runs(run for run, _ in groups)
    return tuple(_object(of_run, *runs.get(run, ("", ())), now) for (run, _), of_run in groups.items())


def _object(leases: list[HostLease], verb: str, objects: tuple[str, ...], now: datetime) -> dict[str, Any]:
    first = leases[0]
    return {
        "Run": first.holder.run,
        "Verb": verb,
        "Objects": list(objects),
        "Owner": first.holder.owner,
        "Hosts": [lease.host for lease in leases],
        "TakenAt": first.taken.isoformat(timespec="seconds"),
        "RenewedAt": max(lease.renewed for lease in leases).isoformat(timespec="seconds"),
        "AgeSeconds": int(first.held_for(now)),
        "Expired": all(is_over(lease, now) for lease in leases),
    }
