"""get-host: the hosts of the inventory, as recorded."""

from __future__ import annotations

from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.host_view import chosen_hosts, host_objects
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """All hosts by name, or the one that was named; none is contacted."""
    snapshot = open_store(session.state_url).snapshot()
    hosts = chosen_hosts(request.text("name"), snapshot)
    return Outcome(objects=host_objects(hosts.values(), snapshot))
