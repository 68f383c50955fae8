"""Node pools of clusters that are there: New-, Get-, Set- and Remove-AksHciNodePool.

Source: the AksHci reference (learn.microsoft.com/azure/aks/aksarc/reference/ps).
"""

from __future__ import annotations

from aksprov.cmdlets.common import WHAT_IF
from aksprov.cmdlets.declaration import Example, Parameter, Property, Verb
from aksprov.cmdlets.sizes import SIZE_NAMES

_NO_AUTOSCALER = "the autoscaler is not built yet"
_LATER = "Declared, not available yet (exit code 69)"
_CLUSTER = Parameter(
    name="clusterName",
    placeholder="NAME",
    mandatory_in=("*",),
    rule="cluster name",
    help="Name of the cluster.",
    example="demo",
)
_NAME = Parameter(
    name="name",
    placeholder="POOL",
    mandatory_in=("*",),
    rule="node pool name",
    help="Name of the node pool.",
    example="linuxpool",
)
_PROPERTIES = (
    Property(name="ClusterName", parameter="clusterName"),
    Property(name="NodePoolName", parameter="name"),
    Property(name="Version"),
    Property(name="OsType", parameter="osType"),
    Property(name="NodeCount", kind="integer", parameter="count"),
    Property(name="VmSize", parameter="vmSize"),
    Property(name="Phase"),
    Property(name="Status", kind="object", help="Phase, Details and Error"),
    Property(name="AutoScalerEnabled", kind="boolean"),
    Property(name="Taints", kind="texts", parameter="taints"),
    Property(name="HostLabels", kind="object", parameter="hostLabels", help="ours: labels that its hosts have"),
    Property(name="VirtualNetwork", parameter="vnet", help="ours: the network that its nodes are on"),
    Property(name="Nodes", kind="texts", help="ours: the pool's hosts"),
)
_COLUMNS = ("ClusterName", "NodePoolName", "OsType", "NodeCount", "Phase", "Nodes")

GET_NODE_POOL = Verb(
    name="get-node-pool",
    cmdlet="Get-AksHciNodePool",
    topic="Node pools",
    synopsis="Show a cluster's node pools, as recorded.",
    parameters=(
        _CLUSTER,
        Parameter(
            name="name",
            placeholder="POOL",
            rule="node pool name",
            help="Only the pool of this name.",
            example="linuxpool",
        ),
    ),
    outputs=_PROPERTIES,
    columns=_COLUMNS,
    examples=(Example(command="aksprov get-node-pool --cluster-name demo", text="All pools of a cluster."),),
)
NEW_NODE_POOL = Verb(
    name="new-node-pool",
    cmdlet="New-AksHciNodePool",
    topic="Node pools",
    synopsis="Add a node pool to a cluster.",
    parameters=(
        _CLUSTER,
        _NAME,
        Parameter(name="count", kind="integer", placeholder="N", default=1, minimum=1, help="Its nodes.", example="2"),
        Parameter(
            name="osType",
            placeholder="OS",
            default="Linux",
            allowed=("Linux", "Windows"),
            help="What its hosts run.",
            example="Linux",
        ),
        Parameter(
            name="osSku",
            placeholder="EDITION",
            rule="os sku",
            help="Edition of its system; recorded.",
            example="Windows2022",
        ),
        Parameter(
            name="vmSize",
            placeholder="SIZE",
            default="Standard_K8S3_v1",
            allowed=SIZE_NAMES,
            listed_by="get-vm-size",
            help="Size that each of its hosts should have.",
            example="Standard_K8S3_v1",
        ),
        Parameter(
            name="taints",
            kind="texts",
            placeholder="KEY=VALUE:EFFECT",
            rule="taint",
            help="Taints of each of its nodes: repeat the option, or put commas between them.",
            example="sku=gpu:NoSchedule",
        ),
        Parameter(
            name="maxPodCount",
            kind="integer",
            placeholder="PODS",
            default=110,
            minimum=51,
            help="Most pods on one of its nodes.",
            example="100",
        ),
        Parameter(
            name="vnet",
            placeholder="NETWORK",
            ours=True,
            help="Network that its nodes are on, with calico; the cluster's when left out.",
            example="mynet2",
        ),
        Parameter(
            name="hostLabels",
            kind="pairs",
            placeholder="KEY=VALUE",
            ours=True,
            help="Labels that a host must have to be taken for the pool: repeat the option.",
            example="rack=r1",
        ),
        Parameter(
            name="disableAutoScaler",
            kind="switch",
            group=_LATER,
            unavailable=_NO_AUTOSCALER,
            help="Keep the pool out of autoscaling.",
        ),
        WHAT_IF,
    ),
    outputs=_PROPERTIES,
    columns=_COLUMNS,
    examples=(
        Example(
            command="aksprov new-node-pool --cluster-name demo --name gpu --count 2 --taints sku=gpu:NoSchedule",
            text="Two more workers, which join where Kubernetes runs.",
        ),
    ),
    confirms=True,  # only at the first contact with hosts that have what a restored state lacks
)
SET_NODE_POOL = Verb(
    name="set-node-pool",
    cmdlet="Set-AksHciNodePool",
    topic="Node pools",
    synopsis="Change how many nodes a pool has.",
    parameters=(
        _CLUSTER,
        _NAME,
        Parameter(
            name="count",
            kind="integer",
            placeholder="N",
            minimum=0,
            help="Its nodes from now on; those that leave are drained first. It stays when it is left out.",
            example="3",
        ),
        Parameter(
            name="vmsize",
            placeholder="SIZE",
            group=_LATER,
            allowed=SIZE_NAMES,
            listed_by="get-vm-size",
            unavailable="replacing a pool's hosts by others is not built yet",
            help="Size that each of its hosts should have.",
        ),
        Parameter(
            name="autoScaler",
            kind="boolean",
            placeholder="VALUE",
            group=_LATER,
            unavailable=_NO_AUTOSCALER,
            help="Scale the pool by load.",
        ),
        WHAT_IF,
    ),
    outputs=_PROPERTIES,
    columns=_COLUMNS,
    examples=(
        Example(command="aksprov set-node-pool --cluster-name demo --name linuxpool --count 3", text="Three nodes."),
    ),
    confirms=True,
)
REMOVE_NODE_POOL = Verb(
    name="remove-node-pool",
    cmdlet="Remove-AksHciNodePool",
    topic="Node pools",
    synopsis="Drain a pool's nodes and take the pool away.",
    parameters=(_CLUSTER, _NAME, WHAT_IF),
    outputs=_PROPERTIES,
    columns=_COLUMNS,
    examples=(
        Example(
            command="aksprov remove-node-pool --cluster-name demo --name gpu --yes",
            text="Without asking; its hosts are free.",
        ),
    ),
    confirms=True,
    always_asks=True,
)
VERBS = (NEW_NODE_POOL, GET_NODE_POOL, SET_NODE_POOL, REMOVE_NODE_POOL)
