"""The kernel that Kubernetes and the network plugin ask for.  Pure.

Sources: kubeadm's system verification (k8s.io/system-validators, cgroup_validator.go) and the kubelet's own list of
controllers; what belongs to a version of Kubernetes is in its table of versions, what belongs to a data plane with
Calico.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from aksprov.checks.preflight.case import Case
from aksprov.cmdlets.versions import ContainerdRange, find_version
from aksprov.cni.calico import KERNELS
from aksprov.model.row import Row

_CONTROLLERS: Final = ("cpu", "cpuset", "memory", "pids")
# Our own files load these, and what cannot be loaded is refused when they arrive.
_LOADED: Final = ("overlay", "br_netfilter")


def kernel_rows(case: Case) -> Iterator[Row]:
    """What a node must have before Kubernetes can be started on it; configuring does not need it."""
    if case.runs_pods:
        yield from _modules(case)
        yield from _containerd(case)
        yield from _cgroups(case)
        yield from _dataplane(case)


def _modules(case: Case) -> Iterator[Row]:
    cure = "install the kernel's other modules (linux-modules-extra, kernel-modules-extra), or take the line that "
    cure += "switches it off out of /etc/modprobe.d"
    for name, said in case.situation.modules.items():
        details = f"the kernel module {name} cannot be loaded: {said}"
        if name in _LOADED:
            yield case.row("KernelModules", "Failed", details, cure)
        else:
            yield case.warns("KernelModules", f"{details}; pods of different nodes need it", cure)


def _containerd(case: Case) -> Iterator[Row]:
    kubernetes = case.cluster.kubernetes_version
    known, containerd = find_version(kubernetes).containerd, case.facts.programs.get("containerd", "")
    if containerd and not _suits(containerd, known):
        yield case.warns(
            "ContainerdVersion",
            f"containerd {containerd} does not go with Kubernetes {kubernetes}, which takes {known}",
            f"install containerd {known} before Kubernetes is started",
        )


def _cgroups(case: Case) -> Iterator[Row]:
    kubernetes = case.cluster.kubernetes_version
    allowed = case.cluster.node_settings.kubelet.get("failCgroupV1") is False
    if find_version(kubernetes).needs_cgroup_v2 and case.facts.cgroup == "v1" and not allowed:
        yield case.stops(
            "CgroupVersion",
            f"the host has cgroup v1; the kubelet of Kubernetes {kubernetes} refuses to start on it",
            "boot the host with systemd.unified_cgroup_hierarchy=1",
        )
    if not find_version(kubernetes).knows_cgroup_v2 and case.facts.cgroup == "v2":
        yield case.warns(
            "CgroupVersion",
            f"the host has cgroup v2, with which the kubelet of Kubernetes {kubernetes} is an alpha",
            "boot the host with systemd.unified_cgroup_hierarchy=0, or take Kubernetes 1.22 or newer",
        )
    missing = [name for name in _CONTROLLERS if name not in case.situation.controllers]
    if case.situation.controllers and missing:
        yield case.stops(
            "CgroupControllers",
            f"the kernel has the cgroup controllers {', '.join(missing)} switched off; the kubelet needs them",
            "boot the host with cgroup_enable=" + " cgroup_enable=".join(missing),
        )


def _dataplane(case: Case) -> Iterator[Row]:
    """Distributions may have taken what Calico's data plane needs into an older kernel."""
    cluster, found = case.cluster, _numbers(case.facts.kernel)
    least = KERNELS.get(cluster.calico_dataplane) if cluster.primary_network_plugin == "calico" else None
    if least is not None and (0, 0) < found < least:
        major, minor = least
        yield case.warns(
            "KernelVersion",
            f"the kernel is {case.facts.kernel}, and Calico's {cluster.calico_dataplane} asks for {major}.{minor}",
            f"boot a kernel of {major}.{minor} or newer before Kubernetes is started",
        )


def _suits(containerd: str, known: ContainerdRange) -> bool:
    """Whether a release such as "1.7.24~ds1" is in the range; one that has no numbers is taken as it is."""
    found = _numbers(containerd)
    return found == (0, 0) or (_numbers(known.first) <= found and (not known.last or found <= _numbers(known.last)))


def _numbers(version: str) -> tuple[int, int]:
    """Major and minor of a version such as "v1.36.4" or "1.7.24~ds1"; (0, 0) where there is none."""
    match = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)
