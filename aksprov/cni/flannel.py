"""Flannel: what its network configuration and its daemons need to be told.

Sources: github.com/flannel-io/flannel, Documentation/backends.md, main.go and kube-flannel.yml of the
release; pkg/backend/vxlan/vxlan_windows.go for what Windows insists on.
"""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address
from typing import Final

from aksprov.model.cluster import Cluster
from aksprov.model.network import Network

# Windows takes no other; a cluster without Windows nodes has Flannel's defaults on Linux: VNI 1, and the kernel's 8472.
WINDOWS_VNI: Final = 4096
WINDOWS_PORT: Final = 4789

# Flannel's release -> tag of the image with its CNI plugin, as the manifest of that release has them.
CNI_PLUGIN: Final = {"v0.28.9": "v1.9.1-flannel3"}


def backend(cluster: Cluster) -> dict[str, int | str]:
    """Values of net-conf.json, which is the same on all nodes of a cluster.

    It has IPv4 only (the table of capabilities says so).  ``vni`` and ``port`` are 0 where Flannel's own
    defaults hold: without Windows nodes.  The template always writes ``Backend.Type``: the documentation
    says that vxlan is the default, the parser takes udp.

    Raises:
        ValueError: the pod CIDR is not an IPv4 network.
    """
    windows = any(pool.os_type == "windows" for pool in cluster.node_pools)
    return {
        "network": str(IPv4Network(cluster.pod_cidrs[0])),
        "vni": WINDOWS_VNI if windows else 0,
        "port": WINDOWS_PORT if windows else 0,
    }


def linux_arguments(network: Network) -> tuple[str, ...]:
    """The command line of flanneld on every Linux node.

    One DaemonSet serves all nodes, whose interfaces have different names, and a host with two is on
    the wrong one when the default route decides.  So each asks its kernel which interface reaches
    the gateway, which is in the prefix that all nodes have an address in; where DHCP says what that is, a VIP.
    """
    return (
        "--ip-masq",
        "--kube-subnet-mgr",
        f"--iface-can-reach={ip_address(network.gateway or network.vip_pool.start)}",
        "--healthz-port=8081",
    )
