"""A cluster: control plane, load balancer, node pools, network plugin, versions."""

from __future__ import annotations

from typing import Literal

from aksprov.model.base import Value
from aksprov.model.host import OperatingSystem, Role
from aksprov.model.node_settings import NodeSettings
from aksprov.model.programs import ProgramSource

ProvisioningState = Literal[
    "Pending", "Configured", "Deploying", "Deployed", "Scaling", "Upgrading", "Failed", "Deleting"
]
NetworkPlugin = Literal["calico", "flannel"]
CalicoDataplane = Literal["iptables", "nftables", "ebpf"]
DEFAULT_MAX_PODS = 110  # the kubelet's own default, and AksHci's


class LoadBalancerSettings(Value, frozen=True, kw_only=True):
    """What New-AksHciLoadBalancerSetting makes.

    Args:
        shared: its hosts may be those of other clusters of the network that share theirs.
    """

    name: str = ""
    sku: Literal["HAProxy", "none"] = "HAProxy"
    vm_size: str = "Standard_A4_v2"
    count: int = 1
    shared: bool = False


class Taint(Value, frozen=True, kw_only=True):
    """A Kubernetes taint, ``key=value:Effect``."""

    key: str
    value: str
    effect: str

    def __str__(self) -> str:
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


class NodePool(Value, frozen=True, kw_only=True):
    """Nodes of one operating system and size.

    Args:
        network: name of the network that its nodes are on; "" is the cluster's.
        host_labels: that hosts of the inventory must have to be taken for it, "key=value", sorted.
    """

    name: str
    count: int = 1
    vm_size: str = "Standard_K8S3_v1"
    os_type: OperatingSystem = "linux"
    os_sku: str | None = None
    taints: tuple[Taint, ...] = ()
    max_pods: int = DEFAULT_MAX_PODS
    network: str = ""
    host_labels: tuple[str, ...] = ()


class Cluster(Value, frozen=True, kw_only=True):
    """The definition of a cluster, as recorded.

    Args:
        kubernetes_version: with a leading v, e.g. "v1.36.4".
        pod_cidrs, service_cidrs: one CIDR, or one of each family, the first is primary
            (AksHci's documented ones by default).
        calico_dataplane: Calico's data plane on Linux nodes; only with that plugin.
        api_server_dns_names: that the API server's certificate has besides its VIP.
        programs: where its hosts have theirs from; it may change from run to run.
    """

    name: str
    network: str
    kubernetes_version: str
    primary_network_plugin: NetworkPlugin = "calico"
    control_plane_node_count: int = 1
    control_plane_vm_size: str = "Standard_A4_v2"
    load_balancer: LoadBalancerSettings = LoadBalancerSettings()
    node_pools: tuple[NodePool, ...] = ()
    pod_cidrs: tuple[str, ...] = ("10.244.0.0/16",)
    service_cidrs: tuple[str, ...] = ("10.96.0.0/12",)
    calico_dataplane: CalicoDataplane = "iptables"
    node_settings: NodeSettings = NodeSettings()
    api_server_dns_names: tuple[str, ...] = ()
    programs: ProgramSource = ProgramSource()

    @property
    def key(self) -> str:
        """The name that is compared, and the one Kubernetes gets: lower case."""
        return self.name.lower()

    @property
    def network_keys(self) -> frozenset[str]:
        """Keys of the networks that it is on: its own, and those of pools."""
        return frozenset(name.lower() for name in (self.network, *(p.network for p in self.node_pools)) if name)

    @property
    def pod_subnet(self) -> str:
        """The pod CIDRs as kubeadm's networking.podSubnet has them."""
        return ",".join(self.pod_cidrs)

    @property
    def service_subnet(self) -> str:
        """The service CIDRs as kubeadm's networking.serviceSubnet has them."""
        return ",".join(self.service_cidrs)


class ClusterStatus(Value, frozen=True, kw_only=True):
    """Where a cluster stands.

    Args:
        started: Kubernetes was started on it; that stays so, whatever fails later.
    """

    state: ProvisioningState = "Pending"
    details: str = ""
    error: str = ""
    started: bool = False


class Node(Value, frozen=True, kw_only=True):
    """A host in a role for a cluster.

    Args:
        host, cluster: keys (lower-case names), so that they find their objects in any
            dictionary; the objects keep their names as they were typed.
        index: order within the role, from 0; control-plane 0 is the first one.
        address: its address on the cluster's network.
        interface: name of the interface that has the address.
    """

    host: str
    cluster: str
    role: Role
    index: int
    address: str
    interface: str
    pool: str = ""

    @property
    def name(self) -> str:
        """The node's name: its host's, in lower case."""
        return self.host.lower()
