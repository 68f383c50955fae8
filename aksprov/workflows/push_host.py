"""apply --from of a written folder to one host, over the connection of the program that called ours (Ansible's).

The host gets what a push of the whole folder would give it: same plan, lease with an epoch, journal, checks and
manifest.  What another host gives, the cluster's CA certificate, is taken from the state, and a host that needs it
before it is there says so.  What a push does once for all hosts is done by whichever host comes last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from aksprov.checks.verify import verify_host
from aksprov.errors import DefinitionError, ExitCode, HostError, NotAvailableError
from aksprov.model.bundle import Bundle
from aksprov.model.cluster import ClusterStatus
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.facts import Facts
from aksprov.model.host import Host
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.model.row import Row, row_of
from aksprov.rollout.runner import Fleet
from aksprov.state import Store, open_store
from aksprov.state.process import this_holder
from aksprov.transport.folder import load_folder
from aksprov.workflows.cluster_apply import STARTED, Reservation, fill_late, late_missing, roll_out, settle
from aksprov.workflows.cluster_plan import BundleSource, Picture, look
from aksprov.workflows.cluster_view import cluster_object
from aksprov.workflows.contact import contact
from aksprov.workflows.get_cluster import refuse_leaving
from aksprov.workflows.host_accounts import agreed
from aksprov.workflows.push_folder import as_written, cluster_of
from aksprov.workflows.run_lease import kept_alive
from aksprov.workflows.session import Session

_SETTLED: Final = ("Configured", *STARTED)


async def push_host(request: Request, session: Session, folder: Path, key: str) -> Outcome:
    """Push what a written folder has for one host.

    Args:
        key: of the host that the session's carrier reaches.

    Raises:
        DefinitionError: FolderUnreadable, FolderChanged, FolderClusterUnknown, FolderLacksHost.
        NotAvailableError: WindowsNotCarried.
        HostsLockedError, RunFencedError, StateError: another run, or the state.
    """
    store = open_store(session.state_url)
    snapshot = store.snapshot()
    bundles = load_folder(folder)
    cluster = cluster_of(bundles, snapshot, folder)
    host = _known(key, bundles, snapshot, folder)
    refuse_leaving(cluster.key, snapshot)
    if not request.flag("whatIf"):
        # before the host is looked at, as looking at one in the middle of a change waits for it
        store.check_free([key])
    async with Fleet({key: host}, contact(session, store), session.events) as fleet:
        network = snapshot.networks[cluster.network.lower()]
        source = _alone(bundles[key], folder)
        picture = await look(
            request.verb, cluster, network, snapshot, fleet, source, offline=False, reread=store.snapshot
        )
        if key in fleet.failures:
            return _outcome(store, picture, fleet, key)
        if request.flag("whatIf"):
            code = ExitCode.OK if picture.plan.empty else ExitCode.WOULD_CHANGE
            return Outcome(plan=picture.plan, rows=_own(picture.rows, key), exit_code=code)
        if first := picture.needs.get(key):
            fleet.fail(key, late_missing(key, first))
            return _outcome(store, picture, fleet, key)
        if picture.plan.empty and picture.status.state in _SETTLED:
            return _outcome(store, picture, fleet, key, note="nothing to change")
        if not agreed(request, session, store, picture.contact):
            return _outcome(store, picture, fleet, key, note="nothing was changed")
        rows = await _apply(request, session, store, picture, fleet, bundles, key)
        return _outcome(store, picture, fleet, key, rows, note="nothing to change" if picture.plan.empty else "")


def _known(key: str, bundles: Mapping[str, Bundle], snapshot: Snapshot, folder: Path) -> Host:
    if key not in bundles or key not in snapshot.hosts:
        raise DefinitionError(
            "FolderLacksHost",
            f"the folder has nothing for {key}",
            where=str(folder),
            why="it is for " + ", ".join(sorted(bundles)),
            fix="name the host as aksprov records it (get-host), or leave it out",
        )
    host = snapshot.hosts[key]
    if host.os == "windows":
        raise NotAvailableError(
            "WindowsNotCarried",
            f"{host.name} cannot be configured over another program's connection",
            where=host.name,
            why="that is built for POSIX shells alone",
            fix="push to Windows hosts with aksprov apply --from",
        )
    return host


def _alone(bundle: Bundle, folder: Path) -> BundleSource:
    """The one host's bundle, whoever else is asked for."""

    def source(
        desired: Desired, facts: Mapping[str, Facts], late: Mapping[str, str], keys: Iterable[str]
    ) -> dict[str, Bundle]:
        return as_written([bundle], desired, facts, late, folder) if bundle.host in set(keys) else {}

    return source


