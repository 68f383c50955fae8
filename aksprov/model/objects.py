"""What every host of a cluster keeps of it: enough to rebuild a lost state from the hosts."""

from __future__ import annotations

from aksprov.model.base import Value
from aksprov.model.cluster import Cluster, Node
from aksprov.model.network import Lease, Network

OBJECTS_PATH = "/var/lib/aksprov/objects.json"
WINDOWS_OBJECTS_PATH = "C:/ProgramData/aksprov/objects.json"
OBJECTS_SCHEMA = 1


class ClusterObjects(Value, frozen=True, kw_only=True):
    """One cluster as seen from one host.  No secret is in it.

    Args:
        pool_networks: the other networks that pools of the cluster are on.
        nodes: what the host is in this cluster.
        leases: its own address and the cluster's VIPs.
        router_id: keepalived's virtual_router_id, 0 where no load balancer is used.
    """

    cluster: Cluster
    network: Network
    nodes: tuple[Node, ...]
    leases: tuple[Lease, ...]
    router_id: int
    pool_networks: tuple[Network, ...] = ()


class HostObjects(Value, frozen=True, kw_only=True):
    """objects.json on a host: every cluster that it is a node of."""

    clusters: tuple[ClusterObjects, ...]
    schema: int = OBJECTS_SCHEMA
