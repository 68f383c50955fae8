"""From a new-cluster request to the cluster's definition.

A value that the user gave counts; one that he left out is what the recorded cluster has,
or AksHci's default.  So the same command again compares only what was given.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aksprov.cmdlets.cluster import NEW_CLUSTER
from aksprov.cmdlets.versions import LATEST, resolve_version
from aksprov.errors import DefinitionError, NotFoundError, UsageError
from aksprov.ipam.cidrs import POD_CIDRS, SERVICE_CIDRS, families, has_host_bits, parse_cidr
from aksprov.model.cluster import Cluster, LoadBalancerSettings
from aksprov.model.desired import Snapshot
from aksprov.model.names import check_name
from aksprov.model.network import Network
from aksprov.model.node_settings import NodeSettings
from aksprov.model.request import Request
from aksprov.workflows.network_definition import network_object
from aksprov.workflows.offline_bundle.default import default_folder
from aksprov.workflows.pool_definition import pool_values, read_pools
from aksprov.workflows.prepare.definition import read_source
from aksprov.workflows.prepare.version import offered_version

_CIDRS = ("podCidr", "serviceCidr")
# parameter -> the verb that changes it later; absent: nothing does
_CHANGED_BY = {
    "kubernetesVersion": "Update-AksHciCluster",
    "controlPlaneNodeCount": "Set-AksHciCluster",
    "controlPlaneVmSize": "Set-AksHciCluster",
    "nodeCount": "Set-AksHciNodePool",
    "nodeVmSize": "Set-AksHciNodePool",
    "linuxNodeCount": "Set-AksHciNodePool",
    "linuxNodeVmSize": "Set-AksHciNodePool",
    "windowsNodeCount": "Set-AksHciNodePool",
    "windowsNodeVmSize": "Set-AksHciNodePool",
    "loadBalancerCount": "Set-AksHciLoadBalancer",
    "loadBalancerSettings": "Set-AksHciLoadBalancer",
}


def read_cluster(request: Request, snapshot: Snapshot) -> tuple[Cluster, Network]:
    """The cluster that a request defines, and its network.

    Args:
        request: of new-cluster.
        snapshot: what is recorded.

    Raises:
        DefinitionError: a value breaks a rule, or the recorded cluster has other values.
        NotFoundError: there is no such network.
        UsageError: no network was named and there are several.
    """
    name = check_name("cluster", request.need("name"))
    recorded = snapshot.clusters.get(name.lower())
    network = _network(request, snapshot, recorded)
    wanted = _build(request, recorded, name if recorded is None else recorded.name, network, snapshot)
    if recorded is not None and msgspec.structs.replace(wanted, programs=recorded.programs) != recorded:
        _refuse_changes(request, recorded, wanted)
    return wanted, network


def definition_notes(request: Request) -> tuple[str, ...]:
    """What to say of a request that was understood: names of older releases, and values that were filled in."""
    options = {p.name: p.option for p in NEW_CLUSTER.parameters}
    notes = [
        f"{p.option} is a name of older releases; today's are " + ", ".join(options[name] for name in p.replaced_by)
        for p in NEW_CLUSTER.parameters
        if p.replaced_by and p.name in request.given
    ]
    ranges = [text for parameter in _CIDRS for text in request.texts(parameter)]
    notes += [f"the range {text} is taken as its network, {parse_cidr(text)}" for text in ranges if has_host_bits(text)]
    left_out = [parameter for parameter in _CIDRS if not request.texts(parameter)]
    if len(left_out) == 1 and len(ranges) > 1:
        filled_in = dict(zip(_CIDRS, _cidrs(request, None), strict=True))[left_out[0]]
        notes.append(f"{options[left_out[0]]} is {','.join(filled_in)}, in the families of the other one")
    return tuple(notes)


def network_names(request: Request) -> tuple[str, ...]:
    """The networks that a request names; whether a cluster can be on several is the network plugin's to say."""
    given = request.values.get("vnet") or ""
    name = str(given.get("Name", "")) if isinstance(given, dict) else str(given)
    return tuple(name.split(",")) if name else ()


def _network(request: Request, snapshot: Snapshot, recorded: Cluster | None) -> Network:
    given = request.values.get("vnet")
    name, *_ = network_names(request) or ("",)
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
    if isinstance(given, dict):
        _compare(given, network)
    return network


def _compare(given: dict[str, Any], network: Network) -> None:
    """An object that stands for a network says nothing else than what is recorded of it."""
    recorded = {name.lower(): value for name, value in network_object(network).items()}
    differing = {
        name: (recorded[name.lower()], value)
        for name, value in given.items()
        if name.lower() != "name" and _comparable(recorded[name.lower()]) != _comparable(value)
    }
    if differing:
        raise DefinitionError(
            "NetworkExistsDifferently",
            f"network {network.name} exists with other values",
            where="vnet: " + ", ".join(differing),
            why="; ".join(f"{name} is {old}, the object says {new}" for name, (old, new) in differing.items()),
            fix=f"give its name: --vnet {network.name}",
        )


