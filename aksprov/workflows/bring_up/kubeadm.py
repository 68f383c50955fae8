"""What kubeadm is run with on a node: fixed scripts, and only words that the definition allows."""

from __future__ import annotations

from aksprov.model.node_settings import NodeSettings
from aksprov.workflows.bring_up.scripts import script


def init_script(settings: NodeSettings, address: str) -> str:
    """kubeadm init on the control plane that has ``address``."""
    skipped = ",".join(f"addon/{name}" for name in settings.skip_addons)
    phases = f" --skip-phases={skipped}" if skipped else ""
    return script("node", "init", values={"address": address, "arguments": _ignored(settings) + phases})


def join_script(settings: NodeSettings, role: str, ca_sha256: str) -> str:
    """kubeadm join; the secret text completes the JoinConfiguration.

    Args:
        role: "control-plane" or "worker".
        ca_sha256: of the cluster's ca.crt, the file, hexadecimal.
    """
    return script("node", "join", values={"role": role, "ca": ca_sha256, "arguments": _ignored(settings)})


def windows_join_values(settings: NodeSettings, ca_sha256: str) -> dict[str, str | tuple[str, ...]]:
    """What join.ps1 gets; see :func:`join_script`."""
    ignored = _ignored(settings)
    return {"ca": ca_sha256, "arguments": (ignored,) if ignored else ()}


def _ignored(settings: NodeSettings) -> str:
    names = ",".join(settings.ignore_preflight_errors)
    return f"--ignore-preflight-errors={names}" if names else ""
