"""new-node-pool: more workers for a cluster that is there."""

from __future__ import annotations

import msgspec

from aksprov.errors import DefinitionError
from aksprov.ipam.cidrs import check_cidrs
from aksprov.model.cluster import DEFAULT_MAX_PODS, Cluster, NodePool
from aksprov.model.desired import Snapshot
from aksprov.model.names import check_name
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.get_cluster import find_cluster
from aksprov.workflows.network_definition import find_network
from aksprov.workflows.pool_change import change_pools
from aksprov.workflows.pool_definition import read_host_labels, read_taint
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Record the pool, configure its hosts, and let them join where Kubernetes runs.

    Raises:
        DefinitionError: NodePoolExistsDifferently, LabelInvalid, NetworkOfOtherSite, ClusterRangeOverlap,
            NetworkPluginCannot, TooFewHosts.
        NotFoundError: ClusterNotFound, NetworkNotFound.
    """
    pool = NodePool(
        name=check_name("node pool", request.need("name")),
        count=request.integer("count") or 1,
        vm_size=request.need("vmSize"),
        os_type="windows" if request.need("osType").lower() == "windows" else "linux",
        os_sku=request.text("osSku"),
        taints=tuple(read_taint(text) for text in request.texts("taints")),
        max_pods=request.integer("maxPodCount") or DEFAULT_MAX_PODS,
        network=_network(request, open_store(session.state_url).snapshot()),
        host_labels=read_host_labels(request.values.get("hostLabels") or {}),
    )

    def edit(cluster: Cluster) -> Cluster:
        there = next((p for p in cluster.node_pools if p.name.lower() == pool.name.lower()), None)
        if there is None:
            return msgspec.structs.replace(cluster, node_pools=(*cluster.node_pools, pool))
        _refuse_changes(request, cluster, there, pool)
        return cluster

    return change_pools(request, session, edit, pool.name)


def _refuse_changes(request: Request, cluster: Cluster, there: NodePool, wanted: NodePool) -> None:
    """Values that were given must be those that are recorded; what was left out is not compared."""
    was, now = _flat(cluster, there), _flat(cluster, wanted)
    differing = sorted(name for name in now if name in request.given and was[name] != now[name])
    if not differing:
        return
    fixed = [name for name in differing if name != "count"]
    cures = ["change its count with set-node-pool"] if "count" in differing else []
    if fixed:
        cures.append(f"{', '.join(fixed)} cannot be changed: choose another name, or remove the pool first")
    raise DefinitionError(
        "NodePoolExistsDifferently",
        f"cluster {cluster.name} has a node pool {there.name} with other values",
        where=", ".join(differing),
        why="; ".join(f"{name} is {was[name]}, asked for was {now[name]}" for name in differing),
        fix="; ".join(cures),
    )


def _flat(cluster: Cluster, pool: NodePool) -> dict[str, str]:
    """Parameter name -> value, as the error names them."""
    return {
        "count": str(pool.count),
        "vmSize": pool.vm_size,
        "osType": pool.os_type,
        "osSku": pool.os_sku or "not given",
        "taints": ", ".join(map(str, pool.taints)) or "not given",
        "maxPodCount": str(pool.max_pods),
        "vnet": (pool.network or cluster.network).lower(),
        "hostLabels": ", ".join(pool.host_labels) or "not given",
    }


def _network(request: Request, snapshot: Snapshot) -> str:
    """Name of the network that the pool's nodes are on, "" for the cluster's own."""
    name = request.text("vnet")
    cluster = find_cluster(request.need("clusterName"), snapshot)
    if not name or name.lower() == cluster.network.lower():
        return ""
    own, other = snapshot.networks[cluster.network.lower()], find_network(name, snapshot)
    if own.scope != other.scope:
        raise DefinitionError(
            "NetworkOfOtherSite",
            f"a pool of cluster {cluster.name} cannot be on network {other.name}",
            where="vnet",
            why=f"it is at site {other.site or 'none'}, and the cluster's network {own.name} at {own.site or 'none'}",
            fix="name a network of the same site",
        )
    check_cidrs(cluster, other)
    return other.name
