"""The UDP port of a cluster's overlay on Linux nodes."""

from __future__ import annotations

from typing import Final

from aksprov.cni.calico import VXLAN_PORT
from aksprov.cni.flannel import backend
from aksprov.model.cluster import Cluster

_KERNEL_PORT: Final = 8472  # what Linux has for VXLAN where nobody names one (ip-link(8), dstport)


def linux_port(cluster: Cluster) -> int:
    """4789 with Calico, and with Flannel beside Windows nodes; else Flannel has the kernel's own."""
    if cluster.primary_network_plugin == "calico":
        return VXLAN_PORT
    return int(backend(cluster)["port"]) or _KERNEL_PORT
