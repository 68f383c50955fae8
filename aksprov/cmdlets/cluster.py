"""Clusters: New-, Get- and Remove-AksHciCluster, and our test-cluster.

Source: the AksHci reference (learn.microsoft.com/azure/aks/aksarc/reference/ps).
"""

from __future__ import annotations

from aksprov.cmdlets.cluster_parameters import CLUSTER_NAME, LEGACY_SET, NEW_CLUSTER_PARAMETERS, POOL_SET, RBAC_SET
from aksprov.cmdlets.common import ROW_PROPERTIES, SAVED_PLAN
from aksprov.cmdlets.declaration import Example, Parameter, ParameterSet, Property, Verb

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
    parameters=NEW_CLUSTER_PARAMETERS,
    sets=(
        ParameterSet(name=POOL_SET, help="With --node-pool-name: a first node pool as described."),
        ParameterSet(
            name=LEGACY_SET, help="Without it: pools NAME-linux, with one node, and NAME-windows where asked for."
        ),
        ParameterSet(name=RBAC_SET, help="With --enable-azure-rbac; not available."),
    ),
    default_set=LEGACY_SET,
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
