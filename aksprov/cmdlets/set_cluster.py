"""Changing a cluster: Set-AksHciCluster.

Source: the AksHci reference (learn.microsoft.com/azure/aks/aksarc/reference/ps/set-akshcicluster).  The counts of
workers that its first releases had are those of Set-AksHciNodePool since.
"""

from __future__ import annotations

import msgspec

from aksprov.cmdlets.cluster import CLUSTER_COLUMNS, CLUSTER_PROPERTIES
from aksprov.cmdlets.cluster_parameters import CLUSTER_NAME
from aksprov.cmdlets.common import WHAT_IF
from aksprov.cmdlets.declaration import Example, Kind, Parameter, Verb
from aksprov.cmdlets.sizes import SIZE_NAMES


def _later(name: str, kind: Kind, why: str, text: str) -> Parameter:
    group = "Declared, not available yet (exit code 69)"
    return Parameter(name=name, kind=kind, placeholder="VALUE", group=group, unavailable=why, help=text)


_NO_AUTOSCALER = "the autoscaler is not built yet"
_OF_POOLS = "the nodes of a pool are counted by set-node-pool"
_SIZE = msgspec.structs.replace(
    _later("controlPlaneVmSize", "text", "replacing hosts by others is not built yet", "Size of their hosts."),
    allowed=SIZE_NAMES,
    listed_by="get-vm-size",
)
SET_CLUSTER = Verb(
    name="set-cluster",
    cmdlet="Set-AksHciCluster",
    topic="Clusters",
    synopsis="Change how many control plane nodes a cluster has.",
    parameters=(
        CLUSTER_NAME,
        Parameter(
            name="controlPlaneNodeCount",
            kind="integer",
            placeholder="N",
            minimum=1,
            help="Control plane nodes from now on; those that leave are drained first. It stays when it is left out.",
            example="3",
        ),
        _SIZE,
        _later("enableAutoScaler", "boolean", _NO_AUTOSCALER, "Scale the node pools by load."),
        _later("autoScalerProfileName", "text", _NO_AUTOSCALER, "Profile of the autoscaler."),
        _later("linuxNodeCount", "integer", _OF_POOLS, "Nodes of the pool NAME-linux, in older releases."),
        _later("windowsNodeCount", "integer", _OF_POOLS, "Nodes of the pool NAME-windows, in older releases."),
        WHAT_IF,
    ),
    outputs=CLUSTER_PROPERTIES,
    columns=CLUSTER_COLUMNS,
    examples=(
        Example(
            command="aksprov set-cluster --name demo --control-plane-node-count 3",
            text="Two more control planes join, one after the other.",
        ),
        Example(
            command="aksprov set-cluster --name demo --control-plane-node-count 1 --yes",
            text="And leave again, their members of etcd with them; without asking.",
        ),
    ),
    confirms=True,
)
VERBS = (SET_CLUSTER,)
