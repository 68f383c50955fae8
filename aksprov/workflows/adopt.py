"""adopt: take hosts over from another state, and rebuild a lost one from what its hosts have."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from aksprov.errors import HostError
from aksprov.model.cluster import ClusterStatus
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Manifest
from aksprov.model.host import Host
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.model.row import Row, row_of
from aksprov.model.transport import Connection
from aksprov.planning.adoption import Account, Adoption, adopt
from aksprov.planning.late import CA
from aksprov.planning.owner import MANIFEST, WINDOWS_MANIFEST
from aksprov.rollout.runner import Fleet
from aksprov.state import Entry, StepWriter, Store, open_store
from aksprov.state.process import this_holder
from aksprov.transport.adopt import changed_meanwhile, take_over
from aksprov.workflows.add_host import new_hosts, read_hosts_file
from aksprov.workflows.cluster_apply import Reservation
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.contact import contact
from aksprov.workflows.host_accounts import account_of
from aksprov.workflows.host_facts import exit_code_of
from aksprov.workflows.host_view import find_host
from aksprov.workflows.run_lease import kept_alive
from aksprov.workflows.session import Session

_STEP = "adopt"
# what is on no host; said when a state is rebuilt
_LOST = (
    ("Journal", "what earlier runs did is not known, nor which of them did not end"),
    ("SecretReferences", "no host has references to secrets; those of the hosts file are recorded"),
    ("UnusedNetworks", "networks that no cluster uses are on no host; define them again"),
    ("NetworkPools", "what set-cluster-network changed is on no host: networks have the pools of their definition"),
)


def run(request: Request, session: Session) -> Outcome:
    """Read every host, show what will be recorded and what cannot be known, ask, record, and take the hosts over.

    Raises:
        DefinitionError, NotFoundError: the hosts file, or the host's name.
        HostsLockedError: HostsLocked, another run is changing one of the hosts.
        UsageError: ConfirmationNeeded.
    """
    return asyncio.run(_run(request, session))


async def _run(request: Request, session: Session) -> Outcome:
    store = open_store(session.state_url)
    snapshot = store.snapshot()
    hosts = _hosts(request, snapshot)
    async with Fleet(hosts, contact(session, store, hosts), session.events) as fleet:
        accounts = await fleet.each(hosts, account_of)
        adoption = adopt(accounts, snapshot)
        rows = (*adoption.rows, *_unknown(adoption, hosts, fleet, rebuilt=request.text("file") is not None))
        code = exit_code_of(fleet.failures, rows)
        foreign = {key: accounts[key] for key in adoption.hosts if _state_of(accounts[key]) != snapshot.state_id}
        if not foreign and _is_recorded(adoption, hosts, snapshot):
            return Outcome(rows=rows, notes=("nothing to change",), exit_code=code)
        if not confirmed(request, session, _question(adoption, foreign, rows)):
            return Outcome(rows=rows, notes=("nothing was changed",), exit_code=code)
        held = _record(store, session, hosts, accounts, adoption)
        session.events.run = held.run
        session.events.emit("run.started", text=f"adopt {len(foreign)} hosts")
        async with kept_alive(store, held.epochs, session.lease_terms):
            async with store.journal.steps_of(held.run, held.epochs) as steps:
                await fleet.each(foreign, lambda c: _take_over(c, accounts[c.host.key], held, steps))
            _finish(store, held, accounts, adoption, fleet)
        session.events.emit("run.finished", text=f"adopt {len(foreign)} hosts")
    failed = tuple(row_of(error, host=hosts[k].name) for k, error in fleet.failures.items() if k in foreign)
    made = (f"made a new state at {store.location}",) if store.created else ()
    taken = len(foreign) - len(failed)
    return Outcome(
        rows=(*rows, *failed),
        notes=(*made, f"{taken} hosts taken over; {len(adoption.clusters)} clusters recorded from them"),
        exit_code=exit_code_of(fleet.failures, (*rows, *failed)),
    )


def _hosts(request: Request, snapshot: Snapshot) -> dict[str, Host]:
    """The host that was named, or those of the file, by key; recorded ones as they are recorded."""
    file, name = request.text("file"), request.text("name")
    if file is None:
        host = find_host(name or "", snapshot)
        return {host.key: host}
    entries = read_hosts_file(Path(file))
    new = {host.key: host for host in new_hosts(entries, snapshot, file)}
    keys = [str(values["name"]).lower() for values in entries]
    return {key: new[key] if key in new else snapshot.hosts[key] for key in keys}


def _state_of(account: Account) -> str:
    return account.seen.manifest.state_id if account.seen.manifest else ""


def _is_recorded(adoption: Adoption, hosts: Mapping[str, Host], snapshot: Snapshot) -> bool:
    """Whether the state has all of it already, and has not been restored since it saw these hosts."""
    new = (adoption.networks, adoption.clusters, adoption.nodes, adoption.leases, adoption.router_ids)
    return not any(new) and hosts.keys() <= snapshot.hosts.keys() and not hosts.keys() & snapshot.restored


def _unknown(adoption: Adoption, hosts: Mapping[str, Host], fleet: Fleet, *, rebuilt: bool) -> Iterator[Row]:
    """Rows for what cannot be known."""
    for key, error in sorted(fleet.failures.items()):
        row = row_of(error, host=hosts[key].name, category="Connection")
        unknown = "what it is for, its address in a cluster and its facts are not known"
        yield msgspec.structs.replace(row, details=f"{row.details}; {unknown}")
    if rebuilt and adoption.clusters:
        for name, details in _LOST:
            yield Row(test_name=name, category="Adoption", test_result="Skipped", details=details)


def _question(adoption: Adoption, foreign: Mapping[str, Account], rows: tuple[Row, ...]) -> str:
    """What a person must know before he agrees."""
    lines = [f"{row.host or row.cluster} {row.test_name}: {row.details}" for row in rows if row.test_result != "Passed"]
    if adoption.clusters:
        lines.append("recorded from the hosts: clusters " + ", ".join(c.name for c in adoption.clusters))
    for state_id in sorted({_state_of(account) for account in foreign.values()}):
        names = [account.host.name for account in foreign.values() if _state_of(account) == state_id]
        lines.append(f"of state {state_id}: {', '.join(names)}")
    if foreign:
        return "\n".join([*lines, f"Take {len(foreign)} hosts over? Their state cannot change them any more."])
    return "\n".join([*lines, "Record this?"])


def _record(
    store: Store,
    session: Session,
    hosts: Mapping[str, Host],
    accounts: Mapping[str, Account],
    adoption: Adoption,
) -> Reservation:
    """Record what the hosts have and take them for this run, in one write transaction."""
    with store.write() as transaction:
        for key, host in hosts.items():
            transaction.put_host(host)
            if key in accounts:
                transaction.put_facts(key, accounts[key].seen.facts)
        for network in adoption.networks:
            transaction.put_network(network)
        for cluster in adoption.clusters:
            transaction.put_cluster(cluster)
            transaction.put_status(cluster.key, ClusterStatus(state="Pending", details="being adopted"))
        transaction.add_nodes(adoption.nodes)
        transaction.add_leases(adoption.leases)
        for router_id in adoption.router_ids:
            transaction.add_router_id(router_id)
        for cluster_key, certificate in adoption.late.items():
            transaction.put_late(cluster_key, CA, certificate)
        objects = [f"cluster/{cluster.name}" for cluster in adoption.clusters] or ["hosts"]
        digest = hashlib.sha256(msgspec.json.encode(adoption.hosts)).hexdigest()
        run_id = transaction.runs.begin("adopt", objects, digest, digest)
        leases = transaction.host_leases
        leases.raise_epochs({key: account.epoch for key, account in accounts.items()})
        epochs = leases.take(adoption.hosts, this_holder(run_id), session.lease_terms)
        return Reservation(run=run_id, state_id=transaction.snapshot().state_id, epochs=epochs)


async def _take_over(connection: Connection, account: Account, held: Reservation, steps: StepWriter) -> None:
    key = connection.host.key
    path = WINDOWS_MANIFEST if connection.host.os == "windows" else MANIFEST
    was = (await connection.get((path,))).get(path, b"")
    digest = hashlib.sha256(was).hexdigest()
    await steps.started(key, [_STEP], digest)
    try:
        manifest = account.seen.manifest
        if manifest is None or _decoded(was) != manifest:
            raise changed_meanwhile(connection.host.name)
        epoch = held.epochs[key]
        await take_over(connection, was, msgspec.structs.replace(manifest, state_id=held.state_id, epoch=epoch))
    except HostError as error:
        await steps.write([Entry(host=key, step=_STEP, input_hash=digest, result="failed", details=error.code)])
        raise
    await steps.write([Entry(host=key, step=_STEP, input_hash=digest, result="done")])


def _decoded(content: bytes) -> Manifest | None:
    try:
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError:
        return None


def _finish(store: Store, held: Reservation, accounts: Mapping[str, Account], adoption: Adoption, fleet: Fleet) -> None:
    """Record where the clusters stand now, and give the hosts back."""
    with store.write(held.epochs) as transaction:
        for cluster in adoption.clusters:
            failed = [n.host for n in adoption.nodes if n.cluster == cluster.key and n.host in fleet.failures]
            if cluster.key in adoption.incomplete or failed:
                error = f"not adopted: {', '.join(failed) or 'hosts that are not known'}"
                status = ClusterStatus(state="Failed", details="adopted in part", error=error)
            else:
                status = ClusterStatus(state="Configured", details="adopted")
            transaction.put_status(cluster.key, status)
        blank = {key for key, account in accounts.items() if account.seen.manifest is None}
        transaction.looked_at({*adoption.hosts, *blank} - fleet.failures.keys())
        transaction.runs.finish(held.run, "failed" if fleet.failures else "done")
        transaction.host_leases.give_back(held.epochs)
