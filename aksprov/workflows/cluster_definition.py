"""From a new-cluster request to the cluster's definition.

A value that the user gave counts; one that he left out is what the recorded cluster has,
or AksHci's default.  So the same command again compares only what was given.
"""

from __future__ import annotations

from typing import Any

from aksprov.cmdlets.versions import resolve_version
from aksprov.errors import DefinitionError, NotFoundError, UsageError
from aksprov.model.cluster import Cluster, LoadBalancerSettings, NodePool, Taint
from aksprov.model.desired import Snapshot
from aksprov.model.names import check_name
from aksprov.model.network import Network
from aksprov.model.request import Request

# parameter -> the verb that changes it later; absent: nothing does
_CHANGED_BY = {
    "kubernetesVersion": "Update-AksHciCluster",
    "controlPlaneNodeCount": "Set-AksHciCluster",
    "controlPlaneVmSize": "Set-AksHciCluster",
    "nodeCount": "Set-AksHciNodePool",
    "nodeVmSize": "Set-AksHciNodePool",
    "loadBalancerCount": "Set-AksHciLoadBalancer",
    "loadBalancerSettings": "Set-AksHciLoadBalancer",
}


def read_cluster(request: Request, snapshot: Snapshot) -> tuple[Cluster, Network]:
    """The cluster that a request defines, and its network.

    Raises:
        DefinitionError: a value breaks a rule, or the recorded cluster has other values.
        NotFoundError: there is no such network.
        UsageError: no network was named and there are several.
    """
    name = check_name("cluster", request.need("name"))
    recorded = snapshot.clusters.get(name.lower())
    network = _network(request, snapshot, recorded)
    wanted = _build(request, recorded, name if recorded is None else recorded.name, network)
    if recorded is not None and wanted != recorded:
        _refuse_changes(request, recorded, wanted)
    return wanted, network


def _network(request: Request, snapshot: Snapshot, recorded: Cluster | None) -> Network:
    given = request.values.get("vnet")
    name = str(given.get("Name", given.get("name", ""))) if isinstance(given, dict) else given
    if not name and recorded is not None:
        name = recorded.network
    if not name:
        if len(snapshot.networks) == 1:
            return next(iter(snapshot.networks.values()))
        raise UsageError(
            "VnetMissing",
            "no network was named for the cluster",
            where="vnet",
            why="there are several: " + ", ".join(sorted(n.name for n in snapshot.networks.values()))
            if snapshot.networks
            else "no network is defined yet",
            fix="give --vnet NAME" if snapshot.networks else "define one first with new-cluster-network",
        )
    network = snapshot.networks.get(str(name).lower())
    if network is None:
        raise NotFoundError(
            "NetworkNotFound",
            f"there is no network {name!r}",
            where="vnet",
            why="defined are: " + (", ".join(sorted(n.name for n in snapshot.networks.values())) or "none"),
            fix="define it with new-cluster-network, or give the name of one that is there",
        )
    return network


def _build(request: Request, recorded: Cluster | None, name: str, network: Network) -> Cluster:
    def value(parameter: str, old: Any) -> Any:
        if recorded is not None and parameter not in request.given:
            return old
        return request.values.get(parameter)

    base = recorded or Cluster(name=name, network=network.name, kubernetes_version="")
    pool = base.node_pools[0] if base.node_pools else NodePool(name=_legacy_pool_name(name))
    version = value("kubernetesVersion", base.kubernetes_version)
    taints = tuple(_taint(t) for t in request.texts("taints")) if "taints" in request.given else pool.taints
    return Cluster(
        name=name,
        network=network.name,
        kubernetes_version=version if version == base.kubernetes_version and version else resolve_version(version),
        primary_network_plugin=value("primaryNetworkPlugin", base.primary_network_plugin) or "calico",
        control_plane_node_count=value("controlPlaneNodeCount", base.control_plane_node_count) or 1,
        control_plane_vm_size=value("controlPlaneVmSize", base.control_plane_vm_size) or base.control_plane_vm_size,
        load_balancer=_load_balancer(request, base.load_balancer),
        node_pools=(
            NodePool(
                name=check_name("node pool", value("nodePoolName", pool.name) or pool.name),
                count=value("nodeCount", pool.count) or pool.count,
                vm_size=value("nodeVmSize", pool.vm_size) or pool.vm_size,
                os_type=str(value("osType", pool.os_type) or pool.os_type).lower(),  # type: ignore[arg-type]
                os_sku=value("osSku", pool.os_sku),
                taints=taints,
                max_pods=value("nodeMaxPodCount", pool.max_pods) or pool.max_pods,
            ),
        ),
        pod_cidrs=base.pod_cidrs,
        service_cidrs=base.service_cidrs,
        calico_dataplane=base.calico_dataplane,
    )


