"""remove-cluster-network: forget a network that no cluster uses."""

from __future__ import annotations

import msgspec

from aksprov.errors import DefinitionError, ExitCode
from aksprov.ipam.rules import network_users
from aksprov.model.desired import Snapshot
from aksprov.model.network import Network
from aksprov.model.outcome import Outcome
from aksprov.model.plan import Plan, plan_hash
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.network_definition import find_network
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Refuse while it is in use, ask, and remove it.

    Raises:
        DefinitionError: NetworkInUse.
        NotFoundError: NetworkNotFound.
        UsageError: ConfirmationNeeded.
    """
    store = open_store(session.state_url)
    network = _unused(request.need("name"), store.snapshot())
    if request.flag("whatIf"):
        plan = Plan(verb=request.verb, objects=(f"network/{network.name}",), addresses=())
        return Outcome(plan=msgspec.structs.replace(plan, hash=plan_hash(plan)), exit_code=ExitCode.WOULD_CHANGE)
    if not confirmed(request, session, f"Remove network {network.name} ({network.ip_address_prefix})?"):
        return Outcome(notes=(f"network {network.name} stays",))
    with store.write() as transaction:
        transaction.remove_network(_unused(request.need("name"), transaction.snapshot()).key)
    return Outcome(notes=(f"network {network.name} removed",))


def _unused(name: str, snapshot: Snapshot) -> Network:
    """The network of that name, when nobody uses it.

    Raises:
        NotFoundError: NetworkNotFound.
        DefinitionError: NetworkInUse, with its users.
    """
    network = find_network(name, snapshot)
    users = network_users(network.key, snapshot)
    if users:
        raise DefinitionError(
            "NetworkInUse",
            f"network {network.name} cannot be removed",
            where=f"network {network.name}",
            why="it is used by " + ", ".join(f"cluster {user}" for user in users),
            fix="remove these clusters first",
        )
    return network
