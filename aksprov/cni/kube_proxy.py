"""What the network plugin asks of kube-proxy on Linux nodes."""

from __future__ import annotations

from typing import Literal

from aksprov.model.cluster import Cluster


def kube_proxy_mode(cluster: Cluster) -> Literal["iptables", "nftables"] | None:
    """KubeProxyConfiguration's ``mode``; None where no kube-proxy may run at all.

    Calico's nftables data plane needs kube-proxy in the same mode, and its eBPF data plane takes
    kube-proxy's place: kubeadm then leaves the add-on out from the start (``proxy.disabled`` in
    v1beta4, ``skipPhases: [addon/kube-proxy]`` in v1beta3), so that there are no rules to clean up.

    Sources: https://docs.tigera.io/calico/latest/getting-started/kubernetes/nftables and
    https://docs.tigera.io/calico/latest/operations/ebpf/install
    """
    if cluster.primary_network_plugin == "calico":
        if cluster.calico_dataplane == "ebpf":
            return None
        if cluster.calico_dataplane == "nftables":
            return "nftables"
    return "iptables"
