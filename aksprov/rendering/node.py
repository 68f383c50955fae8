"""Files of the Linux nodes that run Kubernetes: control planes and workers.

Every path is of our own making where its reader takes a folder of files (modules-load.d,
sysctl.d, kubelet's drop-ins), so that no package's file is touched; containerd and crictl
read one fixed file each, and the package's version of it is kept among the originals.
"""

from __future__ import annotations

from collections.abc import Iterator

from aksprov.ipam.dual_stack import is_dual_stack
from aksprov.model.bundle import BundleFile
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts
from aksprov.rendering.containerd import containerd_file
from aksprov.rendering.files import Renderer
from aksprov.rendering.kubeadm import kubeadm_file

CRI_SOCKET = "unix:///run/containerd/containerd.sock"


def node_files(desired: Desired, node: Node, facts: Facts | None, render: Renderer) -> Iterator[BundleFile]:
    """What a control plane or worker gets of node configuration.

    Raises:
        DefinitionError: RenderUnsafe, VersionNotAvailable.
    """
    # modules-load.d is read in no order that matters; the name only has to be ours.
    yield render.file(
        "/etc/modules-load.d/aksprov-kubernetes.conf", "node/linux/modules.conf.modules.j2", "modules", {}
    )
    # The last file by name wins, and Debian 12 links /etc/sysctl.conf as 99-sysctl.conf.
    yield render.file(
        "/etc/sysctl.d/99-zz-aksprov-kubernetes.conf",
        "node/linux/sysctl.conf.sysctl.j2",
        "sysctl",
        {"dual_stack": is_dual_stack(desired.cluster)},
    )
    yield containerd_file(desired.cluster, facts, render)
    # crictl's fixed place.
    yield render.file("/etc/crictl.yaml", "node/linux/crictl.yaml.yaml.j2", "data", {"cri_socket": CRI_SOCKET})
    # After the package's 10-kubeadm.conf, which is never edited.
    yield render.file(
        "/etc/systemd/system/kubelet.service.d/20-aksprov.conf", "node/linux/kubelet.conf.systemd.j2", "systemd", {}
    )
    yield kubeadm_file(desired, node, facts, CRI_SOCKET, render)
