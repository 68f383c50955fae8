"""A cluster as its users see it: the properties of Get-AksHciCluster, and ours."""

from __future__ import annotations

from typing import Any

import msgspec

from aksprov.model.cluster import Cluster, ClusterStatus
from aksprov.model.desired import Snapshot
from aksprov.model.programs import ProgramSource


def cluster_object(cluster: Cluster, status: ClusterStatus, snapshot: Snapshot) -> dict[str, Any]:
    """AksHci's properties in its own names; where its releases differ, both are given."""
    by_os = {os: sum(p.count for p in cluster.node_pools if p.os_type == os) for os in ("linux", "windows")}
    windows_2019 = sum(p.count for p in cluster.node_pools if p.os_sku == "Windows2019")
    nodes = [n for n in snapshot.nodes if n.cluster.lower() == cluster.key]
    vips = [x.address for x in snapshot.leases if x.purpose == "vip" and x.cluster.lower() == cluster.key]
    balancer = cluster.load_balancer
    return {
        "Name": cluster.name,
        "ProvisioningState": status.state,
        "Status": {"ProvisioningState": status.state, "Details": status.details, "Error": status.error},
        "KubernetesVersion": cluster.kubernetes_version,
        "PackageVersion": cluster.kubernetes_version,
        "NodePools": [p.name for p in cluster.node_pools],
        "LinuxNodeCount": by_os["linux"],
        "WindowsNodeCount": by_os["windows"],
        "Windows2022NodeCount": by_os["windows"] - windows_2019,
        "ControlPlaneNodeCount": cluster.control_plane_node_count,
        "ControlPlaneVmSize": cluster.control_plane_vm_size,
        "AutoScalerEnabled": False,
        "AutoScalerProfileName": "",
        "AutoScalerProfile": "",
        "LoadBalancer": {"VMSize": balancer.vm_size, "Count": balancer.count, "Sku": balancer.sku},
        "ImageName": "",
        "PrimaryNetworkPlugin": cluster.primary_network_plugin,
        "CalicoDataplane": cluster.calico_dataplane if cluster.primary_network_plugin == "calico" else "",
        "PodCidr": list(cluster.pod_cidrs),
        "ServiceCidr": list(cluster.service_cidrs),
        "VirtualNetwork": cluster.network,
        "ApiServerAddress": vips[0] if vips else "",
        "ApiServerDnsName": list(cluster.api_server_dns_names),
        "NodeSettings": msgspec.to_builtins(cluster.node_settings),
        "ProgramSource": cluster.programs.source,
        "OfflineBundle": cluster.programs.bundle,
        "OfflineBundleUrl": cluster.programs.bundle_url,
        "PackageSettings": _package_settings(cluster.programs),
        "Nodes": [
            {"Host": n.host, "Role": n.role, "Address": n.address, "Interface": n.interface, "NodePool": n.pool}
            for n in nodes
        ],
    }


def _package_settings(programs: ProgramSource) -> dict[str, str]:
    if programs.source != "packages":
        return {}
    settings = programs.packages
    return {"Repository": settings.repository, "Key": settings.key, "Proxy": settings.proxy}
