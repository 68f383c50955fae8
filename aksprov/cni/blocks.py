"""Calico's address blocks: whether the pod CIDRs have one for each node."""

from __future__ import annotations

from ipaddress import ip_network

from aksprov.cni.calico import block_size, largest_max_pods
from aksprov.errors import DefinitionError
from aksprov.model.cluster import Cluster


def check_blocks(cluster: Cluster) -> None:
    """Each node takes a block of Calico's own size from a pod CIDR, whatever kubeadm's node networks are.

    To be asked once the CIDRs themselves are known to be right.  Flannel has no blocks.

    Raises:
        DefinitionError: CalicoBlocksTooFew.
    """
    if cluster.primary_network_plugin != "calico":
        return
    nodes = cluster.control_plane_node_count + sum(pool.count for pool in cluster.node_pools)
    max_pods = largest_max_pods(cluster)
    for cidr in map(ip_network, cluster.pod_cidrs):
        block = block_size(max_pods, cidr.version)
        blocks = 2 ** (block - cidr.prefixlen) if block >= cidr.prefixlen else 0
        if blocks < nodes:
            raise DefinitionError(
                "CalicoBlocksTooFew",
                f"the pod CIDR {cidr} has too few of Calico's blocks for the cluster's nodes",
                where="podCidr",
                why=f"{max_pods} pods on a node need a block of /{block}: {cidr} has {blocks}, and the cluster has "
                f"{nodes} nodes",
                fix="give a larger --pod-cidr, or a smaller --node-max-pod-count",
            )
