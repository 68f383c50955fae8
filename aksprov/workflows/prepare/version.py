"""The Kubernetes version that a cluster gets where none is asked for: the newest that its source offers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from aksprov.cmdlets.versions import DEFAULT, LATEST, OFFERED
from aksprov.ipam.placement import place
from aksprov.model.cluster import Cluster
from aksprov.model.desired import Snapshot
from aksprov.model.network import Network
from aksprov.model.programs import PackageSettings, ProgramSource
from aksprov.model.request import Request
from aksprov.model.transport import Connection
from aksprov.rollout.runner import Fleet
from aksprov.workflows.offline_bundle.read import read_manifest
from aksprov.workflows.prepare.packages import of_minor
from aksprov.workflows.prepare.scripts import preparation


def offered_version(programs: ProgramSource, snapshot: Snapshot) -> str:
    """That of the bundle; that of the hosts' kubeadm where all that have one have the same; else the table's.

    Raises:
        DefinitionError, NotFoundError: as :func:`read_manifest`.
    """
    if programs.source == "bundle" and programs.bundle:
        return read_manifest(Path(programs.bundle), snapshot.bundle_keys).kubernetes_version
    if programs.source == "preinstalled":
        there = {facts.programs.get("kubeadm", "") for facts in snapshot.facts.values() if not facts.powershell} - {""}
        known = [found for found in there if found.rpartition(".")[0] in {row.minor for row in OFFERED}]
        if len(there) == 1 and known:
            return f"v{known[0]}"
    return DEFAULT.version


async def with_offered_version(
    request: Request, cluster: Cluster, network: Network, snapshot: Snapshot, fleet: Fleet
) -> Request:
    """The request with the newest patch of the table's minor that package repositories offer, where it asks for none.

    They are asked by the first control plane, as hosts reach them and the controller may not.  One that does not
    answer is a failure of that host; the version is the table's then.

    Args:
        cluster, network: as the request defines them without that.
    """
    asked_for = request.text("kubernetesVersion") or LATEST
    known = cluster.key in snapshot.clusters or asked_for.lower() != LATEST
    if known or cluster.programs.source != "packages":
        return request
    first = place(cluster, network, snapshot).by_role("control-plane")[0]

    async def ask(connection: Connection) -> str:
        return await _newest(connection, cluster.programs.packages)

    answer = await fleet.one(first.host, ask)
    if answer is None or not answer[0]:
        return request
    return msgspec.structs.replace(request, values={**request.values, "kubernetesVersion": answer[0]})


async def _newest(connection: Connection, settings: PackageSettings) -> str:
    values = {"repository": of_minor(settings, DEFAULT.minor), "proxy": settings.proxy}
    answer = await connection.run(preparation("offered", values=values), stdin=settings.key.encode())
    return newest_patch(DEFAULT.minor, answer.stdout.decode(errors="replace").split())


def newest_patch(minor: str, versions: Iterable[str]) -> str:
    """The newest release of a minor among versions of packages such as "1.36.4-1.1", "" where there is none."""
    found = [match for text in versions if (match := re.fullmatch(r"(\d+\.\d+)\.(\d+)(-[0-9.]+)?", text))]
    patches = [int(match[2]) for match in found if match[1] == minor]
    return f"v{minor}.{max(patches)}" if patches else ""
