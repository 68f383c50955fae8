"""The Kubernetes version that a cluster gets where none is asked for: the newest that its source offers."""

from __future__ import annotations

from pathlib import Path

from aksprov.cmdlets.versions import DEFAULT, OFFERED
from aksprov.model.desired import Snapshot
from aksprov.model.programs import ProgramSource
from aksprov.workflows.offline_bundle.read import read_manifest


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
