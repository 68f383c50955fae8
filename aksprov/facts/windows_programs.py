"""Which programs a Windows worker needs, where each has its place, and what a host lacks of them.  Pure.

Sources: kubernetes-sigs/sig-windows-tools, hostprocess/PrepareNode.ps1 and Install-Containerd.ps1; Flannel's and
win-overlay's conflist names host-local.  Calico's operator brings its own programs.
"""

from __future__ import annotations

from aksprov.cmdlets.versions import find_version
from aksprov.model.cluster import Cluster
from aksprov.model.facts import Facts
from aksprov.model.offline_bundle import BundleFile
from aksprov.model.windows import CNI_BIN, CONTAINERD, IMAGES, PROGRAMS

# of Kubernetes, with a version that facts show
_VERSIONED = ("kubelet", "kubeadm")
_BESIDE_CONTAINERD = ("containerd", "ctr", "crictl")


def windows_programs(cluster: Cluster) -> tuple[str, ...]:
    """Names as facts have them: "kubelet", or "cni/flannel" for one of the network plugin's.

    Raises:
        DefinitionError: VersionNotAvailable.
    """
    log_runner = () if find_version(cluster.kubernetes_version).kubelet_log_flags else ("kube-log-runner",)
    needed = ("containerd", "containerd-shim-runhcs-v1", "crictl", "kubelet", "kubeadm", "kube-proxy", *log_runner)
    if cluster.primary_network_plugin != "flannel":
        return needed
    return (*needed, "flanneld", "cni/flannel", "cni/host-local", "cni/win-overlay")


def windows_lacking(cluster: Cluster, facts: Facts) -> tuple[str, ...]:
    """Programs that are not there, and those of Kubernetes that are of another version where no kubelet runs.

    What others installed has to be of the cluster's minor; what we install, of its very version.
    """
    missing = [name for name in windows_programs(cluster) if name not in facts.programs]
    kubelet = facts.units.get("kubelet")
    if kubelet is not None and kubelet.active == "active":
        return tuple(missing)
    wanted, exact = cluster.kubernetes_version.removeprefix("v"), cluster.programs.source == "bundle"
    for name in _VERSIONED:
        found = facts.programs.get(name, "")
        parts = 3 if exact else 2
        if found and found.split(".")[:parts] != wanted.split(".")[:parts]:
            missing.append(f"{name} {wanted} (it is {found})")
    return tuple(missing)


def windows_place(file: BundleFile) -> str:
    """Where a Windows host has a file of a bundle, "C:/k/kubelet.exe".

    Raises:
        ValueError: a kind of file that a Windows host has no place for.
    """
    if file.kind == "cni":
        return f"{CNI_BIN}/{file.name}"
    if file.kind == "image":
        return f"{IMAGES}/{file.name}"
    if file.kind != "program":
        raise ValueError(f"{file.path} is a {file.kind}")
    name = file.name.lower().removesuffix(".exe")
    beside = name in _BESIDE_CONTAINERD or name.startswith("containerd-")
    return f"{CONTAINERD if beside else PROGRAMS}/{file.name}"
