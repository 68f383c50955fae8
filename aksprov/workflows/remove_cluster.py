"""remove-cluster: take a cluster off its hosts, which are then as they were found."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from aksprov.errors import ExitCode, HostAuthError, HostError
from aksprov.model.base import Value
from aksprov.model.cluster import ClusterStatus
from aksprov.model.desired import Snapshot
from aksprov.model.host_lease import Epochs
from aksprov.model.outcome import Outcome
from aksprov.model.plan import Plan, PlannedAddress
from aksprov.model.quarantine import quarantine_key
from aksprov.model.request import Request
from aksprov.model.row import Result, Row, row_of
from aksprov.model.transport import Connection
from aksprov.planning.delivery import make_delivery
from aksprov.planning.quarantine import end_of
from aksprov.planning.removal import END_KUBERNETES, HOME, Leftover, make_removal, plan_removal
from aksprov.rollout.runner import Fleet
from aksprov.state import Store, open_store
from aksprov.state.process import this_holder
from aksprov.workflows import plan_file
from aksprov.workflows.bring_up.end_kubernetes import end_kubernetes
from aksprov.workflows.bring_up.steps import Steps
from aksprov.workflows.cluster_apply import Reservation
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.contact import contact
from aksprov.workflows.deliver import deliver
from aksprov.workflows.get_cluster import find_cluster
from aksprov.workflows.host_accounts import agreed, first_contact
from aksprov.workflows.host_facts import NOT_BUILT
from aksprov.workflows.host_quarantine import keep
from aksprov.workflows.host_removal import read_host
from aksprov.workflows.run_lease import kept_alive
from aksprov.workflows.session import Session
from aksprov.workflows.shared_removal import Staying, look_at_shared, with_staying
from aksprov.workflows.unchanged import check_unchanged


class _Leaving(Value, frozen=True, kw_only=True):
    """A cluster that is removed, or what is kept of one that was removed without some hosts.

    Args:
        waves: host key -> wave; load balancers give the VIP up before anything else goes.
        exists: the cluster is still recorded, not only its quarantine.
    """

    key: str
    name: str
    waves: dict[str, int]
    vips: tuple[str, ...]
    addresses: tuple[PlannedAddress, ...]
    exists: bool


@dataclass(frozen=True)
class _Run:
    """What the steps of one removal share."""

    request: Request
    session: Session
    store: Store
    fleet: Fleet
    leaving: _Leaving


def run(request: Request, session: Session) -> Outcome:
    """Ask, look at the hosts, take the cluster off them, and give its addresses back.

    Raises:
        NotFoundError: ClusterNotFound.
        UsageError: ConfirmationNeeded.
        BusyError: HostsLocked, HostsChanged: another run is changing one of the hosts, or just was.
        PlanStaleError: PlanStale.
        StateError: StateLacksClusters.
    """
    return asyncio.run(_remove(request, session))


async def _remove(request: Request, session: Session) -> Outcome:
    store = open_store(session.state_url)
    snapshot = store.snapshot()
    leaving = _find(request.need("name"), snapshot)
    if not request.flag("whatIf"):
        store.check_free(leaving.waves)
        if not confirmed(request, session, _question(leaving)):
            return Outcome(notes=(f"cluster {leaving.name} stays",))
    async with Fleet(snapshot.hosts, contact(session, store), session.events) as fleet:
        job = _Run(request, session, store, fleet, leaving)
        found = await _look(job, snapshot.state_id)
        objects = (f"cluster/{leaving.name}",)
        met = await first_contact(fleet, snapshot, store.snapshot, {key: left.seen for key, left in found.items()})
        found = {key: left for key, left in found.items() if key not in fleet.failures}
        staying = await look_at_shared(leaving.key, found, snapshot, fleet)
        found = {key: left for key, left in found.items() if key not in fleet.failures}
        plan = plan_removal(request.verb, leaving.key, objects, leaving.addresses, found, leaving.waves)
        plan = with_staying(plan, staying)
        plan_file.save_if_asked(plan, request)
        if request.flag("whatIf"):
            rows = (*met.rows, *_failure_rows(job))
            return Outcome(plan=plan, rows=rows, exit_code=_exit_code(job, ExitCode.WOULD_CHANGE))
        plan_file.expect(plan, request)
        if not agreed(request, session, store, met):
            return Outcome(rows=met.rows, notes=(f"cluster {leaving.name} stays",))
        known = {key: max(epoch, snapshot.epochs.get(key, 0)) for key, epoch in met.epochs.items()}
        return await _carry_out(job, plan, found, staying, snapshot, snapshot.epochs | known)


def _find(name: str, snapshot: Snapshot) -> _Leaving:
    kept = quarantine_key(name.lower())
    exists = name.lower() in snapshot.clusters or not any(n.cluster == kept for n in snapshot.nodes)
    cluster = find_cluster(name, snapshot) if exists else None
    keys = {name.lower(), kept}
    leases = [lease for lease in snapshot.leases if lease.cluster in keys]
    nodes = [node for node in snapshot.nodes if node.cluster in keys]
    first = {node.host for node in nodes if node.role == "load-balancer"}
    return _Leaving(
        key=name.lower(),
        name=cluster.name if cluster else name,
        waves={node.host: 1 if node.host in first else 2 for node in nodes},
        vips=tuple(lease.address for lease in leases if lease.purpose == "vip"),
        addresses=tuple(PlannedAddress(address=x.address, network=x.network, owner=x.owner) for x in leases),
        exists=exists,
    )


def _question(leaving: _Leaving) -> str:
    hosts = ", ".join(sorted(leaving.waves))
    return (
        f"Remove cluster {leaving.name} from {hosts}, and give {', '.join(leaving.vips) or 'its addresses'} back? "
        "Its files go or get their original back, HAProxy and keepalived are as they were found."
    )


async def _look(job: _Run, state_id: str) -> dict[str, Leftover]:
    """What each host that answers and is this state's has of the cluster."""

    async def read(connection: Connection) -> Leftover:
        return await read_host(connection, state_id)

    return await job.fleet.each(job.leaving.waves, read)