def _comparable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _build(request: Request, recorded: Cluster | None, name: str, network: Network, snapshot: Snapshot) -> Cluster:
    def value(parameter: str, old: Any) -> Any:
        if recorded is not None and parameter not in request.given:
            return old
        found = request.values.get(parameter)
        return old if found is None else found

    base = recorded or Cluster(name=name, network=network.name, kubernetes_version="")
    programs = read_source(request, recorded.programs if recorded else None, default_folder(snapshot))
    version = value("kubernetesVersion", base.kubernetes_version)
    if not version or version.lower() == LATEST:
        version = offered_version(programs, snapshot)
    pods, services = _cidrs(request, recorded)
    return Cluster(
        name=name,
        network=network.name,
        kubernetes_version=version if version == base.kubernetes_version and version else resolve_version(version),
        primary_network_plugin=value("primaryNetworkPlugin", base.primary_network_plugin),
        control_plane_node_count=value("controlPlaneNodeCount", base.control_plane_node_count),
        control_plane_vm_size=value("controlPlaneVmSize", base.control_plane_vm_size),
        load_balancer=_load_balancer(request, base.load_balancer, new=recorded is None),
        node_pools=read_pools(request, name, base.node_pools),
        pod_cidrs=pods,
        service_cidrs=services,
        calico_dataplane=value("calicoDataplane", base.calico_dataplane),
        node_settings=_node_settings(request, base.node_settings),
        programs=programs,
        api_server_dns_names=_dns_names(request, base.api_server_dns_names),
    )


def _dns_names(request: Request, old: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(request.texts("apiServerDnsName"))) or old


def _node_settings(request: Request, old: NodeSettings) -> NodeSettings:
    """The object that was given, every field of a known name and kind.

    Raises:
        DefinitionError: NodeSettingsInvalid.
    """
    given = request.values.get("nodeSettings")
    if given is None:
        return old
    try:
        return msgspec.convert(given, NodeSettings)
    except msgspec.ValidationError as error:
        raise DefinitionError(
            "NodeSettingsInvalid",
            "the node settings cannot be used",
            where="nodeSettings",
            why=str(error),
            fix="give an object with containerd, KubeletConfiguration, KubeProxyConfiguration, skipAddons or "
            "ignorePreflightErrors",
        ) from None


def _cidrs(request: Request, recorded: Cluster | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Pod and service CIDRs; of a new cluster the one that was left out has the families of the other."""
    pods, services = (tuple(str(parse_cidr(c)) for c in request.texts(p)) for p in _CIDRS)
    if recorded is not None:
        return pods or recorded.pod_cidrs, services or recorded.service_cidrs
    wanted = families(pods or services) or (4,)
    return pods or tuple(POD_CIDRS[f] for f in wanted), services or tuple(SERVICE_CIDRS[f] for f in wanted)


def _load_balancer(request: Request, old: LoadBalancerSettings, *, new: bool) -> LoadBalancerSettings:
    given = request.values.get("loadBalancerSettings")
    beside = sorted(request.given.intersection(("loadBalancerCount", "loadBalancerVmSize")))
    if given is not None and beside:
        raise UsageError(
            "LoadBalancerGivenTwice",
            "the load balancer is described twice",
            where=", ".join(("loadBalancerSettings", *beside)),
            why="the settings object has the load balancers' count and size already",
            fix="leave one of the two out",
        )
    shared = request.flag("shareLoadBalancers") if "shareLoadBalancers" in request.given else old.shared
    if given is not None:
        return msgspec.structs.replace(_settings(given, old, new=new), shared=shared)
    count = request.integer("loadBalancerCount") if "loadBalancerCount" in request.given else None
    size = request.text("loadBalancerVmSize") if "loadBalancerVmSize" in request.given else None
    return msgspec.structs.replace(old, vm_size=size or old.vm_size, count=count or old.count, shared=shared)


def _settings(given: Any, old: LoadBalancerSettings, *, new: bool) -> LoadBalancerSettings:
    """What a settings object says; its values were checked as if they were typed.

    Its name is a label that changes nothing: a recorded one stays.
    """
    if not isinstance(given, dict):
        raise DefinitionError(
            "LoadBalancerSettingsUnknown",
            f"{given!r} is not a load balancer setting",
            where="loadBalancerSettings",
            why="settings are printed by new-load-balancer-setting and not stored under a name",
            fix="give @file.json, JSON text, or --load-balancer-count N",
        )
    fields = {name.lower(): value for name, value in given.items()}
    return LoadBalancerSettings(
        name=fields.get("name", "") if new else old.name,
        sku=fields.get("sku", old.sku),
        vm_size=fields.get("vmsize", old.vm_size),
        count=fields.get("count", old.count),
    )


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
    before, after = _flat(request, recorded), _flat(request, wanted)
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


def _flat(request: Request, cluster: Cluster) -> dict[str, str]:
    """Parameter name -> value, as the error names them."""
    balancer = cluster.load_balancer
    return {
        "vnet": cluster.network,
        "kubernetesVersion": cluster.kubernetes_version,
        "controlPlaneNodeCount": str(cluster.control_plane_node_count),
        "controlPlaneVmSize": cluster.control_plane_vm_size,
        "loadBalancerSettings": balancer.sku,
        "loadBalancerCount": str(balancer.count),
        "loadBalancerVmSize": balancer.vm_size,
        "shareLoadBalancers": str(balancer.shared).lower(),
        "podCidr": cluster.pod_subnet,
        "serviceCidr": cluster.service_subnet,
        "calicoDataplane": cluster.calico_dataplane,
        "apiServerDnsName": ", ".join(cluster.api_server_dns_names) or "not given",
        "nodeSettings": msgspec.json.encode(cluster.node_settings).decode(),
        **pool_values(request, cluster.name, cluster.node_pools),
    }