def _legacy_pool_name(cluster: str) -> str:
    """AksHci's name for the pool of a cluster made without -nodePoolName."""
    suffix = "-linux"
    return cluster[: 63 - len(suffix)].rstrip("-") + suffix


def _load_balancer(request: Request, old: LoadBalancerSettings) -> LoadBalancerSettings:
    given = request.values.get("loadBalancerSettings")
    count, size = request.integer("loadBalancerCount"), request.text("loadBalancerVmSize")
    if given is not None and "loadBalancerCount" in request.given:
        raise UsageError(
            "LoadBalancerGivenTwice",
            "the load balancer is described twice",
            where="loadBalancerSettings, loadBalancerCount",
            why="loadBalancerCount is short for a settings object with that count",
            fix="leave one of the two out",
        )
    if given is not None:
        return _settings(given)
    if "loadBalancerCount" not in request.given:
        count = old.count
    if "loadBalancerVmSize" not in request.given:
        size = old.vm_size
    return LoadBalancerSettings(name=old.name, sku=old.sku, vm_size=size or old.vm_size, count=count or old.count)


def _settings(given: Any) -> LoadBalancerSettings:
    if not isinstance(given, dict):
        raise DefinitionError(
            "LoadBalancerSettingsUnknown",
            f"{given!r} is not a load balancer setting",
            where="loadBalancerSettings",
            why="settings are printed by new-load-balancer-setting and not stored under a name",
            fix="give @file.json, JSON text, or --load-balancer-count N",
        )
    fields = {str(k).lower(): v for k, v in given.items()}
    sku = str(fields.get("sku") or fields.get("loadbalancersku") or "HAProxy")
    count = fields.get("count") or fields.get("loadbalancercount") or 1
    if not isinstance(count, int) or count < 1:
        raise DefinitionError(
            "LoadBalancerCountInvalid",
            f"{count!r} is not a number of load balancers",
            where="loadBalancerSettings: Count",
            why="it is a whole number of at least 1",
            fix="make the object with new-load-balancer-setting",
        )
    return LoadBalancerSettings(
        name=str(fields.get("name") or ""),
        sku="none" if sku.lower() == "none" else "HAProxy",
        vm_size=str(fields.get("vmsize") or LoadBalancerSettings().vm_size),
        count=count,
    )


def _taint(text: str) -> Taint:
    """The taint in a text whose form the declaration has checked already."""
    name, _, effect = text.rpartition(":")
    key, _, value = name.partition("=")
    return Taint(key=key, value=value, effect=effect)


def _refuse_changes(request: Request, recorded: Cluster, wanted: Cluster) -> None:
    if wanted.primary_network_plugin != recorded.primary_network_plugin:
        raise DefinitionError(
            "NetworkPluginFixed",
            f"cluster {recorded.name} keeps its network plugin",
            where="primaryNetworkPlugin",
            why=f"it was created with {recorded.primary_network_plugin}, for Linux and Windows nodes alike, "
            "and a cluster's plugin can never be changed afterwards",
            fix=f"create another cluster with --primary-network-plugin {wanted.primary_network_plugin} "
            "and move the workloads there",
        )
    before, after = _flat(recorded), _flat(wanted)
    differing = {p: (before[p], after[p]) for p in after if before[p] != after[p]}
    verbs = sorted({_CHANGED_BY[p] for p in differing if p in _CHANGED_BY})
    fixed = sorted(p for p in differing if p not in _CHANGED_BY)
    cures = [f"change it with {' or '.join(verbs)}"] if verbs else []
    if fixed:
        cures.append(f"{', '.join(fixed)} cannot be changed: choose another name, or remove the cluster first")
    raise DefinitionError(
        "ClusterExistsDifferently",
        f"cluster {recorded.name} exists with other values",
        where=", ".join(sorted(differing)),
        why="; ".join(f"{p} is {old}, asked for was {new}" for p, (old, new) in sorted(differing.items())),
        fix="; ".join(cures),
    )


def _flat(cluster: Cluster) -> dict[str, str]:
    """Parameter name -> value, as the error names them."""
    pool, balancer = cluster.node_pools[0], cluster.load_balancer
    return {
        "vnet": cluster.network,
        "kubernetesVersion": cluster.kubernetes_version,
        "controlPlaneNodeCount": str(cluster.control_plane_node_count),
        "controlPlaneVmSize": cluster.control_plane_vm_size,
        "loadBalancerSettings": f"{balancer.sku}",
        "loadBalancerCount": str(balancer.count),
        "loadBalancerVmSize": balancer.vm_size,
        "nodePoolName": pool.name,
        "nodeCount": str(pool.count),
        "nodeVmSize": pool.vm_size,
        "osType": pool.os_type,
        "osSku": pool.os_sku or "",
        "taints": ", ".join(map(str, pool.taints)),
        "nodeMaxPodCount": str(pool.max_pods),
    }
