"""apply --from of a folder of plain files: they go to their hosts as they are, and belong to no cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from aksprov.errors import DefinitionError, ExitCode, HostAuthError, HostError
from aksprov.model.base import Value
from aksprov.model.bundle import Bundle
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Observed
from aksprov.model.host_lease import Epochs
from aksprov.model.outcome import Outcome
from aksprov.model.plan import HostPlan, Plan
from aksprov.model.request import Request
from aksprov.model.row import row_of
from aksprov.model.transport import Connection
from aksprov.planning.delivery import make_delivery
from aksprov.planning.owner import check_owner
from aksprov.planning.planner import Target, observed_paths, plan_host, plan_of
from aksprov.rollout.runner import Fleet
from aksprov.state import Store, open_store
from aksprov.state.process import this_holder
from aksprov.transport.plain_folder import fill, load_plain
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.contact import contact
from aksprov.workflows.contents import with_contents
from aksprov.workflows.deliver import deliver
from aksprov.workflows.host_accounts import FirstContact, agreed, first_contact
from aksprov.workflows.run_lease import kept_alive
from aksprov.workflows.session import Session

_NO_CLUSTER = ""


class _Picture(Value, frozen=True, kw_only=True):
    """What the folder has, what the hosts show, and what would change."""

    targets: dict[str, Target]
    observed: dict[str, Observed]
    plan: Plan
    contact: FirstContact


async def push_files(request: Request, session: Session, folder: Path) -> Outcome:
    """Bring the plain files of every host to what the folder has: new, changed, and those that it no longer has.

    Raises:
        DefinitionError: FolderFileRefused, FolderHostUnknown.
        HostsLockedError, RunFencedError, StateError: another run, or the state.
        UsageError: ConfirmationNeeded.
    """
    store = open_store(session.state_url)
    snapshot = store.snapshot()
    what_if = request.flag("whatIf")
    windows = {key for key, host in snapshot.hosts.items() if host.os == "windows"}
    bundles = load_plain(folder, windows, contents=what_if)  # for diffs
    _check_known(bundles, snapshot, folder)
    if not what_if:
        # before hosts are looked at, as looking at one in the middle of a change waits for it
        store.check_free(bundles)
    async with Fleet(snapshot.hosts, contact(session, store), session.events) as fleet:
        picture = await _look(bundles, snapshot, store, fleet, folder, looked_at=what_if)
        if what_if:
            return _outcome(picture, fleet, plan=picture.plan)
        if picture.plan.empty:
            return _outcome(picture, fleet, "nothing to change")
        if not agreed(request, session, store, picture.contact) or not confirmed(request, session, _question(picture)):
            return _outcome(picture, fleet, "nothing was changed")
        await _apply(request, session, store, picture, fleet, folder)
        return _outcome(picture, fleet, _summary(picture, fleet))


def _check_known(bundles: Mapping[str, Bundle], snapshot: Snapshot, folder: Path) -> None:
    unknown = sorted(bundles.keys() - snapshot.hosts.keys())
    if unknown:
        raise DefinitionError(
            "FolderHostUnknown",
            "the folder is for hosts that are not recorded",
            where=str(folder),
            why="not in the inventory: " + ", ".join(unknown[:5]) + (" ..." if len(unknown) > 5 else ""),
            fix="record them with add-host, or name their folders as get-host does",
        )


async def _look(
    bundles: Mapping[str, Bundle], snapshot: Snapshot, store: Store, fleet: Fleet, folder: Path, *, looked_at: bool
) -> _Picture:
    """Read every host in one exchange, and compare; in a second one where somebody looks at diffs.

    A host on which nothing changes is left at once: hundreds of connections that wait for the others cost memory.
    """
    targets = {key: Target(bundle=bundle, wave=1, clusters=(_NO_CLUSTER,)) for key, bundle in bundles.items()}
    changes: dict[str, HostPlan] = {}

    async def observe(connection: Connection) -> Observed:
        key = connection.host.key
        bundle = bundles[key]
        seen = await connection.observe(observed_paths(bundle), facts=False)
        check_owner(seen, snapshot.state_id)
        _check_no_clusters_file(bundle, seen)
        changes[key] = plan_host(key, targets[key], seen, diffs=False)
        if changes[key].empty:
            await fleet.leave(key)
        return seen

    observed = await fleet.each(targets, observe)
    contact = await first_contact(fleet, snapshot, store.snapshot, observed)
    going = {key: seen for key, seen in observed.items() if key not in fleet.failures}
    if looked_at:
        going = await with_contents(targets, going, fleet)
        changes = {key: plan_host(key, targets[key], seen) for key, seen in going.items()}
    plan = plan_of("apply", [f"folder/{folder.name}"], (), [changes[key] for key in going])
    return _Picture(targets=targets, observed=going, plan=plan, contact=contact)


def _check_no_clusters_file(bundle: Bundle, seen: Observed) -> None:
    owners = {file.path: file.cluster for file in seen.manifest.files} if seen.manifest else {}
    for file in bundle.files:
        if cluster := owners.get(file.path, _NO_CLUSTER):
            raise HostError(
                "FileOfCluster",
                f"{file.path} on {seen.host} belongs to cluster {cluster}",
                where=f"{seen.host}: {file.path}",
                why="a plain file would take its place, and the cluster's next apply would put it back",
                fix="take the file out of the folder",
            )


async def _apply(
    request: Request, session: Session, store: Store, picture: _Picture, fleet: Fleet, folder: Path
) -> None:
    with store.write() as transaction:
        state_id = transaction.snapshot().state_id
        run = transaction.runs.begin(request.verb, picture.plan.objects, picture.plan.hash, picture.plan.hash)
        hosts = [host.name for host in picture.plan.hosts]
        epochs = transaction.host_leases.take(hosts, this_holder(run), session.lease_terms)
    session.events.run = run
    data = {"hosts": len(epochs), "waves": {"1": len(epochs)}}
    session.events.emit("run.started", text=f"{request.verb} {picture.plan.objects[0]}", data=data)
    async with kept_alive(store, epochs, session.lease_terms):
        await _roll_out(session, store, picture, fleet, folder, run, state_id, epochs)
        with store.write(epochs) as transaction:
            transaction.runs.finish(run, "failed" if fleet.failures else "done")
            transaction.host_leases.give_back(epochs)
    session.events.emit("run.finished", text=f"{request.verb} {picture.plan.objects[0]}")


async def _roll_out(
    session: Session,
    store: Store,
    picture: _Picture,
    fleet: Fleet,
    folder: Path,
    run: str,
    state_id: str,
    epochs: Epochs,
) -> None:
    changes = {host.name: host for host in picture.plan.hosts}

    async def work(connection: Connection) -> None:
        key = connection.host.key
        change, target, seen = changes[key], picture.targets[key], picture.observed[key]
        delivery = make_delivery(change, target, seen, {}, state_id=state_id, epoch=epochs[key])
        await deliver(connection, fill(folder, key, delivery), change, session, steps)
        await fleet.leave(key)

    async with store.journal.steps_of(run, epochs) as steps:
        await fleet.roll_out(dict.fromkeys(changes, 1), {}, work, _waits_for_nobody)


def _waits_for_nobody(host: str, needed: str) -> HostError:
    raise AssertionError(f"{host} waits for {needed}, and a plain file has no late value")


def _question(picture: _Picture) -> str:
    counts = Counter(file.change for host in picture.plan.hosts for file in host.files)
    files = ", ".join(f"{counts[kind]} to {kind}" for kind in ("add", "change", "remove") if counts[kind])
    return f"{files or 'no files, only records'} on {len(picture.plan.hosts)} hosts. Go on?"


def _summary(picture: _Picture, fleet: Fleet) -> str:
    done = [host for host in picture.plan.hosts if host.name not in fleet.failures]
    counts = Counter(file.change for host in done for file in host.files)
    return f"{len(done)} hosts: {counts['add']} files added, {counts['change']} changed, {counts['remove']} removed"


def _outcome(picture: _Picture, fleet: Fleet, note: str = "", plan: Plan | None = None) -> Outcome:
    failures = sorted(fleet.failures.items())
    rows = (*picture.contact.rows, *(row_of(error, host=key) for key, error in failures))
    code = ExitCode.OK
    if failures:
        code = ExitCode.AUTH if all(isinstance(e, HostAuthError) for _, e in failures) else ExitCode.FAILED
    elif plan is not None and not plan.empty:
        code = ExitCode.WOULD_CHANGE
    return Outcome(rows=rows, plan=plan, notes=(note,) if note else (), exit_code=code)
