"""Windows workers join: kubeadm.exe with a token, and the kubeconfigs of what no pod brings there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from aksprov.model.desired import Desired
from aksprov.model.transport import Connection
from aksprov.planning.bring_up import JOIN_WORKER
from aksprov.workflows.bring_up.join_secrets import JoinSecrets, completion
from aksprov.workflows.bring_up.kubeadm import windows_join_values
from aksprov.workflows.bring_up.long_step import Holder
from aksprov.workflows.bring_up.scripts import windows_script
from aksprov.workflows.bring_up.steps import Action
from aksprov.workflows.bring_up.windows_accounts import Account, kubeconfigs
from aksprov.workflows.bring_up.windows_step import windows_step

# kubeadm waits for 5 minutes for the kubelet, this Windows may have just started, and images of a bundle are gigabytes.
SECONDS: Final = 1800


def join_windows(desired: Desired, values: JoinSecrets, certificate: str, tokens: Mapping[Account, str]) -> Action:
    """The step that makes a Windows host a node.

    Args:
        certificate: of the cluster's CA, PEM.
        tokens: of service accounts.
    """
    script = windows_script("node", "images", "join")
    given = windows_join_values(desired.cluster.node_settings, hashlib.sha256(certificate.encode()).hexdigest())
    secret = completion(values, certificate, control_plane=False) + kubeconfigs(desired, certificate, tokens)
    hide = (*values.hidden, *tokens.values())

    async def action(connection: Connection, holder: Holder) -> None:
        await windows_step(
            connection, holder, JOIN_WORKER, script, values=given, secret=secret, hide=hide, seconds=SECONDS
        )

    return action
