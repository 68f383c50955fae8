"""Calico: what its documents need to be told, by release.

Sources: https://docs.tigera.io/calico/latest/ (IPPool, FelixConfiguration, IPAMConfiguration, Windows
requirements and limitations, eBPF and nftables data planes); of each release the custom resource
definitions and the validation of github.com/tigera/operator, and the types of
github.com/projectcalico/api.

The operator installs every release, the oldest too: its Installation is one form for all of them,
where the manifests without it are another text for each.  From 3.20 on it serves
projectcalico.org/v3, so no document has to be written past Calico's own API.
"""

from __future__ import annotations

from typing import Final

from aksprov.model.cluster import DEFAULT_MAX_PODS, CalicoDataplane, Cluster

# Calico's defaults, and what Windows' overlay needs on all nodes: written down, so that a
# Windows pool can come later without a change under running pods.
VXLAN_VNI: Final = 4096
VXLAN_PORT: Final = 4789

# Minors of Calico 3 from which on something is there.
NODE_INTERNAL_IP: Final = 22  # nodeAddressAutodetection takes the kubelet's address
IPV6_VXLAN: Final = 23  # before, an IPv6 pool is refused any encapsulation
WINDOWS: Final = 27  # the operator runs Windows nodes: windowsDataplane, serviceCIDRs
EBPF_IPV6: Final = 27
POOL_NAMES: Final = 28
NFTABLES_GA: Final = 31  # a tech preview before

# calico_dataplane -> Installation's linuxDataplane
DATAPLANES: Final[dict[CalicoDataplane, str]] = {"iptables": "Iptables", "nftables": "Nftables", "ebpf": "BPF"}

# Least kernels of the data planes, as their pages in the documentation of 3.32 name them.
KERNELS: Final[dict[CalicoDataplane, tuple[int, int]]] = {"nftables": (5, 13), "ebpf": (5, 10)}

# Besides its pods a node takes one address for its VXLAN tunnel from its blocks, and on
# Windows four of each block are reserved.
_RESERVED: Final = 1 + 4
_BITS: Final = {4: 32, 6: 128}
_LARGEST_BLOCK: Final = {4: 20, 6: 116}  # the largest that Calico allows


def has(release: str, minor: int) -> bool:
    """Whether a release such as "v3.32.1" is 3.``minor`` or newer."""
    return int(release.split(".")[1]) >= minor


def block_size(max_pods: int, family: int = 4) -> int:
    """Prefix length of the IPAM blocks: one block holds a node's pods.

    A block's size cannot change once pods use the pool, and a Windows node has only one
    block, so it is chosen by the largest pool's ``max_pods``; a node of a smaller pool
    wastes no more than the rest of its block.  110 pods give 25, and 121 for IPv6.

    Args:
        family: 4 or 6.
    """
    bits = (max_pods + _RESERVED - 1).bit_length()
    return max(_BITS[family] - bits, _LARGEST_BLOCK[family])


def largest_max_pods(cluster: Cluster) -> int:
    """The most pods that any node of the cluster may have; control planes have the default."""
    return max([DEFAULT_MAX_PODS, *(pool.max_pods for pool in cluster.node_pools)])
