"""Files of the nodes that run Kubernetes: control planes and Linux workers.

Every path is of our own making where its reader takes a folder of files (modules-load.d,
sysctl.d, kubelet's drop-ins), so that no package's file is touched; containerd and crictl
read one fixed file each, and the package's version of it is kept among the originals.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from aksprov.cmdlets.versions import find_version
from aksprov.errors import NotAvailableError
from aksprov.model.bundle import BundleFile
from aksprov.model.cluster import Cluster, Node, NodePool
from aksprov.model.derived import API_PORT
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts
from aksprov.rendering.files import Renderer

CRI_SOCKET = "unix:///run/containerd/containerd.sock"
DEFAULT_MAX_PODS = 110  # the kubelet's own default, and AksHci's
POOL_LABEL = "aksprov/node-pool"


def node_files(desired: Desired, node: Node, facts: Facts | None, render: Renderer) -> Iterator[BundleFile]:
    """What a control plane or worker gets of node configuration.

    Raises:
        DefinitionError: RenderUnsafe.
        NotAvailableError: VersionNotAvailable, WindowsNotAvailable.
    """
    # modules-load.d is read in no order that matters; the name only has to be ours.
    yield render.file(
        "/etc/modules-load.d/aksprov-kubernetes.conf", "node/linux/modules.conf.modules.j2", "modules", {}
    )
    # The last file by name wins, and Debian 12 links /etc/sysctl.conf as 99-sysctl.conf.
    yield render.file("/etc/sysctl.d/99-zz-aksprov-kubernetes.conf", "node/linux/sysctl.conf.sysctl.j2", "sysctl", {})
    yield _containerd(desired.cluster, facts, render)
    # crictl's fixed place.
    yield render.file("/etc/crictl.yaml", "node/linux/crictl.yaml.yaml.j2", "data", {"cri_socket": CRI_SOCKET})
    # After the package's 10-kubeadm.conf, which is never edited.
    yield render.file(
        "/etc/systemd/system/kubelet.service.d/20-aksprov.conf", "node/linux/kubelet.conf.systemd.j2", "systemd", {}
    )
    yield _kubeadm(desired, node, render)


def _containerd(cluster: Cluster, facts: Facts | None, render: Renderer) -> BundleFile:
    """containerd 2 reads version 3; a host that shows containerd 1 gets the form that it can read.

    Source: https://github.com/containerd/containerd/blob/main/docs/cri/config.md
    """
    installed = "" if facts is None else facts.programs.get("containerd", "")
    pause = find_version(cluster.kubernetes_version).pause
    values = {
        "sandbox_image": f"{render.templates.image_hosts.kubernetes}/pause:{pause}",
        "registry_config": "/etc/containerd/certs.d",
        "cni_bin": "/opt/cni/bin",
        "cni_conf": "/etc/cni/net.d",
    }
    form = "v2" if installed.startswith("1.") else "v3"
    # containerd's fixed place.
    return render.file(
        "/etc/containerd/config.toml", f"node/linux/containerd-{form}.toml.toml.j2", "containerd", values
    )


def _kubeadm(desired: Desired, node: Node, render: Renderer) -> BundleFile:
    """The document for ``kubeadm init`` on the first control plane, for ``kubeadm join`` elsewhere.

    In a folder of our own below kubeadm's: kubeadm reads what it is told to and reset leaves it.
    Source: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/
    """
    control_plane = node.role == "control-plane"
    pool = None if control_plane else _pool(desired.cluster, node)
    values = {
        "cluster": desired.cluster,
        "node": node,
        "vip": desired.vip,
        "endpoint": endpoint(desired.vip, API_PORT),
        "api_port": API_PORT,
        "cri_socket": CRI_SOCKET,
        "kubelet_arguments": _kubelet_arguments(node, pool),
        "max_pods": DEFAULT_MAX_PODS,
        "control_plane": control_plane,
        "taints": pool.taints if pool else (),
    }
    verb = "init" if control_plane and node.index == 0 else "join"
    return render.file(
        f"/etc/kubernetes/aksprov/kubeadm-{verb}.yaml",
        f"node/linux/kubeadm-{verb}-v1beta4.yaml.yaml.j2",
        "kubeadm",
        values,
    )


def _kubelet_arguments(node: Node, pool: NodePool | None) -> list[dict[str, str]]:
    """Flags of this node's kubelet; kubeadm keeps them on the node, also through upgrades.

    The cluster has one KubeletConfiguration for all nodes, so a pool that departs from its
    ``maxPods`` says so by flag.
    """
    arguments = {"node-ip": node.address}
    if pool is not None:
        arguments["node-labels"] = f"{POOL_LABEL}={pool.name}"
        if pool.max_pods != DEFAULT_MAX_PODS:
            arguments["max-pods"] = str(pool.max_pods)
    return [{"name": name, "value": value} for name, value in arguments.items()]


def _pool(cluster: Cluster, node: Node) -> NodePool:
    pool = next(p for p in cluster.node_pools if p.name.lower() == node.pool.lower())
    if pool.os_type == "windows":
        raise NotAvailableError(
            "WindowsNotAvailable",
            f"node pool {pool.name} cannot be configured",
            where="osType",
            why="Windows nodes are not built yet",
            fix="give --os-type linux",
        )
    return pool


def endpoint(address: str, port: int) -> str:
    """``address:port``, an IPv6 address in brackets."""
    return f"[{address}]:{port}" if ipaddress.ip_address(address).version == 6 else f"{address}:{port}"
