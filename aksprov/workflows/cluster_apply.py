"""From a plan to recorded state: reserve, roll out, verify, record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from aksprov.checks.verify import verify
from aksprov.errors import ExitCode, HostAuthError, HostError
from aksprov.ipam.placement import place
from aksprov.model.bundle import Bundle
from aksprov.model.cluster import ClusterStatus, ProvisioningState
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.host_lease import Epochs, LeaseTerms
from aksprov.model.network import RouterId
from aksprov.model.row import Row
from aksprov.model.transport import Connection
from aksprov.planning.bring_up import configuration
from aksprov.planning.delivery import make_delivery
from aksprov.planning.late import CA
from aksprov.rollout.runner import Fleet
from aksprov.state import Entry, StepWriter, Store, TakenError
from aksprov.state.process import this_holder
from aksprov.workflows.certificate_authority import take_or_make
from aksprov.workflows.cluster_plan import Picture
from aksprov.workflows.deliver import deliver
from aksprov.workflows.given_addresses import settle_addresses
from aksprov.workflows.session import Session

# Kubernetes runs on a cluster in one of these states.
STARTED: Final[tuple[ProvisioningState, ...]] = ("Deployed", "Scaling", "Upgrading")


@dataclass(frozen=True)
class Reservation:
    """What a run holds once its leases are written.

    Args:
        epochs: host key -> epoch, of every host that the plan changes.
    """

    run: str
    state_id: str
    epochs: Epochs


def reserve(
    store: Store, picture: Picture, *, verb: str, request_hash: str, offline: bool, terms: LeaseTerms
) -> Reservation:
    """Take hosts, addresses and router id in one write transaction, and start the run.

    Raises:
        TakenError: the same definition would get something else now: plan again.
        HostsLockedError: HostsLocked, another run is changing one of the hosts.
    """
    desired = picture.desired
    with store.write() as transaction:
        now = picture.recorded
        shared = desired.cluster.load_balancer.shared  # others may have come to its load balancers
        if shared or not transaction.proposes_the_same(now, desired.cluster.key):
            now = transaction.snapshot()
            _place_again(picture, now, offline=offline)
        _refuse_removed(picture, now)
        transaction.add_leases(picture.strangers)
        if desired.cluster.key not in now.clusters:
            transaction.add_cluster(desired.cluster)
            transaction.add_nodes(desired.nodes)
            transaction.add_leases(desired.leases)
            if desired.router_id:
                transaction.add_router_id(_router_id(desired))
        else:
            if desired.cluster != now.clusters[desired.cluster.key]:
                transaction.put_cluster(desired.cluster)
            there = {(node.host, node.role): node for node in now.nodes if node.cluster == desired.cluster.key}
            moved = {n.host for n in desired.nodes if there.get((n.host, n.role), n) != n}
            if moved:  # by DHCP: they may have exchanged their addresses, so all of them are given back first
                transaction.forget_nodes(desired.cluster.key, moved)
            transaction.add_nodes(desired.nodes)
            transaction.add_leases(desired.leases)
        for key in picture.observed if not offline else ():
            if picture.facts[key] != now.facts.get(key):
                transaction.put_facts(key, picture.facts[key])
        state: ProvisioningState = "Scaling" if picture.status.started else "Pending"
        status = msgspec.structs.replace(picture.status, state=state, details="configuring its hosts", error="")
        transaction.put_status(desired.cluster.key, status)
        owner = f"cluster/{desired.cluster.name}"
        run = transaction.runs.begin(verb, [owner], request_hash, picture.plan.hash)
        hosts = [host.name for host in picture.plan.hosts]
        epochs = transaction.host_leases.take(hosts, this_holder(run), terms)
    return Reservation(run=run, state_id=now.state_id, epochs=epochs)


def _refuse_removed(picture: Picture, now: Snapshot) -> None:
    """Refuse what was planned for a cluster that another run has begun to remove, or has removed."""
    key = picture.desired.cluster.key
    removed = key in picture.recorded.clusters and key not in now.clusters
    if removed or now.statuses.get(key, ClusterStatus()).state == "Deleting":
        raise TakenError(
            "ProposalTaken",
            "another run removes the cluster that was looked at",
            where=f"cluster {picture.desired.cluster.name}",
            why="what was planned goes on from what it had",
            fix="run the command again",
        )


def _place_again(picture: Picture, now: Snapshot, *, offline: bool) -> None:
    """Refuse a proposal that would be another one now."""
    desired = picture.desired
    router_ids = (*now.router_ids, *picture.foreign)
    facts, leases = {**now.facts, **picture.facts}, (*now.leases, *picture.strangers)
    fresh = msgspec.structs.replace(now, facts=facts, leases=leases, router_ids=router_ids)
    network = now.networks.get(desired.network.key)
    there = network is not None and desired.cluster.network_keys <= now.networks.keys()
    again = place(desired.cluster, network, fresh, offline=offline) if network and there else None
    if again is None or _proposal(again) != _proposal(desired):
        raise TakenError(
            "ProposalTaken",
            "what the plan proposed was taken by another run",
            where=f"cluster {desired.cluster.name}",
            why="hosts, addresses and router ids go to whoever asks first",
            fix="run the command again",
        )


def _proposal(desired: Desired) -> tuple[object, ...]:
    return desired.nodes, desired.vip, desired.router_id, desired.beside


def _router_id(desired: Desired) -> RouterId:
    return RouterId(
        site=desired.network.scope,
        prefix=desired.network.ip_address_prefix,
        router_id=desired.router_id,
        cluster=desired.cluster.key,
    )


async def roll_out(store: Store, session: Session, picture: Picture, held: Reservation, fleet: Fleet) -> dict[str, str]:
    """Carry the plan out, wave after wave; failures of hosts are left in the fleet.

    Returns:
        The late values, those included that the run came to know.

    Raises:
        RunFencedError: RunFenced, another run took the hosts over.
    """
    late = dict(picture.late)
    changes = {h.name: h for h in map(configuration, picture.plan.hosts) if not h.empty}
    targets = picture.targets

    async def work(connection: Connection) -> None:
        key = connection.host.key
        if CA in targets[key].gives:
            late[CA] = await _give_ca(connection, store, session, picture, held, steps)
        delivery = make_delivery(
            changes[key],
            targets[key],
            picture.observed[key],
            late,
            state_id=held.state_id,
            epoch=held.epochs[key],
        )
        await deliver(connection, delivery, changes[key], session, steps)

    if late:
        await asyncio.to_thread(_record_late, store, picture, held, late[CA])
    async with store.journal.steps_of(held.run, held.epochs) as steps:
        await fleet.roll_out({k: h.wave for k, h in changes.items()}, picture.needs, work, late_missing)
    return late


async def settle(picture: Picture, fleet: Fleet) -> None:
    """See that addresses which hosts were given in a roll-out answer; failures of hosts are left in the fleet."""
    given = {host.name for host in picture.plan.hosts if any(step.id == "network" for step in host.steps)}
    await settle_addresses(picture.desired, given, fleet)


async def _give_ca(
    connection: Connection, store: Store, session: Session, picture: Picture, held: Reservation, steps: StepWriter
) -> str:
    key, digest = connection.host.key, picture.plan.hash
    await steps.started(key, [CA], digest)
    session.events.emit("step.started", host=key, step=CA)
    certificate = await take_or_make(connection, picture.desired.cluster.key, session.clock())
    # in a thread, as a database that is away is waited for, and other hosts are in the middle of their changes
    await asyncio.to_thread(_record_late, store, picture, held, certificate)
    await steps.write([Entry(host=key, step=CA, input_hash=digest, result="done")])
    session.events.emit("step.finished", host=key, step=CA)
    return certificate


def _record_late(store: Store, picture: Picture, held: Reservation, certificate: str) -> None:
    with store.write(held.epochs) as transaction:
        transaction.put_late(picture.desired.cluster.key, CA, certificate)


def late_missing(host: str, needed: str) -> HostError:
    """The error of a host that waits for another one's late value in vain."""
    return HostError(
        "LateValueMissing",
        f"the host waits for the cluster's CA certificate, which {needed} did not give",
        where=f"host {host}",
        why=f"{needed} failed; see its row",
        fix=f"mend {needed}, then run the same command again",
    )


