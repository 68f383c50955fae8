"""Nodes leave a cluster: drained and deleted there, then their hosts are as they were found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from aksprov.errors import ExitCode, HostError
from aksprov.model.base import Value
from aksprov.model.cluster import Cluster, ClusterStatus, Node
from aksprov.model.desired import Snapshot
from aksprov.model.host_lease import Epochs
from aksprov.model.outcome import Outcome
from aksprov.model.plan import HostPlan, Plan, PlannedAddress
from aksprov.model.quarantine import quarantine_key
from aksprov.model.request import Request
from aksprov.model.row import Row, row_of
from aksprov.model.transport import Connection
from aksprov.planning.leaving import Group, nodes_that_leave
from aksprov.planning.quarantine import Quarantine, end_of
from aksprov.planning.removal import END_KUBERNETES, Leftover, make_removal, plan_removal
from aksprov.rollout.runner import Fleet
from aksprov.state import StepWriter, Store
from aksprov.state.process import this_holder
from aksprov.workflows.bring_up.end_kubernetes import end_kubernetes
from aksprov.workflows.bring_up.leave_cluster import DELETE, DRAIN, REMOVE_MEMBER, delete, drain, remove_member
from aksprov.workflows.bring_up.steps import Steps
from aksprov.workflows.cluster_plan import failure_rows
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.contact import contact
from aksprov.workflows.deliver import deliver
from aksprov.workflows.get_cluster import refuse_leaving
from aksprov.workflows.host_quarantine import keep
from aksprov.workflows.host_removal import read_host
from aksprov.workflows.run_lease import kept_alive
from aksprov.workflows.session import Session
from aksprov.workflows.unchanged import check_unchanged

# How a host fails that is off, or cut off; one that answers and refuses us may be at work.
_SILENCE: Final = ("HostUnreachable", "HostTimeout")


class _Leaving(Value, frozen=True, kw_only=True):
    """What is known before nodes leave.

    Args:
        wanted: the definition without them.
        nodes: those that leave, in their order.
        found: what the hosts have that answer, by key; others than those that leave are among them.
        silent: why the others do not answer, of those that leave.
        asked: the control plane that stays and answers; None where there is none, or Kubernetes was not started.
        refused: why the nodes cannot leave, by host.
    """

    wanted: Cluster
    nodes: tuple[Node, ...]
    found: dict[str, Leftover]
    silent: dict[str, HostError]
    asked: Node | None
    refused: dict[str, HostError]

    @property
    def hosts(self) -> list[str]:
        """Keys of the hosts that leave and answer, in their order."""
        return [node.host for node in self.nodes if node.host not in self.silent]


async def take_out(
    request: Request, session: Session, store: Store, wanted: Cluster, groups: Iterable[Group]
) -> Outcome | tuple[Row, ...]:
    """Drain the nodes that leave and take the cluster off their hosts.

    A host that does not answer leaves first: nothing is done on it, and its address stays in quarantine.

    Args:
        wanted: the definition without them, recorded once they are gone.
        groups: the nodes that are too many, among those that stay.

    Returns:
        Rows of what was left behind when the rest of the cluster can follow; else how the command ends.

    Raises:
        UsageError: ConfirmationNeeded.
        BusyError: HostsLocked.
    """
    snapshot = store.snapshot()
    async with Fleet(snapshot.hosts, contact(session, store), session.events) as fleet:
        leaving = await _look(fleet, snapshot, wanted, tuple(groups))
    plan = _plan(request, leaving, snapshot)
    if request.flag("whatIf"):
        return Outcome(plan=plan, rows=_rows(leaving), exit_code=ExitCode.WOULD_CHANGE)
    if leaving.refused:
        return Outcome(rows=_rows(leaving), exit_code=ExitCode.FAILED)
    if not confirmed(request, session, _question(leaving)):
        return Outcome(notes=(f"cluster {wanted.name} keeps {', '.join(node.name for node in leaving.nodes)}",))
    async with Fleet(snapshot.hosts, contact(session, store), session.events) as fleet:
        await _carry_out(request, session, store, fleet, snapshot, leaving, plan)
        if fleet.failures:
            return Outcome(rows=failure_rows(fleet, wanted.name), exit_code=ExitCode.FAILED)
    return _rows(leaving)


async def _look(fleet: Fleet, snapshot: Snapshot, wanted: Cluster, groups: tuple[Group, ...]) -> _Leaving:
    """See who answers, and choose who leaves."""

    async def read(connection: Connection) -> Leftover:
        return await read_host(connection, snapshot.state_id)

    started = snapshot.statuses.get(wanted.key, ClusterStatus()).started
    planes = [n for n in snapshot.nodes if n.cluster == wanted.key and n.role == "control-plane"] if started else []
    found = await fleet.each({node.host for node in (*planes, *(n for g in groups for n in g.nodes))}, read)
    silent = {key: error for key, error in fleet.failures.items() if error.code in _SILENCE}
    nodes = nodes_that_leave(groups, silent)
    keys = {node.host for node in nodes}
    staying = sorted((n for n in planes if n.host not in keys), key=lambda node: node.index)
    asked = next((node for node in staying if node.host in found), None)
    needed = keys if asked or not started else keys | {node.host for node in staying}
    return _Leaving(
        wanted=wanted,
        nodes=nodes,
        found=found,
        silent={key: error for key, error in silent.items() if key in keys},
        asked=asked,
        refused={
            key: error
            for key, error in fleet.failures.items()
            if key in needed and (key not in silent or key not in keys)
        },
    )


def _question(leaving: _Leaving) -> str:
    names = ", ".join(node.name for node in leaving.nodes)
    text = f"Drain {names}, take cluster {leaving.wanted.name} off them and give their addresses back?"
    if not leaving.silent:
        return text
    return (
        f"Warning: {', '.join(sorted(leaving.silent))} does not answer. It leaves the cluster all the same, with pods "
        f"that may still run there, and its address stays in quarantine until it is seen clean.\n{text}"
    )


def _rows(leaving: _Leaving) -> tuple[Row, ...]:
    """A row for each host that leaves without an answer, and for each that stops it all."""
    refused = (row_of(error, host=key, cluster=leaving.wanted.name) for key, error in sorted(leaving.refused.items()))
    left_behind = (
        Row(
            test_name="HostClean",
            category="Removal",
            test_result="Warning",
            details=f"it does not answer as it leaves ({error.what}): what it has of the cluster stays on it, and its "
            "address in quarantine",
            recommendation=f"when it is back: aksprov remove-host --name {key} --purge, then add it again",
            host=key,
            cluster=leaving.wanted.name,
        )
        for key, error in sorted(leaving.silent.items())
    )
    return (*left_behind, *refused)


def _plan(request: Request, leaving: _Leaving, snapshot: Snapshot) -> Plan:
    key, hosts = leaving.wanted.key, leaving.hosts
    owners = {f"host/{host}" for host in hosts}
    addresses = (
        PlannedAddress(address=x.address, network=x.network, owner=x.owner)
        for x in snapshot.leases
        if x.cluster == key and x.owner in owners
    )
    found = {host: leaving.found[host] for host in hosts if host in leaving.found}
    return plan_removal(
        request.verb, key, (f"cluster/{leaving.wanted.name}",), addresses, found, dict.fromkeys(hosts, 1)
    )


async def _carry_out(
    request: Request, session: Session, store: Store, fleet: Fleet, snapshot: Snapshot, leaving: _Leaving, plan: Plan
) -> None:
    wanted = leaving.wanted
    status = snapshot.statuses.get(wanted.key, ClusterStatus())
    hosts = [*leaving.hosts, *([leaving.asked.host] if leaving.asked else [])]
    run, epochs = _reserve(request, session, store, snapshot, wanted, hosts)
    session.events.run = run
    async with kept_alive(store, epochs, session.lease_terms):
        async with store.journal.steps_of(run, epochs) as journal:
            steps = Steps(fleet, session.events, journal, plan.hash, run, snapshot.state_id, epochs)
            if leaving.asked is not None:
                await _say_goodbye(steps, leaving.asked, leaving)
            if not fleet.failures:
                await _clean(steps, session, leaving, journal, {host.name: host for host in plan.hosts})
        with store.write(epochs) as transaction:
            if fleet.failures:
                error = "failed: " + ", ".join(sorted(fleet.failures))
                failed = msgspec.structs.replace(status, state="Failed", details="nodes are leaving", error=error)
                transaction.put_status(wanted.key, failed)
            else:
                kept = _quarantine(leaving, transaction.snapshot())
                transaction.put_cluster(wanted)
                transaction.forget_nodes(wanted.key, [node.host for node in leaving.nodes])
                transaction.put_status(wanted.key, status)
                keep(transaction, kept)
            transaction.runs.finish(run, "failed" if fleet.failures else "done")
            transaction.host_leases.give_back(epochs)


async def _say_goodbye(steps: Steps, asked: Node, leaving: _Leaving) -> None:
    """One node after the other, as each needs room for its pods elsewhere, and etcd a majority each time."""
    for node in leaving.nodes:
        silent = node.host in leaving.silent
        await steps.one(asked.host, *((DELETE, delete(asked, node)) if silent else (DRAIN, drain(asked, node))))
        if node.role == "control-plane":
            await steps.one(asked.host, REMOVE_MEMBER, remove_member(asked, node))


async def _clean(
    steps: Steps, session: Session, leaving: _Leaving, journal: StepWriter, changes: dict[str, HostPlan]
) -> None:
    """Kubernetes ends on the hosts that answer, then all that is of the cluster goes."""
    found, key = leaving.found, leaving.wanted.key
    await steps.each([host for host in leaving.hosts if found[host].kubernetes], END_KUBERNETES, end_kubernetes)

    async def clean(connection: Connection) -> None:
        host = connection.host.key
        delivery = make_removal(key, changes[host], found[host], (), state_id=steps.state_id, epoch=steps.epochs[host])
        await deliver(connection, delivery, changes[host], session, journal)

    await steps.fleet.each([host for host in leaving.hosts if host in changes], clean)


def _quarantine(leaving: _Leaving, snapshot: Snapshot) -> Quarantine:
    """What stays taken: of the hosts that did not answer now, and of those that did not before."""
    key = leaving.wanted.key
    before = {node.host for node in snapshot.nodes if node.cluster == quarantine_key(key)}
    return end_of(key, {*leaving.silent, *before}, snapshot)


def _reserve(
    request: Request, session: Session, store: Store, planned: Snapshot, wanted: Cluster, hosts: list[str]
) -> tuple[str, Epochs]:
    """Take the hosts that leave, and the one that is asked.

    Raises:
        BusyError: HostsChanged, another run has changed the cluster since it was looked at; HostsLocked.
    """
    digest = hashlib.sha256(f"{request.verb} {wanted.key} {' '.join(hosts)}".encode()).hexdigest()
    with store.write() as transaction:
        now = transaction.snapshot()
        refuse_leaving(wanted.key, now)
        check_unchanged(wanted.key, hosts, planned.epochs, planned, now)
        status = now.statuses.get(wanted.key, ClusterStatus())
        scaling = msgspec.structs.replace(status, state="Scaling", details="nodes are leaving", error="")
        transaction.put_status(wanted.key, scaling)
        run = transaction.runs.begin(request.verb, [f"cluster/{wanted.name}"], digest, digest)
        return run, transaction.host_leases.take(hosts, this_holder(run), session.lease_terms)
