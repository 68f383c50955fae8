"""Which addresses and router ids hosts may still use that could not be cleaned, and when they are clean."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from aksprov.model.base import Value
from aksprov.model.cluster import Node
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Observed
from aksprov.model.network import Lease, RouterId
from aksprov.model.quarantine import cluster_of, is_quarantine, quarantine_key


class Quarantine(Value, frozen=True, kw_only=True):
    """What stays recorded under one key of :mod:`aksprov.model.quarantine`."""

    key: str
    nodes: tuple[Node, ...] = ()
    leases: tuple[Lease, ...] = ()
    router_ids: tuple[RouterId, ...] = ()


def end_of(cluster: str, hosts: Collection[str], snapshot: Snapshot) -> Quarantine:
    """What is kept when a cluster ends while ``hosts`` did not answer, and of what was kept of its name already.

    Args:
        cluster: its key.
        hosts: keys of its hosts, and of those in quarantine for one of its name, that were not seen clean.
    """
    before = _kept_for(quarantine_key(cluster), hosts, snapshot)
    now = _kept_for(cluster, hosts, snapshot)
    return Quarantine(
        key=before.key,
        nodes=before.nodes + tuple(msgspec.structs.replace(n, cluster=before.key) for n in now.nodes),
        leases=before.leases + tuple(_under(before.key, lease) for lease in now.leases),
        router_ids=before.router_ids + tuple(msgspec.structs.replace(r, cluster=before.key) for r in now.router_ids),
    )


def without(host: str, snapshot: Snapshot) -> tuple[Quarantine, ...]:
    """What is still kept once a host was seen clean, or is gone for good; empty ones are among them."""
    keys = {node.cluster for node in snapshot.nodes if node.host == host and is_quarantine(node.cluster)}
    others = {node.host for node in snapshot.nodes} - {host}
    return tuple(_kept_for(key, others, snapshot) for key in sorted(keys))


def quarantined_hosts(snapshot: Snapshot) -> frozenset[str]:
    """Keys of the hosts that must be seen clean first."""
    return frozenset(node.host for node in snapshot.nodes if is_quarantine(node.cluster))


def left_on(host: str, seen: Observed, snapshot: Snapshot) -> tuple[str, ...]:
    """What a host in quarantine still has of the clusters that were removed without it; empty: it is clean."""
    keys = {node.cluster for node in snapshot.nodes if node.host == host and is_quarantine(node.cluster)}
    clusters = {cluster_of(key) for key in keys}
    vips = {lease.address for lease in snapshot.leases if lease.cluster in keys and lease.purpose == "vip"}
    files = [f.path for f in (seen.manifest.files if seen.manifest else ()) if f.cluster in clusters]
    held = {cidr.partition("/")[0] for i in seen.facts.interfaces for cidr in i.addresses} & vips
    return (
        *([f"{len(files)} files of cluster {', '.join(sorted(clusters))}"] if files else ()),
        *(f"address {address}" for address in sorted(held)),
    )


def _kept_for(key: str, hosts: Collection[str], snapshot: Snapshot) -> Quarantine:
    """The hosts' own addresses; VIPs and router ids too while a load balancer is among them."""
    nodes = tuple(n for n in snapshot.nodes if n.cluster == key and n.host in hosts)
    owners = {f"host/{node.host}" for node in nodes}
    balanced = any(node.role == "load-balancer" for node in nodes)
    return Quarantine(
        key=key,
        nodes=nodes,
        leases=tuple(
            x for x in snapshot.leases if x.cluster == key and (x.owner in owners or (balanced and x.purpose == "vip"))
        ),
        router_ids=tuple(r for r in snapshot.router_ids if r.cluster == key and balanced),
    )


def _under(key: str, lease: Lease) -> Lease:
    owner = lease.owner if lease.owner.startswith("host/") else key
    return msgspec.structs.replace(lease, cluster=key, owner=owner)