async def _carry_out(
    job: _Run,
    plan: Plan,
    found: dict[str, Leftover],
    staying: dict[str, Staying],
    planned: Snapshot,
    epochs: Epochs,
) -> Outcome:
    held = _reserve(job, plan, planned, epochs)
    job.session.events.run = held.run
    job.session.events.emit("run.started", text=f"{job.request.verb} {job.leaving.name}")
    async with kept_alive(job.store, held.epochs, job.session.lease_terms):
        await _roll_out(job, plan, found, staying, held)
        now = found | await _look_again(job, plan)
        rows = tuple(_row(job, key, found[key], now[key]) for key in sorted(now) if key not in job.fleet.failures)
        missing = {key for key, e in job.fleet.failures.items() if e.code != NOT_BUILT}
        missing |= {row.host for row in rows if row.test_result == "Failed"}
        ended = _record(job, held, now, missing)
    code = ExitCode.OK if ended else _exit_code(job, ExitCode.FAILED)
    job.session.events.emit("run.finished", text=f"{job.request.verb} {job.leaving.name}", data={"exitCode": int(code)})
    all_rows = (*rows, *_failure_rows(job))
    return Outcome(
        rows=tuple(map(_as_warning, all_rows)) if ended else all_rows,
        notes=(_note(job.leaving, missing, ended=ended),),
        exit_code=code,
    )


def _reserve(job: _Run, plan: Plan, planned: Snapshot, epochs: Epochs) -> Reservation:
    """Take all of the cluster's hosts for this run; from here on the cluster is Deleting.

    Also those that have nothing of it: another run may be about to give them something.

    Args:
        planned: what was recorded when the hosts were looked at.
        epochs: those that the hosts had then.

    Raises:
        BusyError: HostsChanged, another run has changed the cluster since; HostsLocked.
    """
    leaving = job.leaving
    digest = hashlib.sha256(f"{job.request.verb} {leaving.key}".encode()).hexdigest()
    with job.store.write() as transaction:
        now = transaction.snapshot()
        check_unchanged(leaving.key, leaving.waves, epochs, planned, now)
        if leaving.exists:
            status = ClusterStatus(state="Deleting", details="being taken off its hosts")
            transaction.put_status(leaving.key, status)
        run = transaction.runs.begin(job.request.verb, [f"cluster/{leaving.name}"], digest, plan.hash)
        held = transaction.host_leases.take(leaving.waves, this_holder(run), job.session.lease_terms)
        return Reservation(run=run, state_id=now.state_id, epochs=held)


