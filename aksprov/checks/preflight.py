"""What facts and the definition tell before anything is sent.  Pure.

Sources: the requirements of kubeadm ("Installing kubeadm", kubernetes.io); what belongs to a
version of Kubernetes is in its table of versions, what belongs to a data plane with Calico.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from aksprov.cmdlets.versions import ContainerdRange, find_version
from aksprov.cni.calico import KERNELS
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts
from aksprov.model.programs import LOAD_BALANCER_PROGRAMS
from aksprov.model.row import Result, Row


def preflight_rows(desired: Desired, facts: Mapping[str, Facts]) -> tuple[Row, ...]:
    """Rows for what is wrong, none for what is right.  A Failed row keeps its host from being changed.

    Args:
        desired: the cluster as it should be.
        facts: what hosts said, by host key; hosts outside the cluster count for the VIP, unless the network has a
            site: another site may have the same addresses.
    """
    known = [(node, facts[node.host]) for node in desired.nodes if node.host in facts]
    cluster = desired.cluster.name
    rows = [
        *_host_names(known, cluster),
        *_shared(known, cluster),
        *_load_balancer_programs(known, cluster),
        *_kubernetes_needs(known, desired),
        *_dataplane_needs(known, desired),
        *_vip_elsewhere(desired, facts),
    ]
    return tuple(sorted(rows, key=lambda row: row.host))


def _row(test_name: str, result: Result, host: str, cluster: str, details: str, recommendation: str) -> Row:
    return Row(
        test_name=test_name,
        category="Host",
        test_result=result,
        details=details,
        recommendation=recommendation,
        host=host,
        cluster=cluster,
    )


Known = list[tuple[Node, Facts]]


def _host_names(known: Known, cluster: str) -> Iterator[Row]:
    """A node's name is its host's in the inventory; people look for it under the name the host has itself."""
    for node, facts in known:
        own = facts.hostname.lower()
        if own and own != node.name and own.partition(".")[0] != node.name:
            yield _row(
                "HostNameMatches",
                "Warning",
                node.host,
                cluster,
                f"the host calls itself {facts.hostname}; its node will be {node.name}",
                f"run hostnamectl set-hostname {node.name} on it, or rename it in the inventory",
            )


def _shared(known: Known, cluster: str) -> Iterator[Row]:
    """Kubernetes tells hosts apart by name and machine-id; cloned machines share them."""
    kinds: tuple[tuple[str, str, Callable[[Facts], str], str], ...] = (
        ("UniqueHostName", "host name", lambda f: f.hostname.lower(), "give each host a name of its own"),
        (
            "UniqueMachineId",
            "machine-id",
            lambda f: f.machine_id,
            "empty /etc/machine-id on the clone, then run systemd-machine-id-setup and reboot",
        ),
    )
    for test_name, what, of, cure in kinds:
        groups: dict[str, list[str]] = {}
        for node, facts in known:
            groups.setdefault(of(facts), []).append(node.host)
        for value, hosts in groups.items():
            for host in hosts if value and len(hosts) > 1 else ():
                others = ", ".join(h for h in hosts if h != host)
                yield _row(test_name, "Warning", host, cluster, f"{what} {value} is also that of {others}", cure)


def _load_balancer_programs(known: Known, cluster: str) -> Iterator[Row]:
    for node, facts in known:
        missing = [p for p in LOAD_BALANCER_PROGRAMS if p not in facts.programs]
        if node.role == "load-balancer" and missing:
            yield _row(
                "ProgramsPresent",
                "Failed",
                node.host,
                cluster,
                f"not installed: {', '.join(missing)}",
                f"install {' and '.join(missing)} on the host, then run the same command again",
            )


def _kubernetes_needs(known: Known, desired: Desired) -> Iterator[Row]:
    """What a node must have before Kubernetes can be started on it; configuring does not need it."""
    kubernetes, cluster = desired.cluster.kubernetes_version, desired.cluster.name
    version = find_version(kubernetes)
    for node, facts in known:
        if node.role == "load-balancer":
            continue
        containerd = facts.programs.get("containerd", "")
        if containerd and not _suits(containerd, version.containerd):
            yield _row(
                "ContainerdVersion",
                "Warning",
                node.host,
                cluster,
                f"containerd {containerd} does not go with Kubernetes {kubernetes}, which takes {version.containerd}",
                f"install containerd {version.containerd} before Kubernetes is started",
            )
        if version.needs_cgroup_v2 and facts.cgroup == "v1":
            yield _row(
                "CgroupVersion",
                "Warning",
                node.host,
                cluster,
                f"the host has cgroup v1; the kubelet of Kubernetes {kubernetes} refuses to start on it",
                "boot the host with systemd.unified_cgroup_hierarchy=1",
            )


def _dataplane_needs(known: Known, desired: Desired) -> Iterator[Row]:
    """The kernel that Calico's data plane asks for; distributions may have taken what it needs into an older one."""
    cluster = desired.cluster
    least = KERNELS.get(cluster.calico_dataplane) if cluster.primary_network_plugin == "calico" else None
    for node, facts in known:
        found = _numbers(facts.kernel)
        if least is not None and node.role != "load-balancer" and (0, 0) < found < least:
            major, minor = least
            yield _row(
                "KernelVersion",
                "Warning",
                node.host,
                cluster.name,
                f"the kernel is {facts.kernel}, and Calico's {cluster.calico_dataplane} asks for {major}.{minor}",
                f"boot a kernel of {major}.{minor} or newer before Kubernetes is started",
            )


def _suits(containerd: str, known: ContainerdRange) -> bool:
    """Whether a release such as "1.7.24~ds1" is in the range; one that has no numbers is taken as it is."""
    found = _numbers(containerd)
    return found == (0, 0) or (_numbers(known.first) <= found and (not known.last or found <= _numbers(known.last)))


def _vip_elsewhere(desired: Desired, facts: Mapping[str, Facts]) -> Iterator[Row]:
    """Somebody else's interface has the address that keepalived is to hold."""
    roles = {node.host: node.role for node in desired.nodes}
    for host, found in facts.items():
        concerned = host in roles or desired.network.site is None
        if not concerned or roles.get(host) == "load-balancer":
            continue
        having = [i.name for i in found.interfaces if any(a.partition("/")[0] == desired.vip for a in i.addresses)]
        if having:
            yield _row(
                "NoForeignHolder",
                "Failed",
                host,
                desired.cluster.name,
                f"{', '.join(having)} has {desired.vip}, the address of the cluster's API server",
                f"take {desired.vip} off {host}, or give the cluster's network another VIP pool",
            )


def _numbers(version: str) -> tuple[int, int]:
    """Major and minor of a version such as "v1.36.4" or "1.7.24~ds1"; (0, 0) where there is none."""
    match = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)
