"""Kubernetes ends on a host: kubeadm reset, and what it leaves, so that the host is as it was found."""

from __future__ import annotations

from typing import Final

from aksprov.model.transport import Connection
from aksprov.planning.removal import END_KUBERNETES
from aksprov.workflows.bring_up.long_step import Holder, long_step
from aksprov.workflows.bring_up.scripts import script, windows_script
from aksprov.workflows.bring_up.windows_step import windows_step

SECONDS: Final = 300


async def end_kubernetes(connection: Connection, holder: Holder) -> None:
    """Take Kubernetes off; the cluster's CA pair and our own files stay for the removal that follows.

    Raises:
        HostError: what :func:`long_step` raises.
    """
    if connection.host.os == "windows":
        await windows_step(connection, holder, END_KUBERNETES, windows_script("node", "leave"), seconds=SECONDS)
    else:
        await long_step(connection, holder, END_KUBERNETES, script("node", "leave"), seconds=SECONDS)