async def verify_cluster(
    picture: Picture, fleet: Fleet, late: Mapping[str, str], *, started: bool = False
) -> tuple[Row, ...]:
    """The verification rows of all nodes; a host that failed has its own row elsewhere.

    Args:
        started: Kubernetes was started just now.
    """
    bundles = {key: fill_late(target.bundle, late) for key, target in picture.targets.items()}
    deployed = started or picture.status.started
    return await verify(picture.desired, bundles, fleet.connections, fleet.failures, deployed=deployed)


def fill_late(bundle: Bundle, late: Mapping[str, str]) -> Bundle:
    """The bundle with the late values that are known in place."""
    files = tuple(
        msgspec.structs.replace(f, content=late.get(f.late)) if f.content is None else f for f in bundle.files
    )
    return msgspec.structs.replace(bundle, files=files)


def say_deploying(store: Store, picture: Picture, held: Reservation) -> None:
    """Record that the hosts are configured and Kubernetes is being started on them.

    Raises:
        RunFencedError: RunFenced, another run took the hosts over.
    """
    with store.write(held.epochs) as transaction:
        state: ProvisioningState = "Scaling" if picture.status.started else "Deploying"
        status = msgspec.structs.replace(picture.status, state=state, details="starting Kubernetes", error="")
        transaction.put_status(picture.desired.cluster.key, status)


def record(
    store: Store, picture: Picture, held: Reservation, state: ProvisioningState, details: str, error: str
) -> None:
    """Write how the run ended, and give its hosts back.

    Raises:
        RunFencedError: RunFenced, another run took the hosts over.
    """
    with store.write(held.epochs) as transaction:
        started = picture.status.started or state == "Deployed"
        status = ClusterStatus(state=state, details=details, error=error, started=started)
        transaction.put_status(picture.desired.cluster.key, status)
        transaction.runs.finish(held.run, "done" if not error else "failed")
        transaction.host_leases.give_back(held.epochs)


def exit_code_of(fleet: Fleet, rows: tuple[Row, ...]) -> ExitCode:
    """0, 1, or 77 when authentication or a host key is why every failed host failed."""
    failures = list(fleet.failures.values())
    if failures and all(isinstance(e, HostAuthError) for e in failures):
        return ExitCode.AUTH
    if failures or any(r.test_result == "Failed" for r in rows):
        return ExitCode.FAILED
    return ExitCode.OK