def _request_hash(bundle: Bundle) -> str:
    """Identifies what one host of a folder is to get, so that the same push finds its own run."""
    return hashlib.sha256(msgspec.json.encode(["push-host", bundle], order="sorted")).hexdigest()


async def _apply(
    request: Request,
    session: Session,
    store: Store,
    picture: Picture,
    fleet: Fleet,
    bundles: Mapping[str, Bundle],
    key: str,
) -> tuple[Row, ...]:
    held = _reserve(request, session, store, picture, bundles[key])
    session.events.run = held.run
    session.events.emit("run.started", text=f"{request.verb} {key}")
    async with kept_alive(store, held.epochs, session.lease_terms):
        late = await roll_out(store, session, picture, held, fleet)
        await settle(picture, fleet)
        rows: tuple[Row, ...] = ()
        if key not in fleet.failures:
            bundle = fill_late(picture.targets[key].bundle, late)
            rows = await verify_host(picture.desired, bundle, fleet.connections[key])
        bad = key in fleet.failures or any(row.test_result == "Failed" for row in rows)
        _record(store, picture, held, bundles, key if bad else "")
    session.events.emit("run.finished", text=f"{request.verb} {key}")
    return rows


def _reserve(request: Request, session: Session, store: Store, picture: Picture, bundle: Bundle) -> Reservation:
    """Take the host; a load balancer takes the others of its cluster, too, so that no two reload at once."""
    key, desired = bundle.host, picture.desired
    balancers = {node.host for node in desired.by_role("load-balancer")}
    wanted = () if picture.plan.empty else {key} | (balancers if key in balancers else set())
    with store.write() as transaction:
        now = transaction.snapshot()
        refuse_leaving(desired.cluster.key, now)
        if picture.facts[key] != now.facts.get(key):
            transaction.put_facts(key, picture.facts[key])
        owner = f"cluster/{desired.cluster.name}"
        run = transaction.runs.begin(request.verb, [owner], _request_hash(bundle), picture.plan.hash)
        epochs = transaction.host_leases.take(wanted, this_holder(run), session.lease_terms)
    return Reservation(run=run, state_id=now.state_id, epochs=epochs)


def _record(store: Store, picture: Picture, held: Reservation, bundles: Mapping[str, Bundle], bad: str) -> None:
    """Write how the run ended, and where that leaves the cluster; give the hosts back.

    Args:
        bad: the host when it failed, else "".
    """
    cluster = picture.desired.cluster.key
    requests = {_request_hash(bundle) for bundle in bundles.values()}
    with store.write(held.epochs) as transaction:
        transaction.runs.finish(held.run, "failed" if bad else "done")
        there = transaction.snapshot().statuses.get(cluster, ClusterStatus())
        done = len(transaction.runs.done(requests))
        if bad:
            there = ClusterStatus(state="Failed", details="configuring its hosts", error=f"failed: {bad}")
        elif there.state not in _SETTLED and done == len(requests):
            there = ClusterStatus(state="Configured")
        elif there.state == "Pending":
            there = ClusterStatus(details=f"{done} of {len(requests)} hosts are configured")
        transaction.put_status(cluster, there)
        transaction.host_leases.give_back(held.epochs)


def _own(rows: Iterable[Row], key: str) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.host.lower() == key)


def _outcome(
    store: Store, picture: Picture, fleet: Fleet, key: str, rows: tuple[Row, ...] = (), *, note: str = ""
) -> Outcome:
    snapshot, cluster = store.snapshot(), picture.desired.cluster
    error: HostError | None = fleet.failures.get(key)
    failed = error is not None or any(row.test_result == "Failed" for row in rows)
    status = snapshot.statuses.get(cluster.key, ClusterStatus())
    return Outcome(
        objects=(cluster_object(cluster, status, snapshot),),
        single=True,
        rows=(*_own(picture.rows, key), *rows, *((row_of(error, host=key, cluster=cluster.name),) if error else ())),
        notes=(note,) if note else (),
        exit_code=ExitCode.FAILED if failed else ExitCode.OK,
        error=error,
    )
