"""From a definition to a plan: place, look at the hosts, render, compare."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from aksprov.checks.preflight import preflight_rows
from aksprov.checks.programs import program_rows
from aksprov.cni.capabilities import warnings
from aksprov.cni.choice import Choice
from aksprov.errors import HostError
from aksprov.ipam.placement import place
from aksprov.ipam.sizing import size_up, sizing_rows
from aksprov.model.base import Value
from aksprov.model.bundle import Bundle
from aksprov.model.cluster import Cluster, ClusterStatus
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.facts import Facts, Observed
from aksprov.model.network import Lease, Network, RouterId
from aksprov.model.offline_bundle import OpenedBundle
from aksprov.model.plan import Plan
from aksprov.model.row import Row, row_of
from aksprov.model.transport import Connection
from aksprov.planning.departures import departure_rows
from aksprov.planning.late import CA, giver, resolve_late
from aksprov.planning.owner import check_owner, check_remains
from aksprov.planning.planner import Target, make_plan, observed_paths, planned_addresses
from aksprov.planning.waves import waves
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates
from aksprov.rollout.runner import Fleet
from aksprov.workflows.between_hosts import with_probes
from aksprov.workflows.contents import with_contents
from aksprov.workflows.first_use import Cleared, clear
from aksprov.workflows.foreign_vrrp import keep_apart
from aksprov.workflows.host_accounts import FirstContact, first_contact

_LOOKS = 4  # placement may choose other hosts once it has seen fresh facts, and goes by those at last; bounded


class BundleSource(Protocol):
    """Gives the bundles of some nodes: rendered now, or read from a folder."""

    def __call__(
        self, desired: Desired, facts: Mapping[str, Facts], late: Mapping[str, str], keys: Iterable[str]
    ) -> dict[str, Bundle]:
        """Bundles by host key, for ``keys``."""
        ...


def rendered(templates: Templates) -> BundleSource:
    """Bundles made from the definition."""

    def source(
        desired: Desired, facts: Mapping[str, Facts], late: Mapping[str, str], keys: Iterable[str]
    ) -> dict[str, Bundle]:
        return {key: render_bundle(desired, key, facts, late, templates) for key in keys}

    return source


class Picture(Value, frozen=True, kw_only=True):
    """All that is known before a run: what is asked for, what is there, what would change.

    Args:
        recorded: what the state had when it was made.
        facts: fresh ones, and recorded ones of hosts that did not answer; by host key.
        status: where the cluster stands, as recorded.
        late: late values that are known already.
        rows: what the network plugin's choice, placement and preflight show; failures of hosts are in the fleet.
        bundle: the offline bundle that hosts are prepared from, opened.
        contact: what hosts have that the state lacks; its rows are in ``rows``, too.
        foreign: router ids that strangers on the subnet use.
        strangers: addresses that somebody answered for before their first use.
    """

    recorded: Snapshot
    desired: Desired
    status: ClusterStatus
    facts: dict[str, Facts]
    targets: dict[str, Target]
    observed: dict[str, Observed]
    late: dict[str, str]
    plan: Plan
    rows: tuple[Row, ...]
    bundle: OpenedBundle | None = None
    contact: FirstContact = FirstContact()
    foreign: tuple[RouterId, ...] = ()
    strangers: tuple[Lease, ...] = ()

    @property
    def needs(self) -> dict[str, str]:
        """Host -> the host whose late value it waits for."""
        first = giver(self.desired)
        waiting = {k for k, t in self.targets.items() if any(f.content is None for f in t.bundle.files)}
        return {k: first for k in waiting if k != first}


async def look(
    verb: str,
    cluster: Cluster,
    network: Network,
    snapshot: Snapshot,
    fleet: Fleet,
    source: BundleSource,
    *,
    offline: bool,
    starting: bool = False,
    reread: Callable[[], Snapshot] | None = None,
) -> Picture:
    """Place the cluster, read its hosts in one exchange each, get the bundles and compare.

    Args:
        offline: the hosts are folders: no facts come back and no late value can be had.
        starting: Kubernetes is to be started, too.
        reread: gives what the state records at that moment; None where hosts are only looked at, so that it
            does not matter what they have that the state lacks.
    """
    facts = dict(snapshot.facts)
    observed: dict[str, Observed] = {}
    for _ in range(_LOOKS):
        desired = place(cluster, network, msgspec.structs.replace(snapshot, facts=facts), offline=offline)
        unseen = [n.name for n in desired.nodes if n.name not in observed and n.name not in fleet.failures]
        if not unseen:
            break
        paths = {k: observed_paths(b) for k, b in source(desired, facts, {}, unseen).items()}

        async def observe(connection: Connection, paths: Mapping[str, tuple[str, ...]] = paths) -> Observed:
            return await connection.observe(paths[connection.host.key])

        answers = await fleet.each(paths, observe)
        observed |= answers
        facts |= {k: o.facts for k, o in answers.items() if not offline}
    contact = FirstContact() if reread is None else await first_contact(fleet, snapshot, reread, observed)
    foreign: tuple[RouterId, ...] = ()
    strangers: tuple[Lease, ...] = ()
    if not offline:

        def place_again(known: Snapshot) -> Desired:
            return place(cluster, network, msgspec.structs.replace(known, facts=facts))

        async def clear_and_probe() -> tuple[Cleared, Desired]:
            cleared = await clear(desired, snapshot, facts, fleet, place_again)
            if not starting:
                return cleared, cleared.desired
            return cleared, await with_probes(cleared.desired, observed, fleet, Templates.load().image_hosts)

        (apart, foreign), (cleared, probed) = await asyncio.gather(  # the one listens for seconds, on other hosts
            keep_apart(desired, snapshot, fleet), clear_and_probe()
        )
        heard, strangers = apart.rows[len(desired.rows) :], cleared.strangers
        desired = msgspec.structs.replace(probed, router_id=apart.router_id, rows=(*probed.rows, *heard, *cleared.rows))
    seen = _Seen(verb, desired, facts, observed, snapshot, contact, offline=offline, starting=starting)
    return msgspec.structs.replace(await _compare(seen, fleet, source), foreign=foreign, strangers=strangers)


async def look_again(picture: Picture, keys: Iterable[str], fleet: Fleet, source: BundleSource) -> Picture:
    """The picture once hosts were prepared: their files depend on the programs that they have now.

    Args:
        keys: of the hosts that were prepared.  The plan keeps its hash, as it is the one that was agreed to.
    """
    targets = picture.targets

    async def observe(connection: Connection) -> Observed:
        return await connection.observe(observed_paths(targets[connection.host.key].bundle))

    fresh = await fleet.each(keys, observe)
    seen = _Seen(
        picture.plan.verb,
        picture.desired,
        picture.facts | {key: found.facts for key, found in fresh.items()},
        picture.observed | fresh,
        picture.recorded,
        picture.contact,
    )
    now = await _compare(seen, fleet, source)
    plan = msgspec.structs.replace(now.plan, hash=picture.plan.hash)
    return msgspec.structs.replace(now, plan=plan, rows=picture.rows, foreign=picture.foreign)


@dataclass(frozen=True)
class _Seen:
    """What a look brought: see :func:`look`."""

    verb: str
    desired: Desired
    facts: dict[str, Facts]
    observed: dict[str, Observed]
    snapshot: Snapshot
    contact: FirstContact
    offline: bool = False
    starting: bool = False


async def _compare(seen: _Seen, fleet: Fleet, source: BundleSource) -> Picture:
    desired, facts, observed, snapshot, offline = seen.desired, seen.facts, seen.observed, seen.snapshot, seen.offline
    sizing = size_up(desired.cluster, desired.network, snapshot)
    rows = [
        *warnings(Choice(cluster=desired.cluster)),
        *departure_rows(desired.cluster),
        *sizing_rows(desired.cluster, desired.network, sizing),
    ]
    stopped = set()
    for row in (*desired.rows, *(_host_rows(seen) if not offline else ())):
        key = row.host.lower()
        if row.test_result != "Failed" or not key or key in stopped:
            rows.append(row)
        elif key and key not in fleet.failures:
            fleet.fail(key, _failure(row))  # which is the row of its first reason
            stopped.add(key)
    beside = (neighbour.key for there in desired.beside.values() for neighbour in there)
    known = () if offline else (*snapshot.clusters, desired.cluster.key, *beside)
    _leave_others_alone(observed, snapshot.state_id, known, fleet)
    try:
        late = resolve_late(desired, observed, snapshot.late)
    except HostError as error:
        fleet.fail(giver(desired), error)
        late = {}
    going = {k: o for k, o in observed.items() if k not in fleet.failures}
    targets = make_targets(desired, facts, late, source, offline=offline)
    if offline:
        targets = {key: _without_gone(target, observed.get(key), snapshot) for key, target in targets.items()}
    going |= await with_contents(targets, going, fleet)
    plan = make_plan(seen.verb, [f"cluster/{desired.cluster.name}"], planned_addresses(desired), targets, going)
    return Picture(
        recorded=snapshot,
        desired=desired,
        status=snapshot.statuses.get(desired.cluster.key, ClusterStatus()),
        facts=facts,
        targets=targets,
        observed=going,
        late=late,
        plan=msgspec.structs.replace(plan, sizing=sizing),
        rows=(*rows, *seen.contact.rows),
        contact=seen.contact,
    )


def _host_rows(seen: _Seen) -> tuple[Row, ...]:
    certificate = seen.snapshot.late.get((seen.desired.cluster.key, CA), "")
    return (
        *preflight_rows(seen.desired, seen.facts, seen.observed, certificate=certificate, starting=seen.starting),
        *program_rows(seen.desired, seen.facts, starting=seen.starting),
    )


def make_targets(
    desired: Desired, facts: Mapping[str, Facts], late: Mapping[str, str], source: BundleSource, *, offline: bool
) -> dict[str, Target]:
    """Every node's bundle with its place in the rollout, by host key."""
    unknown = CA not in late and not offline
    order = waves(desired, late_unknown=unknown)
    bundles = source(desired, facts, late, [n.name for n in desired.nodes])
    first = giver(desired)
    return {
        key: Target(
            bundle=bundle,
            wave=order[key],
            clusters=(desired.cluster.key, *(neighbour.key for neighbour in desired.beside.get(key, ()))),
            gives=(CA,) if unknown and key == first else (),
        )
        for key, bundle in bundles.items()
    }


def _without_gone(target: Target, seen: Observed | None, snapshot: Snapshot) -> Target:
    """A folder loses what it has of clusters that have left: no removal came by, as it does on a host."""
    files = seen.manifest.files if seen and seen.manifest else ()
    gone = sorted({f.cluster for f in files} - snapshot.clusters.keys() - {*target.clusters})
    return msgspec.structs.replace(target, clusters=(*target.clusters, *gone))


def _leave_others_alone(
    observed: Mapping[str, Observed], state_id: str, clusters: tuple[str, ...], fleet: Fleet
) -> None:
    """Fail hosts of another state, and those with files of none of ``clusters`` (where any are given)."""
    for key, seen in observed.items():
        try:
            check_owner(seen, state_id)
            if clusters:
                check_remains(seen, clusters)
        except HostError as error:
            fleet.fail(key, error)


def _failure(row: Row) -> HostError:
    return HostError(row.test_name, row.details, where=f"host {row.host}", fix=row.recommendation)


def failure_rows(fleet: Fleet, cluster: str) -> tuple[Row, ...]:
    """A row for every host that failed."""
    return tuple(row_of(error, host=key, cluster=cluster) for key, error in sorted(fleet.failures.items()))
