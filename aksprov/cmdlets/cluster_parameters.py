"""The parameters of new-cluster.

Source: the AksHci reference (learn.microsoft.com/azure/aks/aksarc/reference/ps) with the
how-to articles it links to; the sets' names describe, they are not the module's own.
"""

from __future__ import annotations

import msgspec

from aksprov.cmdlets.declaration import Default, Kind, Parameter
from aksprov.cmdlets.program_source import PROGRAM_PARAMETERS
from aksprov.cmdlets.sizes import SIZE_NAMES

POOL_SET, LEGACY_SET, RBAC_SET = "NodePool", "LegacyNodeCounts", "AzureRBAC"
_POOLED = (POOL_SET, RBAC_SET)
_LOCAL = (POOL_SET, LEGACY_SET)
_POOL, _CONTROL, _BALANCER, _NETWORK = "Node pool", "Control plane", "Load balancer", "Network"
_OLD = "Names of older releases, for clusters without --node-pool-name"
_LATER = "Declared, not available yet (exit code 69)"

_NO_CLOUD = "it needs a cloud account, and aksprov uses none"
_NO_ADD_ON = "this add-on is not built"
_NO_AUTOSCALER = "the autoscaler is not built yet"


def _size(name: str, default: str, sets: tuple[str, ...], group: str, text: str) -> Parameter:
    return Parameter(
        name=name,
        placeholder="SIZE",
        group=group,
        sets=sets,
        default=default,
        allowed=SIZE_NAMES,
        listed_by="get-vm-size",
        help=text,
        example=default,
    )


def _later(
    name: str,
    sets: tuple[str, ...],
    why: str,
    text: str,
    kind: Kind = "text",
    *,
    default: Default = None,
    minimum: int | None = None,
    mandatory_in: tuple[str, ...] = (),
) -> Parameter:
    return Parameter(
        name=name,
        kind=kind,
        placeholder="" if kind == "switch" else "VALUE",
        group=_LATER,
        sets=sets,
        mandatory_in=mandatory_in,
        default=default,
        minimum=minimum,
        unavailable=why,
        help=text,
    )


def _old_size(name: str, text: str) -> Parameter:
    size = _size(name, "Standard_K8S3_v1", (LEGACY_SET,), _OLD, text)
    return msgspec.structs.replace(size, replaced_by=("nodePoolName", "nodeVmSize", "osType"))


def _old_count(name: str, default: int, text: str) -> Parameter:
    return Parameter(
        name=name,
        kind="integer",
        placeholder="N",
        group=_OLD,
        sets=(LEGACY_SET,),
        default=default,
        minimum=0,
        replaced_by=("nodePoolName", "nodeCount", "osType"),
        help=text,
        example="2",
    )


