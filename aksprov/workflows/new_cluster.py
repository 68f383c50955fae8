"""new-cluster: from one definition to configured hosts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from aksprov.errors import NotAvailableError
from aksprov.model.cluster import Cluster
from aksprov.model.desired import Snapshot
from aksprov.model.network import Network
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.model.transport import Connect
from aksprov.rendering.templates import Templates
from aksprov.rollout.runner import Fleet
from aksprov.state import open_store
from aksprov.transport.folder import FolderConnect
from aksprov.workflows.cluster_definition import definition_notes, read_cluster
from aksprov.workflows.cluster_plan import rendered
from aksprov.workflows.cluster_run import carry_out
from aksprov.workflows.contact import contact
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Define, plan, reserve, configure, verify and record one cluster."""
    return asyncio.run(_run(request, session))


async def _run(request: Request, session: Session) -> Outcome:
    store = open_store(session.state_url)
    folder = request.text("outputDir")
    connect: Connect = FolderConnect(Path(folder)) if folder else contact(session, store)

    def define(snapshot: Snapshot) -> tuple[Cluster, Network]:
        return read_cluster(request, snapshot)

    async with Fleet(store.snapshot().hosts, connect, session.events) as fleet:
        outcome = await carry_out(
            request,
            session,
            store,
            fleet,
            define=define,
            source=rendered(Templates.load()),
            folder=folder,
            only_plan=None if request.flag("configureOnly") else _no_kubernetes_yet(),
        )
    return msgspec.structs.replace(outcome, notes=(*definition_notes(request), *outcome.notes))


def _no_kubernetes_yet() -> NotAvailableError:
    return NotAvailableError(
        "KubernetesNotAvailable",
        "the cluster was planned, not made",
        where="new-cluster",
        why="starting Kubernetes is not available in this version; nothing was recorded, leased or written",
        fix="give --configure-only to stop before Kubernetes",
    )
