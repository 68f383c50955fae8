"""kube-proxy on Windows workers: its configuration, and the script that completes it and starts it.

Its kubeconfig holds a token, so it is no file of the bundle: joining the cluster makes it.

Sources: KubeProxyConfiguration, https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/;
kubernetes/kubernetes, pkg/proxy/winkernel; kubernetes-sigs/sig-windows-tools, hostprocess/calico/
kube-proxy/start.ps1; containernetworking/plugins, plugins/ipam/host-local.
"""

from __future__ import annotations

from collections.abc import Iterator

from aksprov.cmdlets.versions import find_version
from aksprov.cni.flannel import WINDOWS_VNI
from aksprov.model.bundle import BundleFile
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired
from aksprov.model.windows import CNI_BIN
from aksprov.rendering.files import Renderer
from aksprov.rendering.windows_services import (
    KUBE_PROXY,
    KUBE_PROXY_CONFIGURATION,
    KUBE_PROXY_HOME,
    SYNC_KUBE_PROXY,
)

KUBECONFIG = "C:/etc/kubernetes/kube-proxy.conf"
# Names of the HNS networks that the plugins make, compared with their case.
HNS_NETWORKS = {"calico": "Calico", "flannel": f"flannel.{WINDOWS_VNI}"}
_CALICO_ENDPOINT = "Calico_ep"


def kube_proxy_files(desired: Desired, node: Node, render: Renderer) -> Iterator[BundleFile]:
    """Configuration and script.

    Raises:
        DefinitionError: RenderUnsafe, VersionNotAvailable.
    """
    cluster = desired.cluster
    version = find_version(cluster.kubernetes_version)
    network = HNS_NETWORKS[cluster.primary_network_plugin]
    definition = f"{KUBE_PROXY_HOME}/kube-proxy.yaml"
    yield render.file(
        definition,
        "node/windows/kube-proxy.yaml.yaml.j2",
        "named",
        {
            "kubeconfig": KUBECONFIG,
            "pod_cidr": cluster.pod_subnet,
            "node_name": node.name,
            "service_field": version.windows_proxy_service,
            "dsr_gate": "WinDSR" in version.windows_proxy_gates,
            "network": network,
        },
    )
    yield render.file(
        SYNC_KUBE_PROXY,
        "node/windows/sync-kube-proxy.ps1.ps1.j2",
        "named",
        {
            "network": network,
            "service": KUBE_PROXY,
            "kubeconfig": KUBECONFIG,
            "definition": definition,
            "configuration": KUBE_PROXY_CONFIGURATION,
            "failure": f"{KUBE_PROXY_HOME}/last-failure.txt",
            "endpoint": _CALICO_ENDPOINT if cluster.primary_network_plugin == "calico" else "",
            "host_local": f"{CNI_BIN}/host-local.exe",
            "reservation": f"{KUBE_PROXY_HOME}/source-vip.json",
        },
    )
