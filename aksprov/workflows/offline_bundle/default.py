"""The recorded default bundle, as people see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from aksprov.errors import AksprovError
from aksprov.model.desired import Snapshot
from aksprov.workflows.offline_bundle.read import read_manifest

DEFAULT: Final = "default"


def default_folder(snapshot: Snapshot) -> Path | None:
    """Where the default bundle is; None where none is recorded."""
    recorded = snapshot.offline_downloads.get(DEFAULT)
    return Path(recorded.staging_share) if recorded else None


def download_objects(snapshot: Snapshot) -> tuple[dict[str, Any], ...]:
    """The recorded default, with what its manifest says now; empty where none is recorded."""
    recorded = snapshot.offline_downloads.get(DEFAULT)
    if recorded is None:
        return ()
    version = details = ""
    try:
        version = read_manifest(Path(recorded.staging_share), snapshot.bundle_keys).kubernetes_version
    except AksprovError as error:
        details = f"{error.code}: {error.why}"
    return (
        {
            "StagingShare": recorded.staging_share,
            "OffsiteTransferCompleted": recorded.offsite_transfer_completed,
            "KubernetesVersion": version,
            "Details": details,
            "TrustedKeys": sorted(snapshot.bundle_keys),
        },
    )
