"""Workers leave a cluster: drained and deleted there, then their hosts are as they were found."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from aksprov.errors import ExitCode
from aksprov.model.cluster import Cluster, ClusterStatus, Node
from aksprov.model.desired import Snapshot
from aksprov.model.host_lease import Epochs
from aksprov.model.outcome import Outcome
from aksprov.model.plan import Plan, PlannedAddress
from aksprov.model.request import Request
from aksprov.model.transport import Connection
from aksprov.planning.removal import END_KUBERNETES, Leftover, make_removal, plan_removal
from aksprov.rollout.runner import Fleet
from aksprov.state import Store
from aksprov.state.process import this_holder
from aksprov.workflows.bring_up.end_kubernetes import end_kubernetes
from aksprov.workflows.bring_up.long_step import Holder, long_step
from aksprov.workflows.bring_up.scripts import script
from aksprov.workflows.bring_up.steps import Steps
from aksprov.workflows.cluster_plan import failure_rows
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.contact import contact
from aksprov.workflows.deliver import deliver
from aksprov.workflows.host_removal import read_host
from aksprov.workflows.run_lease import kept_alive
from aksprov.workflows.session import Session

DRAIN: Final = "drain-node"
DRAIN_SECONDS: Final = 600


async def take_out(
    request: Request, session: Session, store: Store, wanted: Cluster, leaving: tuple[Node, ...]
) -> Outcome | None:
    """Drain the nodes and take the cluster off their hosts; None when the rest of the cluster can follow.

    Args:
        wanted: the definition without them, recorded once they are gone.

    Raises:
        UsageError: ConfirmationNeeded.
        BusyError: HostsLocked.
    """
    snapshot = store.snapshot()
    names = ", ".join(node.name for node in leaving)
    question = f"Drain {names}, take cluster {wanted.name} off them and give their addresses back?"
    if not request.flag("whatIf") and not confirmed(request, session, question):
        return Outcome(notes=(f"cluster {wanted.name} keeps {names}",))
    keys = [node.host for node in leaving]
    async with Fleet(snapshot.hosts, contact(session, store), session.events) as fleet:

        async def read(connection: Connection) -> Leftover:
            return await read_host(connection, snapshot.state_id)

        found = await fleet.each(keys, read)
        plan = _plan(request, wanted, leaving, snapshot, found)
        if request.flag("whatIf"):
            return Outcome(plan=plan, rows=failure_rows(fleet, wanted.name), exit_code=ExitCode.WOULD_CHANGE)
        if fleet.failures:
            return _stopped(fleet, wanted)
        await _carry_out(request, session, store, fleet, snapshot, wanted, leaving, found, plan)
        return _stopped(fleet, wanted) if fleet.failures else None


def _plan(
    request: Request, wanted: Cluster, leaving: tuple[Node, ...], snapshot: Snapshot, found: dict[str, Leftover]
) -> Plan:
    owners = {f"host/{node.host}" for node in leaving}
    addresses = (
        PlannedAddress(address=x.address, network=x.network, owner=x.owner)
        for x in snapshot.leases
        if x.cluster == wanted.key and x.owner in owners
    )
    waves = {node.host: 1 for node in leaving}
    return plan_removal(request.verb, wanted.key, (f"cluster/{wanted.name}",), addresses, found, waves)


async def _carry_out(
    request: Request,
    session: Session,
    store: Store,
    fleet: Fleet,
    snapshot: Snapshot,
    wanted: Cluster,
    leaving: tuple[Node, ...],
    found: dict[str, Leftover],
    plan: Plan,
) -> None:
    status = snapshot.statuses.get(wanted.key, ClusterStatus())
    planes = [n for n in snapshot.nodes if n.cluster == wanted.key and n.role == "control-plane"]
    first = min(planes, key=lambda node: node.index)
    keys = [node.host for node in leaving]
    run, epochs = _reserve(request, session, store, wanted, status, [first.host, *keys] if status.started else keys)
    session.events.run = run
    changes = {host.name: host for host in plan.hosts}
    async with kept_alive(store, epochs, session.lease_terms):
        async with store.journal.steps_of(run, epochs) as journal:
            steps = Steps(fleet, session.events, journal, plan.hash, run, snapshot.state_id, epochs)
            if status.started:
                for node in leaving:  # one after the other, as each needs room for its pods elsewhere
                    await steps.one(first.host, DRAIN, _drain(first, node))
                if fleet.failures:
                    return
            await steps.each([key for key in keys if found[key].kubernetes], END_KUBERNETES, end_kubernetes)

            async def clean(connection: Connection) -> None:
                key = connection.host.key
                left = found[key]
                delivery = make_removal(
                    wanted.key, changes[key], left, (), state_id=snapshot.state_id, epoch=epochs[key]
                )
                await deliver(connection, delivery, changes[key], session, journal)

            await fleet.each([key for key in keys if key in changes], clean)
        with store.write(epochs) as transaction:
            if not fleet.failures:
                transaction.put_cluster(wanted)
                transaction.forget_nodes(wanted.key, keys)
            transaction.runs.finish(run, "failed" if fleet.failures else "done")
            transaction.host_leases.give_back(epochs)


def _reserve(
    request: Request, session: Session, store: Store, wanted: Cluster, status: ClusterStatus, hosts: list[str]
) -> tuple[str, Epochs]:
    digest = hashlib.sha256(f"{request.verb} {wanted.key} {' '.join(hosts)}".encode()).hexdigest()
    with store.write() as transaction:
        scaling = msgspec.structs.replace(status, state="Scaling", details="nodes are leaving", error="")
        transaction.put_status(wanted.key, scaling)
        run = transaction.runs.begin(request.verb, [f"cluster/{wanted.name}"], digest, digest)
        return run, transaction.host_leases.take(hosts, this_holder(run), session.lease_terms)


def _drain(first: Node, node: Node) -> Callable[[Connection, Holder], Awaitable[None]]:
    async def action(connection: Connection, holder: Holder) -> None:
        text = script("drain", values={"address": first.address, "node": node.name})
        await long_step(connection, holder, DRAIN, text, seconds=DRAIN_SECONDS)

    return action


def _stopped(fleet: Fleet, wanted: Cluster) -> Outcome:
    return Outcome(rows=failure_rows(fleet, wanted.name), exit_code=ExitCode.FAILED)
