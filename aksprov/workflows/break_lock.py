"""break-lock: take hosts away from a run that hangs, or from a machine that is gone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aksprov.errors import NotFoundError
from aksprov.model.host_lease import HostLease
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.state.process import this_holder
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.get_lock import lock_objects
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Show whose it is, ask, and end the leases; the run that had them stops at its next step.

    Raises:
        NotFoundError: LockNotFound.
        UsageError: ConfirmationNeeded.
    """
    store = open_store(session.state_url)
    wanted = _chosen(request, store.host_leases())
    objects = lock_objects(store, wanted, session.clock())
    if not confirmed(request, session, "\n".join(_question(lock) for lock in objects)):
        return Outcome(notes=("nothing was changed",))
    with store.write() as transaction:
        # only what was shown: a run that took the host meanwhile keeps it
        transaction.host_leases.break_all(wanted, this_holder("").owner)
    return Outcome(objects=objects, notes=("the run stops at its next step; its hosts are free for another one",))


def _chosen(request: Request, held: Iterable[HostLease]) -> list[HostLease]:
    host, run_id = request.text("name"), request.text("run")
    if host is not None:
        found, what = [lease for lease in held if lease.host == host.lower()], f"no run holds host {host}"
    else:
        found, what = [lease for lease in held if lease.holder.run == run_id], f"no run {run_id} holds a host"
    if not found:
        raise NotFoundError(
            "LockNotFound",
            what,
            where="name" if host is not None else "run",
            why="it never did, or it has ended",
            fix="aksprov get-lock shows the runs that hold hosts",
        )
    return found


def _question(lock: dict[str, Any]) -> str:
    hosts = ", ".join(lock["Hosts"])
    state = "has expired" if lock["Expired"] else "is alive, and a host in the middle of a change stays so for a while"
    return f"Take {hosts} away from run {lock['Run']} of {lock['Owner']} ({lock['Verb']}), which {state}?"
