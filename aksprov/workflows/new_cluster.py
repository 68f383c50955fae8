"""new-cluster: from one definition to configured hosts, and on to a cluster that runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from aksprov.errors import NotAvailableError, NotFoundError
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
from aksprov.workflows.cluster_run import Kubernetes, carry_out
from aksprov.workflows.contact import contact
from aksprov.workflows.prepare.version import with_offered_version
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Define, plan, reserve, configure, start, verify and record one cluster."""
    return asyncio.run(_run(request, session))


async def _run(request: Request, session: Session) -> Outcome:
    store = open_store(session.state_url)
    folder = request.text("outputDir")
    connect: Connect = FolderConnect(Path(folder)) if folder else contact(session, store)
    manifest = _manifest(request.text("networkPluginManifest"))

    snapshot = store.snapshot()
    cluster, network = read_cluster(request, snapshot)
    only_plan = None if request.flag("configureOnly") else _obstacle(cluster, folder, manifest)
    start = not request.flag("configureOnly") and only_plan is None
    async with Fleet(snapshot.hosts, connect, session.events) as fleet:
        if not folder:
            request = await with_offered_version(request, cluster, network, snapshot, fleet)

        def define(now: Snapshot, request: Request = request) -> tuple[Cluster, Network]:
            return read_cluster(request, now)

        outcome = await carry_out(
            request,
            session,
            store,
            fleet,
            define=define,
            source=rendered(Templates.load()),
            folder=folder,
            only_plan=only_plan,
            kubernetes=Kubernetes(manifest=manifest) if start else None,
        )
    return msgspec.structs.replace(outcome, notes=(*definition_notes(request), *outcome.notes))


def _manifest(path: str | None) -> str | None:
    """The text of the network plugin's manifest.

    Raises:
        NotFoundError: ManifestNotFound.
    """
    if path is None:
        return None
    try:
        return Path(path).expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFoundError(
            "ManifestNotFound",
            "the network plugin's manifest cannot be read",
            where=path,
            why=str(error),
            fix="give the path of a YAML file",
        ) from None


def _obstacle(cluster: Cluster, folder: str | None, manifest: str | None) -> NotAvailableError | None:
    """Why Kubernetes cannot be started on a cluster's hosts here, None where it can."""
    if folder is not None:
        return _unstarted(
            "a folder starts nothing",
            "give --configure-only with --output-dir; the same command without both starts it",
        )
    if manifest is None and cluster.primary_network_plugin == "calico":
        return _unstarted(
            "aksprov does not carry the manifest of Calico's operator, and without a network plugin no node is Ready",
            "give --network-plugin-manifest FILE (Calico's own tigera-operator.yaml, or a manifest of the site's own), "
            "or --configure-only to stop before Kubernetes",
        )
    return None


def _unstarted(why: str, fix: str) -> NotAvailableError:
    return NotAvailableError(
        "KubernetesNotAvailable",
        "the cluster was planned, not made",
        where="new-cluster",
        why=f"{why}; nothing was recorded, leased or written",
        fix=fix,
    )
