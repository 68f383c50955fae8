"""Load balancers that several clusters of one network share: whose they are, and what else is on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from aksprov.ipam.ranges import natural
from aksprov.model.cluster import Cluster, Node
from aksprov.model.desired import Desired, Neighbour, Snapshot
from aksprov.model.host import ROLES
from aksprov.model.network import Network
from aksprov.model.quarantine import cluster_of

CA = "ca"


def shared_nodes(cluster: Cluster, network: Network, recorded: Collection[Node], snapshot: Snapshot) -> list[Node]:
    """New load balancers of a cluster on hosts that others of its network share, as many as it lacks.

    Args:
        cluster: the definition; one that does not share gets none.
        recorded: its own nodes.
    """
    mine = [node for node in recorded if node.role == "load-balancer"]
    others = {key for key, other in snapshot.clusters.items() if key != cluster.key and _share(cluster, other, network)}
    there = {n.host: n for n in snapshot.nodes if n.role == "load-balancer" and n.cluster in others}
    free = sorted(there.keys() - {node.host for node in mine}, key=natural)
    first = max((node.index + 1 for node in mine), default=0)
    return [
        msgspec.structs.replace(there[host], cluster=cluster.key, index=first + number)
        for number, host in enumerate(free[: max(0, cluster.load_balancer.count - len(mine))])
    ]


def neighbours(cluster: Cluster, nodes: Iterable[Node], snapshot: Snapshot) -> dict[str, tuple[Neighbour, ...]]:
    """The other clusters on a cluster's load balancers, by host key; hosts that it has alone are left out."""
    found: dict[str, tuple[Neighbour, ...]] = {}
    pictures: dict[str, Neighbour] = {}
    for node in nodes:
        if node.role != "load-balancer":
            continue
        for key in sorted({cluster_of(n.cluster) for n in snapshot.nodes if n.host == node.host} - {cluster.key}):
            if key not in pictures:
                pictures[key] = _neighbour(key, snapshot)
            found[node.host] = (*found.get(node.host, ()), pictures[key])
    return found


def recorded_picture(cluster: Cluster, snapshot: Snapshot) -> Desired:
    """A cluster as it is recorded, nothing proposed."""
    nodes = [node for node in snapshot.nodes if node.cluster == cluster.key]
    owners = {f"cluster/{cluster.key}", *(f"host/{node.host}" for node in nodes)}
    leases = tuple(lease for lease in snapshot.leases if lease.owner in owners)
    return Desired(
        cluster=cluster,
        network=snapshot.networks[cluster.network.lower()],
        nodes=tuple(sorted(nodes, key=lambda node: (ROLES.index(node.role), node.index))),
        vip=recorded_vip(cluster.key, snapshot),
        router_id=next((r.router_id for r in snapshot.router_ids if r.cluster == cluster.key), 0),
        leases=leases,
        pool_networks={p.name: snapshot.networks[p.network.lower()] for p in cluster.node_pools if p.network},
    )


def recorded_vip(cluster: str, snapshot: Snapshot) -> str:
    """The API server's address of the cluster of that key, "" where none is recorded."""
    owner = f"cluster/{cluster}"
    return next((x.address for x in snapshot.leases if x.purpose == "vip" and x.owner == owner), "")


def _share(one: Cluster, other: Cluster, network: Network) -> bool:
    return one.load_balancer.shared and other.load_balancer.shared and other.network.lower() == network.key


def _neighbour(key: str, snapshot: Snapshot) -> Neighbour:
    """One that is removed, or has no CA yet, has nothing on its load balancers that must stay."""
    cluster, status = snapshot.clusters.get(key), snapshot.statuses.get(key)
    if cluster is None or (status is not None and status.state == "Deleting"):
        return Neighbour(key=key)
    return Neighbour(key=key, certificate=snapshot.late.get((key, CA), ""), desired=recorded_picture(cluster, snapshot))