async def _roll_out(
    job: _Run, plan: Plan, found: dict[str, Leftover], staying: dict[str, Staying], held: Reservation
) -> None:
    changes = {host.name: host for host in plan.hosts}
    async with job.store.journal.steps_of(held.run, held.epochs) as steps:
        ending = [host.name for host in plan.hosts if any(step.id == END_KUBERNETES for step in host.steps)]
        long = Steps(job.fleet, job.session.events, steps, plan.hash, held.run, held.state_id, held.epochs)
        await long.each(ending, END_KUBERNETES, end_kubernetes)

        async def work(connection: Connection) -> None:
            key = connection.host.key
            epoch = held.epochs[key]
            if key in staying:
                target, seen = staying[key].target, staying[key].seen
                delivery = make_delivery(changes[key], target, seen, {}, state_id=held.state_id, epoch=epoch)
            else:
                vips = job.leaving.vips
                delivery = make_removal(
                    job.leaving.key, changes[key], found[key], vips, state_id=held.state_id, epoch=epoch
                )
            await deliver(connection, delivery, changes[key], job.session, steps)

        await job.fleet.roll_out({key: host.wave for key, host in changes.items()}, {}, work, _nobody_waits)


def _nobody_waits(host: str, needed: str) -> HostError:
    raise AssertionError(f"{host} waits for {needed}")


async def _look_again(job: _Run, plan: Plan) -> dict[str, Leftover]:
    async def read(connection: Connection) -> Leftover:
        return Leftover(seen=await connection.observe((HOME,)))

    return await job.fleet.each([host.name for host in plan.hosts], read)


def _record(job: _Run, held: Reservation, now: dict[str, Leftover], missing: Collection[str]) -> bool:
    """Forget the cluster when nothing of it is left, or --force says so; whether it has ended."""
    leaving, ended = job.leaving, not missing or job.request.flag("force")
    with job.store.write(held.epochs) as transaction:
        for key, left in now.items():
            transaction.put_facts(key, left.seen.facts)
        if ended:
            quarantine = end_of(leaving.key, missing, transaction.snapshot())
            transaction.forget_cluster(leaving.key)
            keep(transaction, quarantine)
        elif leaving.exists:
            error = "failed: " + ", ".join(sorted(missing))
            status = ClusterStatus(state="Deleting", details="not taken off all of its hosts", error=error)
            transaction.put_status(leaving.key, status)
        transaction.runs.finish(held.run, "done" if ended else "failed")
        transaction.host_leases.give_back(held.epochs)
    return ended


def _row(job: _Run, key: str, before: Leftover, now: Leftover) -> Row:
    """Whether the host is clean."""
    held = {cidr.partition("/")[0] for i in now.seen.facts.interfaces for cidr in i.addresses} & {*job.leaving.vips}
    files = now.files_of(job.leaving.key)
    left = [f"{len(files)} files"] * bool(files) + [f"address {address}" for address in sorted(held)]
    details, cure = "as it was found", ""
    if left:
        details = f"still has {', '.join(left)}"
        cure = "stop keepalived on the host (systemctl stop keepalived), then run the same command again"
    elif before.authority == job.leaving.key and now.seen.ca_certificate:
        details += ", but for /etc/kubernetes/pki/ca.crt and ca.key: Kubernetes was started with them"
        cure = "kubeadm reset on the host ends that Kubernetes"
    result: Result = "Failed" if left else "Warning" if cure else "Passed"
    return Row(
        test_name="HostClean",
        category="Removal",
        test_result=result,
        details=details,
        recommendation=cure,
        host=key,
        cluster=job.leaving.name,
    )


def _failure_rows(job: _Run) -> tuple[Row, ...]:
    """A row for every host that was not reached or not cleaned; one that never could be contacted has nothing."""
    rows = []
    for key, error in sorted(job.fleet.failures.items()):
        row = row_of(error, host=key, cluster=job.leaving.name)
        rows.append(msgspec.structs.replace(row, test_result="Skipped") if error.code == NOT_BUILT else row)
    return tuple(rows)


def _as_warning(row: Row) -> Row:
    """A host that --force left behind."""
    if row.test_result != "Failed":
        return row
    cure = f"{row.recommendation}; then aksprov test-host --name {row.host} frees its addresses"
    return msgspec.structs.replace(row, test_result="Warning", recommendation=cure)


def _note(leaving: _Leaving, missing: Collection[str], *, ended: bool) -> str:
    names = ", ".join(sorted(missing))
    if not missing:
        return f"cluster {leaving.name} removed"
    if ended:
        return f"cluster {leaving.name} removed without {names}: what these may still use stays in quarantine"
    return (
        f"cluster {leaving.name} is not removed from {names}: run the same command again when they answer, "
        "or end it without them by --force"
    )


def _exit_code(job: _Run, otherwise: ExitCode) -> ExitCode:
    errors = [error for error in job.fleet.failures.values() if error.code != NOT_BUILT]
    if errors and all(isinstance(error, HostAuthError) for error in errors):
        return ExitCode.AUTH
    return ExitCode.FAILED if errors else otherwise
