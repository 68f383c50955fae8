"""What each network plugin can do: one table that is printed and that decides.

Sources: "Container networking" of the AKS hybrid documentation (the rows up to CommandLine; learn.microsoft.com,
azure/aks/aksarc/concepts-container-networking), the limits of Calico's documentation (docs.tigera.io/calico/latest:
"Limitations and known issues" of Windows, eBPF, nftables, dual stack) and Flannel's (its Documentation/backends.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from aksprov.cni import calico
from aksprov.cni.choice import Choice
from aksprov.errors import DefinitionError, NotAvailableError
from aksprov.model.base import Value
from aksprov.model.cluster import Cluster
from aksprov.model.row import Row

_PLUGIN = "primaryNetworkPlugin"
_TO_CALICO = "--primary-network-plugin calico"


class Limit(Value, frozen=True, kw_only=True):
    """What a definition must not ask for.

    Args:
        says: the rule, as it is printed.
        broken: whether a definition breaks it.
        where: the parameters that are at odds.
        fix: what to give instead.
        not_built: the plugin could do it, and aksprov does not do it yet (exit code 69).
    """

    says: str
    broken: Callable[[Choice], bool]
    where: str
    fix: str
    not_built: bool = False


class Capability(Value, frozen=True, kw_only=True):
    """One row of the table.

    Args:
        name: stable, one word.
        text: what it is, in words.
        flannel, calico: "yes", "no" or how.
        limits: what follows for definitions, the first that is broken decides.
    """

    name: str
    text: str
    flannel: str
    calico: str
    limits: tuple[Limit, ...] = ()


TABLE: Final[tuple[Capability, ...]] = (
    Capability(name="NetworkPolicies", text="network policies", flannel="no", calico="yes"),
    Capability(
        name="IPv6",
        text="IPv6, alone or beside IPv4 (dual stack)",
        flannel="no",
        calico="yes",
        limits=(
            Limit(
                says="flannel has no IPv6, alone or beside IPv4",
                broken=lambda c: c.flannel and c.ipv6,
                where=f"podCidr, serviceCidr, {_PLUGIN}",
                fix=f"give IPv4 CIDRs only, or {_TO_CALICO}",
            ),
            Limit(
                says="a cluster with Windows nodes has no IPv6",
                broken=lambda c: c.windows and c.ipv6,
                where="podCidr, serviceCidr, osType",
                fix="give IPv4 CIDRs only, or Linux nodes only",
            ),
            Limit(
                says=f"Calico tunnels IPv6 from 3.{calico.IPV6_VXLAN} on",
                broken=lambda c: c.calico_before(calico.IPV6_VXLAN) and c.ipv6,
                where="podCidr, serviceCidr, kubernetesVersion",
                fix="give IPv4 CIDRs only, or a Kubernetes version with that Calico: see get-kubernetes-version",
            ),
        ),
    ),
    Capability(name="Layer", text="layer", flannel="L2 (VXLAN)", calico="L2 (VXLAN)"),
    Capability(name="VirtualNetwork", text="existing or new virtual network", flannel="yes", calico="yes"),
    Capability(
        name="Windows",
        text="Windows nodes",
        flannel="yes",
        calico="yes",
        limits=(
            Limit(
                says=f"Calico before 3.{calico.WINDOWS} runs as services on Windows, which are not built yet",
                broken=lambda c: c.calico_before(calico.WINDOWS) and c.windows,
                where="osType, kubernetesVersion",
                fix="give a Kubernetes version with that Calico (see get-kubernetes-version), or Linux nodes only",
                not_built=True,
            ),
        ),
    ),
    Capability(name="PodToPod", text="pod to pod", flannel="yes", calico="yes"),
    Capability(name="PodToVmSameNetwork", text="pod to VM, same network", flannel="no", calico="yes"),
    Capability(name="PodToVmOtherNetwork", text="pod to VM, other network", flannel="yes", calico="yes"),
    Capability(name="Services", text="Kubernetes Services, exposed by the load balancer", flannel="yes", calico="yes"),
    Capability(
        name="SeveralNetworks",
        text="several networks on one cluster",
        flannel="several daemons",
        calico="yes",
        limits=(
            Limit(
                says="flannel needs a daemon for each network, and there is one",
                broken=lambda c: c.flannel and (c.networks > 1 or c.pool_elsewhere),
                where=f"vnet, {_PLUGIN}",
                fix="name one network",
            ),
            Limit(
                says="a control plane on several networks is not built",
                broken=lambda c: c.networks > 1,
                where="vnet",
                fix="name one network, and another one for a node pool: new-node-pool --vnet",
                not_built=True,
            ),
        ),
    ),
    Capability(
        name="RunsAs",
        text="runs as",
        flannel="Linux: DaemonSet, Windows: service",
        calico="Linux: DaemonSet, Windows: service",
    ),
    Capability(name="CommandLine", text="command line", flannel="none", calico="calicoctl"),
    Capability(
        name="LinuxDataplanes",
        text="data planes on Linux nodes",
        flannel="iptables",
        calico="iptables, nftables, ebpf",
        limits=(
            Limit(
                says="--calico-dataplane is for calico",
                broken=lambda c: (
                    c.flannel and ("calicoDataplane" in c.given or c.cluster.calico_dataplane != "iptables")
                ),
                where=f"calicoDataplane, {_PLUGIN}",
                fix=f"leave --calico-dataplane out, or give {_TO_CALICO}",
            ),
            Limit(
                says="ebpf and nftables are for clusters without Windows nodes",
                broken=lambda c: c.windows and (c.dataplane("ebpf") or c.dataplane("nftables")),
                where="calicoDataplane, osType",
                fix="give --calico-dataplane iptables, or Linux nodes only",
            ),
            Limit(
                says="ebpf takes kube-proxy's place, which kubeadm leaves out from Kubernetes 1.22 on",
                broken=lambda c: c.dataplane("ebpf") and "ebpf" not in c.version.calico_dataplanes,
                where="calicoDataplane, kubernetesVersion",
                fix="give --calico-dataplane iptables, or a newer Kubernetes version",
            ),
            Limit(
                says="nftables needs a kube-proxy that has it, too: Kubernetes 1.31 or newer",
                broken=lambda c: c.dataplane("nftables") and "nftables" not in c.version.calico_dataplanes,
                where="calicoDataplane, kubernetesVersion",
                fix="give --calico-dataplane iptables, or a newer Kubernetes version",
            ),
            Limit(
                says=f"ebpf has IPv6 from Calico 3.{calico.EBPF_IPV6} on",
                broken=lambda c: c.dataplane("ebpf") and c.ipv6 and c.calico_before(calico.EBPF_IPV6),
                where="calicoDataplane, podCidr, serviceCidr, kubernetesVersion",
                fix="give --calico-dataplane iptables, IPv4 CIDRs only, or a newer Kubernetes version",
            ),
        ),
    ),
    Capability(name="WindowsDataplane", text="data plane on Windows nodes", flannel="HNS", calico="HNS"),
    Capability(
        name="WindowsVxlan",
        text="VXLAN of all nodes beside Windows nodes",
        flannel="VNI 4096, UDP 4789",
        calico="VNI 4096, UDP 4789",
        limits=(
            Limit(
                says="flannel cannot go over to that VNI and port under pods that run",
                broken=lambda c: c.flannel and c.first_windows,
                where="osType",
                fix="make a new cluster that has a Windows pool from the start (of no nodes, if need be)",
            ),
        ),
    ),
)


def check(choice: Choice) -> None:
    """Hold a definition against the table.

    Raises:
        DefinitionError: NetworkPluginCannot, with the row that says why.
        NotAvailableError: NetworkPluginNotAvailable, VersionNotAvailable.
    """
    for row in TABLE:
        for limit in row.limits:
            if limit.broken(choice):
                raise _refusal(choice.cluster, row, limit)


def _refusal(cluster: Cluster, row: Capability, limit: Limit) -> DefinitionError | NotAvailableError:
    what = f"cluster {cluster.name}: {limit.says}"
    why = f"get-network-plugin, {row.name}: {row.text}; flannel: {row.flannel}; calico: {row.calico}"
    if limit.not_built:
        return NotAvailableError("NetworkPluginNotAvailable", what, where=limit.where, why=why, fix=limit.fix)
    return DefinitionError("NetworkPluginCannot", what, where=limit.where, why=why, fix=limit.fix)


def warnings(choice: Choice) -> Iterator[Row]:
    """Rows for what works and still should be known before it is chosen."""
    version = choice.version
    if choice.flannel:
        yield _warning(
            choice,
            "NetworkPluginRetired",
            "AKS retired Flannel in December 2023; it has no network policies",
            "a cluster's plugin cannot be changed: make a new cluster with calico and move the workloads there",
        )
    elif not version.calico_tested:
        first, last = version.calico_release.tested
        yield _warning(
            choice,
            "CalicoUntested",
            f"Calico {version.calico} was tested with Kubernetes {first} to {last}, not with {version.minor}",
            "try what you need of it first, or give a Kubernetes version that get-kubernetes-version shows as tested",
        )
    if choice.dataplane("nftables") and choice.calico_before(calico.NFTABLES_GA):
        yield _warning(
            choice,
            "CalicoDataplanePreview",
            f"the nftables data plane is a tech preview in Calico {version.calico}",
            f"give --calico-dataplane iptables, or a Kubernetes version with Calico 3.{calico.NFTABLES_GA} or newer",
        )


def _warning(choice: Choice, name: str, details: str, recommendation: str) -> Row:
    return Row(
        test_name=name,
        category="Definition",
        test_result="Warning",
        details=details,
        recommendation=recommendation,
        cluster=choice.cluster.name,
    )
