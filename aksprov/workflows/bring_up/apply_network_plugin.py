"""The network plugin's manifest, applied by the first control plane's own kubectl."""

from __future__ import annotations

from typing import Final

from aksprov.errors import HostError
from aksprov.model.cluster import NetworkPlugin
from aksprov.model.transport import Connection
from aksprov.planning.bring_up import NETWORK_PLUGIN
from aksprov.workflows.bring_up.kubectl import kubectl
from aksprov.workflows.bring_up.long_step import Holder, long_step
from aksprov.workflows.bring_up.scripts import script

SECONDS: Final = 300
# On the server's side: an operator's definitions are larger than the annotation that apply would keep of them.
_APPLY: Final = "apply --server-side --force-conflicts -f"


async def apply_network_plugin(
    connection: Connection, holder: Holder, address: str, plugin: NetworkPlugin, manifest: str | None
) -> None:
    """Apply it; what is applied already stays.

    Args:
        address: of the control plane that the connection leads to.
        manifest: the site's own; None is ours, which only Flannel has.

    Raises:
        HostError: NetworkPluginNotApplied, and what :func:`long_step` raises.
    """
    try:
        if manifest is not None:
            await kubectl(connection, address, f"{_APPLY} -", manifest)
        else:
            await kubectl(connection, address, f"{_APPLY} /etc/kubernetes/aksprov/{plugin}/")
    except HostError as error:
        if error.code != "KubectlFailed":
            raise
        raise HostError(
            "NetworkPluginNotApplied",
            "the network plugin's manifest was not taken",
            where=error.where,
            why=error.why,
            fix="mend the manifest, then run the same command again",
        ) from None
    await apply_documents(connection, holder, address, plugin)


async def apply_documents(connection: Connection, holder: Holder, address: str, plugin: NetworkPlugin) -> None:
    """Apply what Calico's operator, where it is there, is to make of the cluster; Flannel has no such documents.

    Raises:
        HostError: what :func:`long_step` raises.
    """
    if plugin == "calico":
        text = script("calico", values={"address": address})
        await long_step(connection, holder, NETWORK_PLUGIN, text, seconds=SECONDS)
