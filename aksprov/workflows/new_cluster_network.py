"""new-cluster-network: define a network that clusters are made on."""

from __future__ import annotations

import msgspec

from aksprov.errors import DefinitionError, ExitCode
from aksprov.ipam.cidrs import standard_overlaps
from aksprov.ipam.dhcp import scope_rows, with_prefix
from aksprov.ipam.pools import refuse_held
from aksprov.ipam.rules import check_network, normalised
from aksprov.model.desired import Snapshot
from aksprov.model.network import Network
from aksprov.model.outcome import Outcome
from aksprov.model.plan import Plan, plan_hash
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.network_definition import differences, network_object, prefix_note, read_network
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Check the network against its own values and all that is recorded, and record it."""
    store = open_store(session.state_url)
    snapshot = store.snapshot()
    network = _define(request, snapshot)
    notes, rows = (*prefix_note(request, network), *standard_overlaps(network)), scope_rows(network)
    if network.key in snapshot.networks:
        return _outcome(network, notes=(*notes, f"network {network.name} is there already: nothing to change"))
    if request.flag("whatIf"):
        return Outcome(plan=_plan(request, network), rows=rows, notes=notes, exit_code=ExitCode.WOULD_CHANGE)
    with store.write() as transaction:
        network = _define(request, transaction.snapshot())
        transaction.put_network(network)
    made = (f"made a new state at {store.location}",) if store.created else ()
    return msgspec.structs.replace(_outcome(network, notes=(*notes, *made)), rows=rows)


def _define(request: Request, snapshot: Snapshot) -> Network:
    """The recorded network where it has the values that were given, else a new one.

    Raises:
        DefinitionError: NetworkExistsDifferently, PrefixUnknown, PrefixesDiffer, HostAddressInPool, or the rule that
            a new one breaks.
    """
    recorded = snapshot.networks.get(request.need("name").lower())
    wanted = read_network(request, recorded)
    if recorded is None:
        checked = check_network(wanted, snapshot)
        if checked.dhcp:
            checked = check_network(with_prefix(checked, snapshot), snapshot)
        refuse_held(checked, checked.vip_ranges, snapshot)
        return checked
    changed = differences(recorded, normalised(wanted))
    if changed:
        raise DefinitionError(
            "NetworkExistsDifferently",
            f"network {recorded.name} exists with other values",
            where=", ".join(changed),
            why="; ".join(f"{p} is {_text(old)}, asked for was {_text(new)}" for p, (old, new) in changed.items()),
            fix="leave these values out, choose another name, or define it anew after remove-cluster-network; "
            "set-cluster-network changes pools",
        )
    return recorded


def _text(value: object) -> str:
    if value is None or value == []:
        return "not given"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _plan(request: Request, network: Network) -> Plan:
    plan = Plan(verb=request.verb, objects=(f"network/{network.name}",), addresses=())
    return msgspec.structs.replace(plan, hash=plan_hash(plan))


def _outcome(network: Network, *, notes: tuple[str, ...]) -> Outcome:
    return Outcome(objects=(network_object(network),), single=True, notes=notes)
