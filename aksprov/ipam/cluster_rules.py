"""What a cluster may be: the rules between its own values, and between it and its network."""

from __future__ import annotations

from collections import Counter
from typing import Final

from aksprov.cmdlets.sizes import SIZE_NAMES, VmSize, find_size
from aksprov.errors import DefinitionError, NotAvailableError
from aksprov.ipam.cidrs import NODE_MASKS, check_cidrs, node_mask, node_networks, parse_cidr
from aksprov.model.cluster import Cluster, NodePool
from aksprov.model.host import OperatingSystem
from aksprov.model.network import Network

# AKS hybrid documentation, "Tested resource limits": more than 50 pods a node.
_LEAST_PODS: Final = 51
# A node's /24 without what no pod gets: its network and broadcast address; on Windows the first three
# and the last address and that of the VXLAN tunnel (Calico documentation, "Limitations" of Windows).
_NODE_ADDRESSES: Final = 1 << 32 - NODE_MASKS[4]
_MOST_PODS: Final[dict[OperatingSystem, int]] = {"linux": _NODE_ADDRESSES - 2, "windows": _NODE_ADDRESSES - 5}


def check_cluster(cluster: Cluster, network: Network) -> None:
    """Hold a cluster's definition against its network and against itself.

    Args:
        cluster: the definition.
        network: the one that it names.

    Raises:
        DefinitionError: what is wrong, with both values where two are at odds.
        NotAvailableError: Ipv6NotAvailable, LoadBalancerNotAvailable.
    """
    _check_pools(cluster)
    _check_counts(cluster)
    check_cidrs(cluster, network)
    _check_room(cluster)
    if cluster.load_balancer.sku == "none":
        raise NotAvailableError(
            "LoadBalancerNotAvailable",
            "a cluster without HAProxy is not available yet",
            where="loadBalancerSku",
            why="without load balancer hosts kube-vip would have to hold the API server's address",
            fix="give HAProxy, or leave the setting out",
        )


def _check_counts(cluster: Cluster) -> None:
    counts = [
        ("control plane nodes", cluster.control_plane_node_count, 1),
        ("load balancers", cluster.load_balancer.count, 1),
        *((f"nodes of pool {pool.name}", pool.count, 0) for pool in cluster.node_pools),
    ]
    for title, count, least in counts:
        if count < least:
            raise DefinitionError(
                "NodeCountInvalid",
                f"a cluster cannot have {count} {title}",
                where=f"cluster {cluster.name}",
                why=f"the least is {least}",
                fix=f"give a number from {least}",
            )


def _check_room(cluster: Cluster) -> None:
    nodes = cluster.control_plane_node_count + sum(pool.count for pool in cluster.node_pools)
    for text in cluster.pod_cidrs:
        cidr = parse_cidr(text)
        room, mask = node_networks(cidr), node_mask(cidr)
        if nodes > room:
            raise DefinitionError(
                "CidrTooSmall",
                f"the pod CIDR {cidr} has {room} networks for {nodes} nodes",
                where="podCidr",
                why=f"every control plane and worker node gets a /{mask} of it for its pods",
                fix=f"give a /{mask - (nodes - 1).bit_length()} or larger, or ask for at most {room} nodes"
                if room
                else f"give a /{mask - (nodes - 1).bit_length()} or larger",
            )


def _check_pools(cluster: Cluster) -> None:
    names = Counter(pool.name.lower() for pool in cluster.node_pools)
    for pool in cluster.node_pools:
        if names[pool.name.lower()] > 1:
            raise DefinitionError(
                "NodePoolTwice",
                f"cluster {cluster.name} has two node pools named {pool.name}",
                where="nodePoolName",
                why="names of node pools are unique in a cluster, ignoring case",
                fix="give one of them another name",
            )
        _check_max_pods(pool)
        _check_os_sku(pool)
        _check_taints(pool)
    _size(cluster.control_plane_vm_size, "controlPlaneVmSize")
    _size(cluster.load_balancer.vm_size, "loadBalancerVmSize")
    for pool in cluster.node_pools:
        size = _size(pool.vm_size, f"nodeVmSize of pool {pool.name}")
        if size.gpu_count and pool.os_type == "windows":
            raise DefinitionError(
                "GpuOnWindows",
                f"the Windows pool {pool.name} cannot have the size {size.name}",
                where=f"nodeVmSize, osType of pool {pool.name}",
                why=f"{size.name} has {size.gpu_count} {size.gpu_type}, and GPU sizes are for Linux pools only",
                fix="give --os-type Linux, or a size without GPU: see get-vm-size",
            )


def _check_max_pods(pool: NodePool) -> None:
    most = _MOST_PODS[pool.os_type]
    if not _LEAST_PODS <= pool.max_pods <= most:
        raise DefinitionError(
            "MaxPodsInvalid",
            f"{pool.max_pods} pods on a node are not possible",
            where=f"nodeMaxPodCount of pool {pool.name}",
            why=f"it is more than 50, and the /{NODE_MASKS[4]} of a {pool.os_type.title()} node has room for {most}",
            fix=f"give a number from {_LEAST_PODS} to {most}; 110 is usual",
        )


def _check_os_sku(pool: NodePool) -> None:
    if pool.os_sku is not None and pool.os_sku.lower().startswith("windows") != (pool.os_type == "windows"):
        raise DefinitionError(
            "OsSkuMismatch",
            f"pool {pool.name} cannot be {pool.os_sku} on {pool.os_type.title()}",
            where=f"osSku, osType of pool {pool.name}",
            why="the edition is one of the operating system: Windows2019 and Windows2022 are Windows",
            fix="give --os-type Windows with it, or leave --os-sku out",
        )


def _check_taints(pool: NodePool) -> None:
    twice = [f"{key}:{effect}" for (key, effect), n in Counter((t.key, t.effect) for t in pool.taints).items() if n > 1]
    if twice:
        raise DefinitionError(
            "TaintTwice",
            f"pool {pool.name} has the taint {twice[0]} twice",
            where="taints",
            why="a node has one taint of a key and an effect (Kubernetes core/v1 Node)",
            fix="leave one of the two out",
        )


def _size(name: str, where: str) -> VmSize:
    try:
        return find_size(name)
    except KeyError:
        raise DefinitionError(
            "VmSizeUnknown",
            f"there is no VM size {name!r}",
            where=where,
            why="sizes are " + ", ".join(SIZE_NAMES),
            fix="give one that get-vm-size lists",
        ) from None
