"""remove-host: forget a host that is in no cluster; with --purge, leave nothing of ours on it."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

from aksprov.errors import DefinitionError, ExitCode, HostError
from aksprov.model.desired import Snapshot
from aksprov.model.host import Host
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.model.row import row_of
from aksprov.model.transport import Connection
from aksprov.planning.quarantine import left_on, quarantined_hosts
from aksprov.planning.removal import EPOCH_UNTIL_BOOT, HOME, make_removal, plan_removal
from aksprov.rollout.runner import Fleet
from aksprov.state import Store, open_store
from aksprov.state.process import this_holder
from aksprov.transport.windows.connection import WindowsConnection
from aksprov.workflows.bring_up.end_kubernetes import end_kubernetes
from aksprov.workflows.bring_up.long_step import Holder
from aksprov.workflows.cluster_apply import Reservation
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.contact import contact
from aksprov.workflows.deliver import deliver
from aksprov.workflows.host_quarantine import free
from aksprov.workflows.host_removal import read_host
from aksprov.workflows.host_view import clusters_by_host, find_host
from aksprov.workflows.prepare.uninstall import uninstall
from aksprov.workflows.run_lease import kept_alive
from aksprov.workflows.session import Session

# what has nothing in it by now, but for what a removal leaves until the next boot
_LAST: Final = f"rm -f {EPOCH_UNTIL_BOOT}; rmdir /run/aksprov {HOME} 2>/dev/null; true"


def run(request: Request, session: Session) -> Outcome:
    """Take the host and its facts out of the inventory; only --purge touches the host itself.

    Raises:
        DefinitionError: HostInCluster, HostIsJumpHost, HostQuarantined.
        NotFoundError: HostNotFound.
        UsageError: ConfirmationNeeded.
        BusyError: HostsLocked, another run is changing it.
    """
    store = open_store(session.state_url)
    host = _removable(request, store.snapshot())
    purge, force = request.flag("purge"), request.flag("force")
    what = " and what aksprov left on it" if purge else ""
    if not confirmed(request, session, f"Remove host {host.name} ({host.address}){what} from the inventory?"):
        return Outcome(notes=(f"host {host.name} stays",))
    error = asyncio.run(_purge(store, session, host)) if purge else None
    rows = (row_of(error, host=host.name),) if error else ()
    if error and not force:
        return Outcome(rows=rows, notes=(f"host {host.name} stays in the inventory",), exit_code=error.exit_code)
    with store.write() as transaction:
        key = _removable(request, transaction.snapshot()).key
        free(transaction, key)
        transaction.remove_host(key)
    done = "nothing of aksprov is on it" if purge and not error else "nothing on it was changed"
    return Outcome(rows=rows, notes=(f"host {host.name} removed from the inventory; {done}",), exit_code=ExitCode.OK)


def _removable(request: Request, snapshot: Snapshot) -> Host:
    host = find_host(request.need("name"), snapshot)
    clusters = clusters_by_host(snapshot).get(host.key)
    if clusters:
        raise DefinitionError(
            "HostInCluster",
            f"host {host.name} cannot be removed",
            where=f"host {host.name}",
            why=f"it is in cluster {', '.join(clusters)}",
            fix="remove the cluster first; it gives its hosts back",
        )
    behind = sorted(h.name for h in snapshot.hosts.values() if (h.jump_host or "").lower() == host.key)
    if behind:
        raise DefinitionError(
            "HostIsJumpHost",
            f"host {host.name} cannot be removed",
            where=f"host {host.name}",
            why=f"it is the jump host of {', '.join(behind)}",
            fix="give them another one with set-host --jump-host, or remove them first",
        )
    if host.key in quarantined_hosts(snapshot) and not (request.flag("purge") or request.flag("force")):
        raise DefinitionError(
            "HostQuarantined",
            f"host {host.name} cannot be removed",
            where=f"host {host.name}",
            why="it left its cluster without an answer, and may still use that cluster's addresses",
            fix="clean it with --purge; when it never comes back, --force gives its addresses to others",
        )
    return host


async def _purge(store: Store, session: Session, host: Host) -> HostError | None:
    """Take everything of ours off the host; why it could not be done."""
    snapshot = store.snapshot()
    held = _reserve(store, session, host)
    async with Fleet({host.key: host}, contact(session, store), session.events) as fleet:

        async def clean(connection: Connection) -> None:
            left = await read_host(connection, held.state_id)
            holder = Holder(run=held.run, state_id=held.state_id, epoch=held.epochs[host.key])
            if left.kubernetes:
                await end_kubernetes(connection, holder)
                left = await read_host(connection, held.state_id)
            async with store.journal.steps_of(held.run, held.epochs) as steps:
                for cluster in left.clusters or ("",):
                    waves = {host.key: 1}
                    plan = plan_removal("remove-host", cluster, (f"host/{host.name}",), (), {host.key: left}, waves)
                    for change in plan.hosts:
                        epoch = held.epochs[host.key]
                        vips = tuple(x.address for x in snapshot.leases if x.purpose == "vip")
                        delivery = make_removal(cluster, change, left, vips, state_id=held.state_id, epoch=epoch)
                        await deliver(connection, delivery, change, session, steps)
                    left = await read_host(connection, held.state_id)
            if not isinstance(connection, WindowsConnection):
                await uninstall(connection, holder)
                await connection.run(_LAST)
            elif why := await connection.forget():
                raise _not_clean(host, why)
            still = left_on(host.key, left.seen, snapshot)
            if left.seen.manifest or still:
                raise _not_clean(host, ", ".join(still) or "files of aksprov")

        async with kept_alive(store, held.epochs, session.lease_terms):
            await fleet.each([host.key], clean)
            with store.write(held.epochs) as transaction:
                transaction.runs.finish(held.run, "failed" if fleet.failures else "done")
                transaction.host_leases.give_back(held.epochs)
        return fleet.failures.get(host.key)


def _reserve(store: Store, session: Session, host: Host) -> Reservation:
    owner = f"host/{host.name}"
    digest = hashlib.sha256(f"remove-host {owner}".encode()).hexdigest()
    with store.write() as transaction:
        run = transaction.runs.begin("remove-host", [owner], digest, digest)
        epochs = transaction.host_leases.take([host.key], this_holder(run), session.lease_terms)
        return Reservation(run=run, state_id=transaction.snapshot().state_id, epochs=epochs)


def _not_clean(host: Host, what: str) -> HostError:
    return HostError(
        "HostNotClean",
        f"host {host.name} is not clean",
        where=f"host {host.name}",
        why=f"it still has {what}",
        fix="stop keepalived on the host (systemctl stop keepalived), then run the same command again",
    )
