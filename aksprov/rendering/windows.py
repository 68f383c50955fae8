"""Files of Windows workers.

Programs that come from Linux have their configuration where they look for it on drive C:, with
the same names as there; what only Windows has (features, firewall rules, services) is data that
aksprov's agent makes true, in aksprov's own folder.

Sources: kubernetes-sigs/sig-windows-tools, hostprocess/PrepareNode.ps1 and Install-Containerd.ps1;
kubernetes-sigs/image-builder, images/capi/ansible/windows; containerd's docs/cri/config.md;
https://kubernetes.io/docs/reference/networking/ports-and-protocols/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from aksprov.cni.flannel import WINDOWS_PORT
from aksprov.model.base import Wire
from aksprov.model.bundle import BundleFile, Reader
from aksprov.model.cluster import Cluster, Node
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts
from aksprov.model.windows import CNI_BIN, CONTAINERD, HOME, Features, Firewall, FirewallRule
from aksprov.rendering.containerd import containerd_form
from aksprov.rendering.files import Renderer
from aksprov.rendering.kubeadm import join_text, registration
from aksprov.rendering.windows_flannel import windows_flannel_files
from aksprov.rendering.windows_kube_proxy import kube_proxy_files
from aksprov.rendering.windows_services import CNI_CONF, CRI_SOCKET, node_services, sandbox_image

# Process isolation needs no hypervisor, and nothing here uses the cmdlets that come with the Hyper-V role.
FEATURES = ("Containers",)


def windows_node_files(desired: Desired, node: Node, facts: Facts | None, render: Renderer) -> Iterator[BundleFile]:
    """What a Windows worker gets of node configuration.

    Raises:
        DefinitionError: RenderUnsafe, VersionNotAvailable.
    """
    yield _data(render, "features", Features(features=FEATURES))
    yield _data(render, "firewall", _firewall(desired))
    yield _containerd(desired.cluster, facts, render)
    # Beside crictl.exe, where it looks when its user has none: the user's own folder has another name everywhere.
    yield render.file(f"{CONTAINERD}/crictl.yaml", "node/linux/crictl.yaml.yaml.j2", "data", {"cri_socket": CRI_SOCKET})
    own = registration(desired.cluster, node, facts, CRI_SOCKET)
    # kubeadm.exe has its files in the same folders as on Linux, on its own drive.
    yield render.text("C:/etc/kubernetes/aksprov/kubeadm-join.yaml", join_text(desired, node, own, render), "kubeadm")
    yield from kube_proxy_files(desired, node, render)
    if desired.cluster.primary_network_plugin == "flannel":
        yield from windows_flannel_files(desired, node, render)
    yield _data(render, "services", node_services(desired.cluster, own, render))


def _data(render: Renderer, name: Reader, what: Wire) -> BundleFile:
    text = msgspec.json.format(msgspec.json.encode(what)).decode() + "\n"
    return render.text(f"{HOME}/{name}.json", text, name)


def _containerd(cluster: Cluster, facts: Facts | None, render: Renderer) -> BundleFile:
    """The CNI folders are those that Calico's operator and Flannel take for granted, not containerd's own."""
    values = {
        "sandbox_image": sandbox_image(cluster, render),
        "registry_config": "C:/ProgramData/containerd/certs.d",
        "cni_bin": CNI_BIN,
        "cni_conf": CNI_CONF,
    }
    template = f"node/windows/containerd-{containerd_form(cluster, facts)}.toml.toml.j2"
    # containerd's fixed place.
    return render.file(f"{CONTAINERD}/config.toml", template, "containerd", values)


def _firewall(desired: Desired) -> Firewall:
    """What others open to a node.  The rules of WinRM and SSH are left to those.

    Nodes tunnel to each other within the network; VXLAN asks nobody who he is, so others are kept out.
    """
    network = ",".join(network.ip_address_prefix for network in desired.networks)
    return Firewall(
        rules=(
            _rule("kubelet", "kubelet", "TCP", "10250"),
            _rule("kube-proxy", "kube-proxy's health", "TCP", "10256"),
            _rule("nodeport-tcp", "Services by node port (TCP)", "TCP", "30000-32767"),
            _rule("nodeport-udp", "Services by node port (UDP)", "UDP", "30000-32767"),
            _rule("vxlan", "pod network (VXLAN)", "UDP", str(WINDOWS_PORT), network),
        )
    )


def _rule(name: str, shown: str, protocol: Literal["TCP", "UDP"], port: str, remote: str = "Any") -> FirewallRule:
    return FirewallRule(
        name=f"aksprov-{name}", display_name=shown, protocol=protocol, local_port=port, remote_address=remote
    )
