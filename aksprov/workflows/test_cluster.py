"""test-cluster: look at a cluster's hosts from inside and from one another."""

from __future__ import annotations

import asyncio

from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.rendering.templates import Templates
from aksprov.rollout.runner import Fleet
from aksprov.state import open_store
from aksprov.transport import connector
from aksprov.workflows.cluster_apply import exit_code_of, verify_cluster
from aksprov.workflows.cluster_plan import failure_rows, look, rendered
from aksprov.workflows.get_cluster import find_cluster
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Rows of every probe; nothing is changed or recorded."""
    return asyncio.run(_run(request, session))


async def _run(request: Request, session: Session) -> Outcome:
    snapshot = open_store(session.state_url).snapshot()
    cluster = find_cluster(request.need("name"), snapshot)
    network = snapshot.networks[cluster.network.lower()]
    async with Fleet(snapshot.hosts, connector(), session.events) as fleet:
        picture = await look(request.verb, cluster, network, snapshot, fleet, rendered(Templates.load()), offline=False)
        rows = (*picture.rows, *await verify_cluster(picture, fleet, picture.late), *failure_rows(fleet, cluster.name))
        return Outcome(rows=rows, exit_code=exit_code_of(fleet, rows))
