"""Calico: what its documents need to be told.

Sources: https://docs.tigera.io/calico/latest/ (IPPool, Windows requirements, FelixConfiguration).
"""

from __future__ import annotations

# Calico's defaults, and what Windows' overlay needs on all nodes: written down, so that a
# Windows pool can come later without a change under running pods.
VXLAN_VNI = 4096
VXLAN_PORT = 4789

# Besides its pods a node takes one address for its VXLAN tunnel from its blocks, and on
# Windows four of each block are reserved.
_RESERVED = 1 + 4
_LARGEST_BLOCK = 20  # the largest that Calico allows for IPv4


def block_size(max_pods: int) -> int:
    """Prefix length of the IPAM blocks: one block holds a node's pods.

    A block's size cannot change once pods use the pool, and a Windows node has only one
    block, so it is chosen by the largest pool's ``max_pods``; a node of a smaller pool
    wastes no more than the rest of its block.  110 pods give 25.
    """
    bits = (max_pods + _RESERVED - 1).bit_length()
    return max(32 - bits, _LARGEST_BLOCK)
