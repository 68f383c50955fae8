"""Documents of the network plugin: they go to control planes only.

Its own DaemonSet writes /etc/cni/net.d on every node, so nothing of ours goes there.
"""

from __future__ import annotations

from collections.abc import Iterator

from aksprov.cni import calico
from aksprov.errors import NotAvailableError
from aksprov.model.bundle import BundleFile
from aksprov.model.desired import Desired
from aksprov.rendering.files import Renderer
from aksprov.rendering.node import DEFAULT_MAX_PODS


def plugin_files(desired: Desired, render: Renderer) -> Iterator[BundleFile]:
    """What every control plane gets of the network plugin.

    Raises:
        DefinitionError: RenderUnsafe.
        NotAvailableError: NetworkPluginNotAvailable.
    """
    cluster = desired.cluster
    if cluster.primary_network_plugin != "calico":
        raise NotAvailableError(
            "NetworkPluginNotAvailable",
            f"network plugin {cluster.primary_network_plugin} cannot be configured",
            where="primaryNetworkPlugin",
            why="only calico is built so far",
            fix="give --primary-network-plugin calico",
        )
    largest = max(
        [DEFAULT_MAX_PODS, *(pool.max_pods for pool in cluster.node_pools)]
    )  # control planes have the default
    values = {
        "cluster": cluster,
        "block_size": calico.block_size(largest),
        "vxlan_port": calico.VXLAN_PORT,
        "vxlan_vni": calico.VXLAN_VNI,
    }
    # Applied in the order of their names, after the operator's own manifest: the installation makes
    # the API server's kind work, and that one Felix's.
    for number, kind in enumerate(("installation", "apiserver", "felixconfiguration"), start=1):
        path = f"/etc/kubernetes/aksprov/calico/{number}0-{kind}.yaml"
        yield render.file(path, f"cni/calico/{kind}.yaml.yaml.j2", "data", values)
    # calicoctl's fixed place.
    yield render.file("/etc/calico/calicoctl.cfg", "cni/calico/calicoctl.cfg.yaml.j2", "data", {})
