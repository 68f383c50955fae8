"""Clusters: New-, Get- and Remove-AksHciCluster, and our test-cluster.

Source: the AksHci reference (learn.microsoft.com/azure/aks/aksarc/reference/ps) with the
how-to articles it links to; the sets' names describe, they are not the module's own.
"""

from __future__ import annotations

import msgspec

from aksprov.cmdlets.common import ROW_PROPERTIES, SAVED_PLAN
from aksprov.cmdlets.declaration import Default, Example, Kind, Parameter, ParameterSet, Property, Verb
from aksprov.cmdlets.program_source import PROGRAM_PARAMETERS
from aksprov.cmdlets.sizes import SIZE_NAMES

LEGACY_SET = "LegacyNodeCounts"
_NODE_POOL, _LEGACY, _RBAC = "NodePool", LEGACY_SET, "AzureRBAC"
_POOLED = (_NODE_POOL, _RBAC)
_LOCAL = (_NODE_POOL, _LEGACY)
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
    size = _size(name, "Standard_K8S3_v1", (_LEGACY,), _OLD, text)
    return msgspec.structs.replace(size, replaced_by=("nodePoolName", "nodeVmSize", "osType"))


def _old_count(name: str, default: int, text: str) -> Parameter:
    return Parameter(
        name=name,
        kind="integer",
        placeholder="N",
        group=_OLD,
        sets=(_LEGACY,),
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
        mandatory_in=(_NODE_POOL,),
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
        sets=(_NODE_POOL,),
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
    _later("enableSecretsEncryption", (_LEGACY,), _NO_ADD_ON, "Encrypt secrets in etcd.", "switch"),
    _later("enableCsiSmb", (_LEGACY,), _NO_ADD_ON, "Install the SMB storage driver.", "switch"),
    _later("enableCsiNfs", (_LEGACY,), _NO_ADD_ON, "Install the NFS storage driver.", "switch"),
    # The switch chooses this set.  AksHci's how-to does not call it mandatory, but without it a
    # request that says nothing else of Azure would be taken for one of this set.
    _later("enableAzureRBAC", (_RBAC,), _NO_CLOUD, "Authorise by Azure roles.", "switch", mandatory_in=(_RBAC,)),
    _later("resourceGroup", (_RBAC,), _NO_CLOUD, "Azure resource group."),
    _later("subscriptionID", (_RBAC,), _NO_CLOUD, "Azure subscription."),
    _later("tenantId", (_RBAC,), _NO_CLOUD, "Azure tenant."),
    _later("credential", (_RBAC,), _NO_CLOUD, "Credential of an Azure service principal.", "object"),
    _later("location", (_RBAC,), _NO_CLOUD, "Azure region."),
    _later("appId", (_RBAC,), _NO_CLOUD, "Id of the server application."),
    _later("appSecret", (_RBAC,), _NO_CLOUD, "Secret of the server application."),
    _later("aadClientId", (_RBAC,), _NO_CLOUD, "Id of the client application."),
)
CLUSTER_PROPERTIES: tuple[Property, ...] = (
    Property(name="Name", parameter="name"),
    Property(name="ProvisioningState"),
    Property(name="Status", kind="object", help="ProvisioningState, Details and Error"),
    Property(name="KubernetesVersion", parameter="kubernetesVersion"),
    Property(name="PackageVersion"),
    Property(name="NodePools", kind="texts"),
    Property(name="LinuxNodeCount", kind="integer"),
    Property(name="WindowsNodeCount", kind="integer"),
    Property(name="Windows2022NodeCount", kind="integer"),
    Property(name="ControlPlaneNodeCount", kind="integer", parameter="controlPlaneNodeCount"),
    Property(name="ControlPlaneVmSize", parameter="controlPlaneVmSize"),
    Property(name="AutoScalerEnabled", kind="boolean"),
    Property(name="AutoScalerProfileName"),
    Property(name="AutoScalerProfile", help="the newer releases' name of the same"),
    Property(name="LoadBalancer", kind="object", help="VMSize, Count and Sku"),
    Property(name="ImageName"),
    Property(name="PrimaryNetworkPlugin", parameter="primaryNetworkPlugin", help="ours"),
    Property(name="CalicoDataplane", parameter="calicoDataplane", help="ours; empty without Calico"),
    Property(name="PodCidr", kind="texts", parameter="podCidr", help="ours"),
    Property(name="ServiceCidr", kind="texts", parameter="serviceCidr", help="ours"),
    Property(name="VirtualNetwork", parameter="vnet", help="ours: name of the network"),
    Property(name="ApiServerAddress", help="ours: the API server's VIP"),
    Property(name="ApiServerDnsName", kind="texts", parameter="apiServerDnsName", help="ours"),
    Property(name="NodeSettings", kind="object", parameter="nodeSettings", help="ours"),
    Property(name="ProgramSource", parameter="programSource", help="ours"),
    Property(name="OfflineBundle", parameter="offlineBundle", help="ours: a folder on the controller"),
    Property(name="OfflineBundleUrl", parameter="offlineBundleUrl", help="ours: that Windows hosts get its files from"),
    Property(name="PackageSettings", kind="object", help="ours: Repository, Key and Proxy"),
    Property(name="Nodes", kind="objects", help="ours: Host, Role, Address, Interface and NodePool"),
)
CLUSTER_COLUMNS = ("Name", "ProvisioningState", "KubernetesVersion", "VirtualNetwork", "ApiServerAddress")

