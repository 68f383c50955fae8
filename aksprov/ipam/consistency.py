"""Whether a state agrees with itself: what it records names only what it records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network

from aksprov.ipam.ranges import in_prefix
from aksprov.model.desired import Snapshot
from aksprov.model.quarantine import STRANGER, is_quarantine
from aksprov.model.row import Row

_CURE = "restore a backup, or rebuild the state from its hosts: aksprov adopt --file FILE with another AKSPROV_STATE"


def consistency_rows(snapshot: Snapshot) -> tuple[Row, ...]:
    """A row for each rule, Passed or Failed with everything that breaks it."""
    return (
        _row("ClustersHaveNetworks", f"{len(snapshot.clusters)} clusters", _clusters(snapshot)),
        _row("NodesHaveHosts", f"{len(snapshot.nodes)} nodes", _nodes(snapshot)),
        _row("LeasesInNetworks", f"{len(snapshot.leases)} addresses", _leases(snapshot)),
        _row("LeasesHaveOwners", f"{len(snapshot.leases)} addresses", _owners(snapshot)),
        _row("NoOrphans", "what is recorded of clusters and hosts", _orphans(snapshot)),
    )


def _clusters(snapshot: Snapshot) -> Iterator[str]:
    for cluster in snapshot.clusters.values():
        for name in {cluster.network, *(pool.network for pool in cluster.node_pools if pool.network)}:
            if name.lower() not in snapshot.networks:
                yield f"cluster {cluster.name} is on network {name}, which is not recorded"


def _nodes(snapshot: Snapshot) -> Iterator[str]:
    leased = {(lease.owner, lease.address) for lease in snapshot.leases}
    for node in snapshot.nodes:
        if node.host not in snapshot.hosts:
            yield f"host {node.host} of cluster {node.cluster} is not recorded"
        if node.cluster not in snapshot.clusters and not is_quarantine(node.cluster):
            yield f"host {node.host} is a {node.role} of cluster {node.cluster}, which is not recorded"
        if (f"host/{node.host}", node.address) not in leased:
            yield f"host {node.host} has address {node.address}, which is not leased to it"


def _leases(snapshot: Snapshot) -> Iterator[str]:
    for lease in snapshot.leases:
        network = snapshot.networks.get(lease.network)
        if network is None:
            yield f"{lease.address} is leased on network {lease.network}, which is not recorded"
        elif not in_prefix(lease.address, IPv4Network(network.ip_address_prefix)):
            yield f"{lease.address} is not in {network.ip_address_prefix} of network {network.name}"


def _owners(snapshot: Snapshot) -> Iterator[str]:
    for lease in snapshot.leases:
        if is_quarantine(lease.cluster) or lease.purpose == STRANGER:
            continue
        kind, _, key = lease.owner.partition("/")
        if key not in (snapshot.hosts if kind == "host" else snapshot.clusters):
            yield f"{lease.address} belongs to {lease.owner}, which is not recorded"


def _orphans(snapshot: Snapshot) -> Iterator[str]:
    of_clusters = {*snapshot.statuses, *(key for key, _ in snapshot.late), *(r.cluster for r in snapshot.router_ids)}
    for key in sorted(of_clusters - snapshot.clusters.keys()):
        if not is_quarantine(key):
            yield f"cluster {key} is not recorded, but something of it is"
    for key in sorted(snapshot.facts.keys() - snapshot.hosts.keys()):
        yield f"host {key} is not recorded, but its facts are"


def _row(name: str, passed: str, broken: Iterable[str]) -> Row:
    found = tuple(broken)
    return Row(
        test_name=name,
        category="State",
        test_result="Failed" if found else "Passed",
        details="; ".join(found) or passed,
        recommendation=_CURE if found else "",
    )