CLUSTER_NAME = Parameter(
    name="name",
    placeholder="NAME",
    mandatory_in=("*",),
    rule="cluster name",
    help="Name of the cluster.",
    example="demo",
)
_MAIN = (
    CLUSTER_NAME,
    Parameter(
        name="kubernetesVersion",
        placeholder="VERSION",
        default="latest",
        rule="kubernetes version",
        help="Kubernetes version, as get-kubernetes-version lists it.",
        example="v1.36.4",
    ),
    Parameter(
        name="vnet",
        kind="object",
        placeholder="NETWORK",
        group=_NETWORK,
        rule="network names",
        object_of="new-cluster-network",
        stored=True,
        help="Network of the cluster: its name, @file.json, or JSON text. May be left out while there is one network.",
        example="labnet",
    ),
    Parameter(
        name="primaryNetworkPlugin",
        placeholder="PLUGIN",
        group=_NETWORK,
        default="calico",
        allowed=("calico", "flannel"),
        help="Network plugin of Linux and Windows nodes alike. It can never be changed afterwards.",
        example="calico",
    ),
    Parameter(
        name="calicoDataplane",
        placeholder="DATAPLANE",
        group=_NETWORK,
        ours=True,
        default="iptables",
        allowed=("iptables", "nftables", "ebpf"),
        help="How Calico works on Linux nodes; Windows nodes have HNS. Only with calico.",
        example="ebpf",
    ),
    Parameter(
        name="podCidr",
        kind="texts",
        placeholder="CIDR",
        group=_NETWORK,
        ours=True,
        rule="cidr",
        help="Addresses of pods, or a range of each family with a comma between them, IPv4 first; a /24 of it for each "
        "node (IPv6: a /64). 10.244.0.0/16 when it is left out, and fd00:10:244::/56 beside IPv6 Services.",
        example="10.244.0.0/16,fd00:10:244::/56",
    ),
    Parameter(
        name="serviceCidr",
        kind="texts",
        placeholder="CIDR",
        group=_NETWORK,
        ours=True,
        rule="cidr",
        help="Addresses of Services, or a range of each family with a comma between them, IPv4 first. 10.96.0.0/12 "
        "when it is left out, and fd00:10:96::/112 beside IPv6 pods.",
        example="10.96.0.0/16",
    ),
    Parameter(
        name="controlPlaneNodeCount",
        kind="integer",
        placeholder="N",
        group=_CONTROL,
        default=1,
        minimum=1,
        help="Number of control plane nodes; 3 keep working when one fails.",
        example="3",
    ),
    _size("controlPlaneVmSize", "Standard_A4_v2", (), _CONTROL, "Size that each control plane host should have."),
    Parameter(
        name="apiServerDnsName",
        kind="texts",
        placeholder="NAME",
        group=_CONTROL,
        ours=True,
        rule="dns name",
        help="Names by which people reach the API server besides its VIP: its certificate has them. Repeat the "
        "option, or put commas between them. They can never be changed afterwards.",
        example="demo.example.org",
    ),
    Parameter(
        name="loadBalancerCount",
        kind="integer",
        placeholder="N",
        group=_BALANCER,
        ours=True,
        default=1,
        minimum=1,
        help="Number of load balancer hosts (HAProxy and keepalived): short for a setting with this count.",
        example="2",
    ),
    Parameter(
        name="shareLoadBalancers",
        kind="switch",
        group=_BALANCER,
        ours=True,
        help="Take load balancers of other clusters of the network that share theirs, and let others take these.",
    ),
    _size("loadBalancerVmSize", "Standard_A4_v2", (), _BALANCER, "Size that each load balancer host should have."),
    Parameter(
        name="loadBalancerSettings",
        kind="object",
        placeholder="OBJECT",
        group=_BALANCER,
        object_of="new-load-balancer-setting",
        help="What new-load-balancer-setting prints: @file.json, or JSON text.",
        example="@lb.json",
    ),
)
_FIRST_POOL = (
    Parameter(
        name="nodePoolName",
        placeholder="NAME",
        group=_POOL,
        sets=_POOLED,
        mandatory_in=(POOL_SET,),
        rule="node pool name",
        help="Name of the first node pool; without it there are pools NAME-linux and NAME-windows.",
        example="linuxpool",
    ),
    Parameter(
        name="nodeCount",
        kind="integer",
        placeholder="N",
        group=_POOL,
        sets=_POOLED,
        default=1,
        minimum=1,
        help="Number of nodes of the first pool.",
        example="2",
    ),
    _size("nodeVmSize", "Standard_K8S3_v1", _POOLED, _POOL, "Size that each host of the first pool should have."),
    Parameter(
        name="osType",
        placeholder="OS",
        group=_POOL,
        sets=_POOLED,
        default="Linux",
        allowed=("Linux", "Windows"),
        help="Operating system of the first pool. Files for Windows hosts are written with --output-dir; pushing them "
        "is not available yet.",
        example="Linux",
    ),
    Parameter(
        name="osSku",
        placeholder="EDITION",
        group=_POOL,
        sets=(POOL_SET,),
        rule="os sku",
        help="Edition of the first pool's operating system; recorded.",
        example="Windows2022",
    ),
    Parameter(
        name="nodeMaxPodCount",
        kind="integer",
        placeholder="PODS",
        group=_POOL,
        sets=_LOCAL,
        default=110,
        minimum=51,
        help="Most pods on a node of the first pool.",
        example="100",
    ),
    Parameter(
        name="taints",
        kind="texts",
        placeholder="KEY=VALUE:EFFECT",
        group=_POOL,
        sets=_LOCAL,
        rule="taint",
        help="Taints of every node of the first pool: repeat the option, or put commas between them.",
        example="sku=gpu:NoSchedule",
    ),
)
_FIRST_POOLS = (
    _old_count("linuxNodeCount", 1, "Nodes of the pool NAME-linux."),
    _old_size("linuxNodeVmSize", "Size that each host of the pool NAME-linux should have."),
    _old_count("windowsNodeCount", 0, "Nodes of the pool NAME-windows."),
    _old_size("windowsNodeVmSize", "Size that each host of the pool NAME-windows should have."),
)
_OURS = (
    Parameter(
        name="nodeSettings",
        kind="object",
        placeholder="OBJECT",
        group=_POOL,
        ours=True,
        help="Fields of the nodes' documents that count instead of ours (containerd, KubeletConfiguration, "
        "KubeProxyConfiguration), skipAddons and ignorePreflightErrors: @file.json, or JSON text.",
        example="@settings.json",
    ),
    Parameter(
        name="networkPluginManifest",
        placeholder="FILE",
        group=_NETWORK,
        ours=True,
        help="The network plugin's manifest (YAML), applied once the API server answers.",
        example="plugin.yaml",
    ),
    Parameter(
        name="configureOnly",
        kind="switch",
        group="Plan",
        ours=True,
        help="Stop before Kubernetes: hosts have all their configuration, and nothing is started but HAProxy and "
        "keepalived.",
    ),
)
_NOT_YET = (
    _later("enableAutoScaler", _LOCAL, _NO_AUTOSCALER, "Scale the node pools by load.", "boolean"),
    _later("autoScalerProfileName", _LOCAL, _NO_AUTOSCALER, "Profile of the autoscaler."),
    _later("enableADAuth", _LOCAL, _NO_ADD_ON, "Sign-on by Active Directory.", "switch"),
    _later("enableMonitoring", _LOCAL, _NO_ADD_ON, "Install the monitoring add-on.", "switch"),
    _later("enableSecretsEncryption", (LEGACY_SET,), _NO_ADD_ON, "Encrypt secrets in etcd.", "switch"),
    _later("enableCsiSmb", (LEGACY_SET,), _NO_ADD_ON, "Install the SMB storage driver.", "switch"),
    _later("enableCsiNfs", (LEGACY_SET,), _NO_ADD_ON, "Install the NFS storage driver.", "switch"),
    # The switch chooses this set.  AksHci's how-to does not call it mandatory, but without it a
    # request that says nothing else of Azure would be taken for one of this set.
    _later("enableAzureRBAC", (RBAC_SET,), _NO_CLOUD, "Authorise by Azure roles.", "switch", mandatory_in=(RBAC_SET,)),
    _later("resourceGroup", (RBAC_SET,), _NO_CLOUD, "Azure resource group."),
    _later("subscriptionID", (RBAC_SET,), _NO_CLOUD, "Azure subscription."),
    _later("tenantId", (RBAC_SET,), _NO_CLOUD, "Azure tenant."),
    _later("credential", (RBAC_SET,), _NO_CLOUD, "Credential of an Azure service principal.", "object"),
    _later("location", (RBAC_SET,), _NO_CLOUD, "Azure region."),
    _later("appId", (RBAC_SET,), _NO_CLOUD, "Id of the server application."),
    _later("appSecret", (RBAC_SET,), _NO_CLOUD, "Secret of the server application."),
    _later("aadClientId", (RBAC_SET,), _NO_CLOUD, "Id of the client application."),
)

NEW_CLUSTER_PARAMETERS = (*_MAIN, *_FIRST_POOL, *_FIRST_POOLS, *_OURS, *PROGRAM_PARAMETERS, *_NOT_YET)
