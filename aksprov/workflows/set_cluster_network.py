"""set-cluster-network: change a network's pools while clusters run on it.

No host is contacted: nothing on a host depends on the pools, so the next plan of each cluster stays empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from aksprov.errors import ExitCode
from aksprov.ipam.pools import Edit, Kind, Ranges, changes, edited, strangers_in
from aksprov.ipam.ranges import listed, read_range, size, written
from aksprov.model.desired import Snapshot
from aksprov.model.network import AddressRange, Lease, Network
from aksprov.model.outcome import Outcome
from aksprov.model.plan import Plan, PoolChange, plan_hash
from aksprov.model.quarantine import mac_of
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.network_definition import find_network, network_object
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Check what is asked for against all that is recorded, ask where a pool shrinks, and record it.

    Raises:
        NotFoundError: NetworkNotFound.
        DefinitionError: what :func:`aksprov.ipam.pools.edited` refuses; nothing was changed.
        UsageError: ConfirmationNeeded.
    """
    store = open_store(session.state_url)
    snapshot = store.snapshot()
    before, after = _changed(request, snapshot)
    made, freed = changes(before, after), _freed(request, before, snapshot)
    if not made and not freed:
        return _outcome(before, f"network {before.name}: nothing to change")
    if request.flag("whatIf"):
        return Outcome(plan=_plan(request, before, made, freed), exit_code=ExitCode.WOULD_CHANGE)
    shrinking = [edit for edit in made if edit.remove and edit.kind != "Reserved"]
    if shrinking and not confirmed(request, session, _question(before, shrinking)):
        return _outcome(before, f"network {before.name} stays as it is")
    with store.write() as transaction:
        snapshot = transaction.snapshot()
        before, after = _changed(request, snapshot)
        freed = _freed(request, before, snapshot)
        transaction.put_network(after)
        transaction.free_strangers(freed)
    left = (f"{lease.address} is out of quarantine; {mac_of(lease)} had answered for it" for lease in freed)
    return _outcome(after, *_notes(changes(before, after)), *left)


def _changed(request: Request, snapshot: Snapshot) -> tuple[Network, Network]:
    """The network as it is recorded, and as it would be."""
    network = find_network(request.need("name"), snapshot)
    edits = (
        Edit(kind="VIP", add=_ranges(request, "addVipRange"), remove=_ranges(request, "removeVipRange")),
        Edit(kind="Node", add=_ranges(request, "addNodeRange"), remove=_ranges(request, "removeNodeRange")),
        Edit(kind="Reserved", add=_ranges(request, "reserve"), remove=_ranges(request, "release")),
    )
    return network, edited(network, edits, snapshot)


def _freed(request: Request, network: Network, snapshot: Snapshot) -> tuple[Lease, ...]:
    return strangers_in(network, _ranges(request, "release"), snapshot)


def _ranges(request: Request, parameter: str) -> Ranges:
    return tuple(map(read_range, request.texts(parameter)))


def _plan(request: Request, network: Network, made: tuple[Edit, ...], freed: Iterable[Lease]) -> Plan:
    def change(kind: Kind | Literal["Quarantine"], way: Literal["add", "remove"], run: AddressRange) -> PoolChange:
        return PoolChange(network=network.name, pool=kind, change=way, addresses=written(run), count=size(run))

    pools = (
        *(change(edit.kind, "add", run) for edit in made for run in edit.add),
        *(change(edit.kind, "remove", run) for edit in made for run in edit.remove),
        *(change("Quarantine", "remove", read_range(lease.address)) for lease in freed),
    )
    plan = Plan(verb=request.verb, objects=(f"network/{network.name}",), addresses=(), pools=pools)
    return msgspec.structs.replace(plan, hash=plan_hash(plan))


def _question(network: Network, shrinking: Iterable[Edit]) -> str:
    parts = (f"{listed(edit.remove)} ({_count(edit.remove)}) out of the {edit.title}" for edit in shrinking)
    return f"Take {' and '.join(parts)} of network {network.name}?"


def _notes(made: Iterable[Edit]) -> Iterator[str]:
    for edit in made:
        reserved = edit.kind == "Reserved"
        if edit.add:
            yield f"{listed(edit.add)} ({_count(edit.add)}) " + (
                "reserved" if reserved else f"added to the {edit.title}"
            )
        if edit.remove:
            done = "released" if reserved else f"taken out of the {edit.title}"
            yield f"{listed(edit.remove)} ({_count(edit.remove)}) {done}"


def _count(ranges: Ranges) -> str:
    number = size(*ranges)
    return "1 address" if number == 1 else f"{number} addresses"


def _outcome(network: Network, *notes: str) -> Outcome:
    return Outcome(objects=(network_object(network),), single=True, notes=notes)
