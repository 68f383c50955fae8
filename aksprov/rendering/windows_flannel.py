"""Flannel on Windows workers: its configuration, its CNI configuration, and the script that keeps flanneld running.

On Linux a DaemonSet brings all of this; Flannel has none for Windows.  Its kubeconfig holds a token of
the DaemonSet's service account, so it is no file of the bundle: joining the cluster makes it.

Sources: flannel-io/flannel, main.go and pkg/backend/vxlan/vxlan_windows.go; flannel-io/cni-plugin,
flannel_windows.go; containernetworking/plugins, plugins/main/windows/win-overlay and pkg/hns.
"""

from __future__ import annotations

from collections.abc import Iterator

from aksprov.cni import flannel
from aksprov.model.bundle import BundleFile
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired
from aksprov.model.windows import PROGRAMS
from aksprov.rendering.files import Renderer
from aksprov.rendering.windows_kube_proxy import HNS_NETWORKS
from aksprov.rendering.windows_services import CNI_CONF, START_FLANNELD

KUBECONFIG = "C:/etc/kubernetes/flannel.conf"
_NET_CONF = "C:/etc/kube-flannel/net-conf.json"
_SUBNET_FILE = "C:/run/flannel/subnet.env"


def windows_flannel_files(desired: Desired, node: Node, render: Renderer) -> Iterator[BundleFile]:
    """What a Windows worker of a cluster with Flannel gets of it.

    Raises:
        DefinitionError: RenderUnsafe.
    """
    cluster = desired.cluster
    # flanneld's own default path, on the drive it is started from.
    yield render.file(_NET_CONF, "cni/flannel/net-conf.json.json.j2", "data", flannel.backend(cluster))
    yield render.file(
        f"{CNI_CONF}/10-flannel.conf",
        "cni/flannel/10-flannel.conf.json.j2",
        "data",
        {
            "network_name": HNS_NETWORKS["flannel"],
            "subnet_file": _SUBNET_FILE,
            # What pods send there keeps their address; all else leaves with the node's.
            "not_translated": (cluster.service_subnet, cluster.pod_subnet),
            "service_cidr": cluster.service_subnet,
        },
    )
    yield render.file(
        START_FLANNELD,
        "cni/flannel/start-flanneld.ps1.ps1.j2",
        "named",
        {
            "kubeconfig": KUBECONFIG,
            "log": "C:/var/log/flanneld/flanneld.log",
            "node_name": node.name,
            "program": f"{PROGRAMS}/flanneld.exe",
            "arguments": _arguments(node),
        },
    )


def _arguments(node: Node) -> tuple[str, ...]:
    """Without --ip-masq: on Windows the CNI plugin would take it for its own and make a second NAT policy."""
    return (
        "--kube-subnet-mgr",
        f"--iface={node.address}",
        f"--kubeconfig-file={KUBECONFIG}",
        f"--net-config-path={_NET_CONF}",
        f"--subnet-file={_SUBNET_FILE}",
    )