NEW_CLUSTER = Verb(
    name="new-cluster",
    cmdlet="New-AksHciCluster",
    topic="Clusters",
    synopsis="Make a cluster on hosts of the inventory.",
    parameters=(*_MAIN, *_FIRST_POOL, *_FIRST_POOLS, *_OURS, *PROGRAM_PARAMETERS, *_NOT_YET),
    sets=(
        ParameterSet(name=_NODE_POOL, help="With --node-pool-name: a first node pool as described."),
        ParameterSet(
            name=_LEGACY, help="Without it: pools NAME-linux, with one node, and NAME-windows where asked for."
        ),
        ParameterSet(name=_RBAC, help="With --enable-azure-rbac; not available."),
    ),
    default_set=_LEGACY,
    outputs=CLUSTER_PROPERTIES,
    columns=CLUSTER_COLUMNS,
    examples=(
        Example(
            command="aksprov new-cluster --name demo --primary-network-plugin calico --configure-only --what-if",
            text="What would happen on which host, for the smallest cluster on the only network.",
        ),
        Example(
            command="aksprov new-cluster --name demo --vnet labnet --control-plane-node-count 3 "
            "--load-balancer-count 2 --node-pool-name linuxpool --node-count 2 --os-type linux --configure-only",
            text="Three control plane nodes behind a pair of load balancers, and two workers.",
        ),
        Example(
            command="aksprov new-cluster --name edge7 --configure-only --output-dir review",
            text="The same files in a folder, for people to read before any host is touched.",
        ),
        Example(
            command="aksprov new-cluster --name edge8 --pod-cidr 10.244.0.0/16,fd00:10:244::/56 "
            "--calico-dataplane ebpf --configure-only --output-dir review",
            text="Pods and Services with IPv4 and IPv6 addresses.",
        ),
    ),
    plans=True,
    confirms=True,  # only at the first contact with hosts that have what a restored state lacks
)
GET_CLUSTER = Verb(
    name="get-cluster",
    cmdlet="Get-AksHciCluster",
    topic="Clusters",
    synopsis="Show clusters, as recorded.",
    parameters=(
        Parameter(
            name="name",
            placeholder="NAME",
            rule="cluster name",
            help="Only the cluster of this name.",
            example="demo",
        ),
    ),
    outputs=CLUSTER_PROPERTIES,
    columns=CLUSTER_COLUMNS,
    examples=(Example(command="aksprov get-cluster --name demo --output json", text="One cluster, with its nodes."),),
)
REMOVE_CLUSTER = Verb(
    name="remove-cluster",
    cmdlet="Remove-AksHciCluster",
    topic="Clusters",
    synopsis="Take a cluster off its hosts.",
    parameters=(
        CLUSTER_NAME,
        Parameter(
            name="force",
            kind="switch",
            help="End the cluster without hosts that do not answer; their addresses stay in quarantine.",
        ),
        *SAVED_PLAN,
    ),
    outputs=ROW_PROPERTIES,
    examples=(
        Example(command="aksprov remove-cluster --name demo --what-if", text="What would go and what would come back."),
        Example(command="aksprov remove-cluster --name demo --yes", text="Without asking."),
    ),
    confirms=True,
    always_asks=True,
)
TEST_CLUSTER = Verb(
    name="test-cluster",
    cmdlet="Test-AksprovCluster",
    topic="Clusters",
    synopsis="Check a cluster's hosts, services and VIP.",
    parameters=(
        CLUSTER_NAME,
        Parameter(
            name="failover",
            kind="switch",
            ours=True,
            help="Also stop HAProxy, then keepalived, where the VIP is, and measure how long it is away; asks first.",
        ),
    ),
    outputs=ROW_PROPERTIES,
    examples=(
        Example(command="aksprov test-cluster --name demo", text="A row per check; exit code 1 if one failed."),
        Example(
            command="aksprov test-cluster --name demo --failover --yes",
            text="Two rows more: for how many seconds the VIP was away, at most 3.",
        ),
    ),
    confirms=True,
)
VERBS = (NEW_CLUSTER, GET_CLUSTER, TEST_CLUSTER, REMOVE_CLUSTER)
