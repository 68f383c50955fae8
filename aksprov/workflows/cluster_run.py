"""One run over a cluster's hosts: plan, show or save it, reserve, roll out, verify, record."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable

import msgspec

from aksprov.cni.blocks import check_blocks
from aksprov.cni.capabilities import check
from aksprov.cni.choice import Choice
from aksprov.errors import ExitCode, NotAvailableError
from aksprov.ipam.cluster_rules import check_cluster
from aksprov.ipam.sizing import sizing_note
from aksprov.model.base import Value
from aksprov.model.cluster import Cluster, ClusterStatus, ProvisioningState
from aksprov.model.desired import Snapshot
from aksprov.model.network import Network
from aksprov.model.outcome import Outcome
from aksprov.model.plan import Plan
from aksprov.model.request import Request
from aksprov.model.row import Row
from aksprov.planning.bring_up import started_nodes, with_bring_up
from aksprov.planning.late import CA, giver
from aksprov.planning.prepare import with_preparation
from aksprov.rollout.runner import Fleet
from aksprov.state import Store, TakenError
from aksprov.workflows import plan_file
from aksprov.workflows.bring_up.bring_up import bring_up
from aksprov.workflows.bring_up.steps import Steps
from aksprov.workflows.cluster_apply import (
    Reservation,
    exit_code_of,
    record,
    reserve,
    roll_out,
    say_deploying,
    settle,
    verify_cluster,
)
from aksprov.workflows.cluster_definition import network_names
from aksprov.workflows.cluster_plan import BundleSource, Picture, failure_rows, look, look_again
from aksprov.workflows.cluster_view import cluster_object
from aksprov.workflows.get_cluster import refuse_leaving
from aksprov.workflows.host_accounts import agreed
from aksprov.workflows.prepare.prepare import open_source, prepare_hosts, to_prepare
from aksprov.workflows.run_lease import kept_alive
from aksprov.workflows.session import Session

REPLANS = 5  # a proposal that others keep taking is planned again this often
Define = Callable[[Snapshot], tuple[Cluster, Network]]


class Kubernetes(Value, frozen=True, kw_only=True):
    """That Kubernetes is started once the hosts are configured.

    Args:
        manifest: the network plugin's, None for ours.
        plugin: it is applied; a cluster that runs has it already.
    """

    manifest: str | None = None
    plugin: bool = True


# Options of how a request is carried out: a run that was started with others goes on.
_MANNER = frozenset({"whatIf", "yes", "planFile", "expectPlan", "outputDir"})


async def carry_out(
    request: Request,
    session: Session,
    store: Store,
    fleet: Fleet,
    *,
    define: Define,
    source: BundleSource,
    folder: str | None = None,
    only_plan: NotAvailableError | None = None,
    kubernetes: Kubernetes | None = None,
) -> Outcome:
    """Plan, and do what the request says with the plan: show, save, or carry out.

    Args:
        define: the cluster and its network, from what the state records at that moment.
        source: where the bundles come from.
        folder: the folder that stands for the hosts, or None.
        only_plan: why the plan cannot be carried out yet; it is shown all the same.
        kubernetes: None stops before it is started.
    """
    for attempt in range(1, REPLANS + 1):
        snapshot = store.snapshot()
        cluster, network = define(snapshot)
        refuse_leaving(cluster.key, snapshot)
        networks = max(1, len(network_names(request)))
        check(Choice(cluster=cluster, given=request.given, networks=networks, running=_running(cluster.key, snapshot)))
        check_cluster(cluster, network)
        check_blocks(cluster)
        if only_plan is None and not request.flag("whatIf"):
            # before hosts are looked at, as looking at one in the middle of a change waits for it
            store.check_free(n.host for n in snapshot.nodes if n.cluster == cluster.key)
        offline = folder is not None
        reread = None if offline else store.snapshot
        starting = kubernetes is not None
        picture = await look(
            request.verb, cluster, network, snapshot, fleet, source, offline=offline, starting=starting, reread=reread
        )
        if kubernetes is not None:
            picture = _with_kubernetes(picture)
        if not offline:
            picture = _with_preparation(picture)
        plan_file.save_if_asked(picture.plan, request)
        if only_plan is not None:
            return msgspec.structs.replace(_what_if(picture, fleet), exit_code=only_plan.exit_code, error=only_plan)
        if request.flag("whatIf"):
            return _what_if(picture, fleet)
        if not agreed(request, session, store, picture.contact):
            return Outcome(rows=picture.rows, notes=("nothing was changed",))
        plan_file.expect(picture.plan, request)
        if picture.plan.empty and not fleet.failures and _is_settled(snapshot, picture, folder):
            return _outcome(store, picture, fleet, (), notes=("nothing to change",))
        try:
            return await _apply(request, session, store, picture, fleet, source, folder, kubernetes)
        except TakenError:
            if attempt == REPLANS:
                raise
    raise AssertionError("the loop above returns or raises")


def _running(key: str, snapshot: Snapshot) -> Cluster | None:
    """The cluster as it is recorded, where Kubernetes runs on it."""
    started = snapshot.statuses.get(key, ClusterStatus()).started
    return snapshot.clusters.get(key) if started else None


async def _apply(
    request: Request,
    session: Session,
    store: Store,
    picture: Picture,
    fleet: Fleet,
    source: BundleSource,
    folder: str | None,
    kubernetes: Kubernetes | None,
) -> Outcome:
    name, offline = picture.desired.cluster.name, folder is not None
    terms, request_hash = session.lease_terms, _request_hash(request)
    held = reserve(store, picture, verb=request.verb, request_hash=request_hash, offline=offline, terms=terms)
    session.events.run = held.run
    session.events.emit("run.started", text=f"{request.verb} {name}", data=_summary(picture.plan))
    async with kept_alive(store, held.epochs, terms):
        picture = await _prepare(session, store, picture, held, fleet, source)
        late = await roll_out(store, session, picture, held, fleet)
        if not offline:
            await settle(picture, fleet)
        if offline:
            rows: tuple[Row, ...] = ()
        elif kubernetes is None:
            rows = await verify_cluster(picture, fleet, late)
        else:
            rows = await _start(session, store, picture, held, fleet, late, kubernetes)
        code = exit_code_of(fleet, rows)
        if code != ExitCode.OK:
            bad = sorted({*fleet.failures, *(r.host for r in rows if r.test_result == "Failed" and r.host)})
            doing = "configuring its hosts" if kubernetes is None else "starting Kubernetes"
            record(store, picture, held, "Failed", doing, "failed: " + ", ".join(bad or [name]))
        elif offline:
            record(store, picture, held, "Pending", f"written to {folder}, not pushed", "")
        else:
            record(store, picture, held, *state_after(picture.status, starting=kubernetes is not None), "")
    session.events.emit("run.finished", text=f"{request.verb} {name}", data={"exitCode": int(code)})
    return _outcome(store, picture, fleet, rows, exit_code=code)


def state_after(before: ClusterStatus, *, starting: bool) -> tuple[ProvisioningState, str]:
    """State and details of a cluster whose hosts are all as they should be.

    Args:
        before: as it was recorded when the run began; a run may have ended before all nodes had joined.
        starting: this run brought Kubernetes up, on all nodes that lacked it.
    """
    if starting or (before.started and before.state == "Deployed"):
        return "Deployed", ""
    if before.started:
        return "Pending", "its hosts are configured; the same command without --configure-only lets nodes join"
    return "Configured", ""


def _with_kubernetes(picture: Picture) -> Picture:
    """The picture with the steps that start Kubernetes: on all nodes, or on those that change where it runs already.

    It runs on all others only where the run before came to its end: files may be in place, and a node has not joined.
    The first control plane is always among them, as the others join through it.
    """
    started = picture.status.started and picture.status.state == "Deployed"
    changing = {host.name for host in picture.plan.hosts}
    waves = {key: t.wave for key, t in picture.targets.items() if key in picture.observed}
    nodes = {node.host for node in picture.desired.nodes if node.role != "load-balancer"}
    if started and not changing & nodes:
        return picture
    changing.add(giver(picture.desired))
    going = {key: wave for key, wave in waves.items() if not started or key in changing}
    return msgspec.structs.replace(picture, plan=with_bring_up(picture.plan, picture.desired, going))


def _with_preparation(picture: Picture) -> Picture:
    """The picture with the step that installs what hosts lack, on those whose roles need it in this run."""
    starting = started_nodes(picture.plan)
    plan = with_preparation(picture.plan, picture.desired, picture.facts, starting)
    bundle = open_source(picture.desired.cluster, picture.recorded.bundle_keys) if to_prepare(plan.hosts) else None
    return msgspec.structs.replace(picture, plan=plan, bundle=bundle)


async def _prepare(
    session: Session, store: Store, picture: Picture, held: Reservation, fleet: Fleet, source: BundleSource
) -> Picture:
    """Prepare the hosts whose plan says so, and look at them again."""
    keys = to_prepare(picture.plan.hosts)
    if not keys:
        return picture
    async with store.journal.steps_of(held.run, held.epochs) as journal:
        steps = Steps(fleet, session.events, journal, picture.plan.hash, held.run, held.state_id, held.epochs)
        prepared = await prepare_hosts(picture.desired, steps, keys, picture.bundle)
    return await look_again(picture, prepared, fleet, source)


async def _start(
    session: Session,
    store: Store,
    picture: Picture,
    held: Reservation,
    fleet: Fleet,
    late: dict[str, str],
    kubernetes: Kubernetes,
) -> tuple[Row, ...]:
    """Start Kubernetes on hosts that are configured, then look at all of it; a host that failed is left alone."""
    rows: tuple[Row, ...] = ()
    if CA in late and giver(picture.desired) in held.epochs and _is_served(picture, fleet):
        say_deploying(store, picture, held)
        async with store.journal.steps_of(held.run, held.epochs) as journal:
            steps = Steps(fleet, session.events, journal, picture.plan.hash, held.run, held.state_id, held.epochs)
            rows = await bring_up(picture.desired, late[CA], kubernetes.manifest, steps, plugin=kubernetes.plugin)
    return (*await verify_cluster(picture, fleet, late, started=bool(rows)), *rows)


def _is_served(picture: Picture, fleet: Fleet) -> bool:
    """Whether a load balancer can answer for the API server."""
    balancers = picture.desired.by_role("load-balancer")
    return not balancers or any(node.host not in fleet.failures for node in balancers)


def _what_if(picture: Picture, fleet: Fleet) -> Outcome:
    rows = (*picture.rows, *failure_rows(fleet, picture.desired.cluster.name))
    code = exit_code_of(fleet, rows)
    if code == ExitCode.OK and not picture.plan.empty:
        code = ExitCode.WOULD_CHANGE
    notes = (sizing_note(picture.plan.sizing),) if picture.plan.sizing else ()
    return Outcome(plan=picture.plan, rows=rows, notes=notes, exit_code=code)


def _outcome(
    store: Store,
    picture: Picture,
    fleet: Fleet,
    rows: tuple[Row, ...],
    *,
    exit_code: ExitCode = ExitCode.OK,
    notes: tuple[str, ...] = (),
) -> Outcome:
    snapshot = store.snapshot()
    cluster = snapshot.clusters[picture.desired.cluster.key]
    status = snapshot.statuses.get(cluster.key, ClusterStatus())
    return Outcome(
        objects=(cluster_object(cluster, status, snapshot),),
        single=True,
        rows=(*picture.rows, *rows, *failure_rows(fleet, cluster.name)),
        notes=notes,
        exit_code=exit_code,
    )


def _is_settled(snapshot: Snapshot, picture: Picture, folder: str | None) -> bool:
    """Whether the state says so too: a run that was killed just before its last record goes on."""
    cluster = picture.desired.cluster
    if snapshot.clusters.get(cluster.key) != cluster:  # where its programs come from is said anew
        return False
    status = snapshot.statuses.get(cluster.key, ClusterStatus())
    if folder is not None:
        return status.details.startswith("written to")
    return status.state in ("Configured", "Deployed")


def _summary(plan: Plan) -> dict[str, object]:
    files = [f.change for h in plan.hosts for f in h.files]
    waves = Counter(str(h.wave) for h in plan.hosts)
    counts = {kind: files.count(kind) for kind in ("add", "change", "remove")}
    return {"hosts": len(plan.hosts), "waves": dict(waves), **counts}


def _request_hash(request: Request) -> str:
    """Identifies what was asked for, so that the same command goes on with its own run."""
    values = {k: v for k, v in request.values.items() if k not in _MANNER and k in request.given}
    return hashlib.sha256(msgspec.json.encode([request.verb, values], order="sorted")).hexdigest()
