"""Hosts that did not answer when their cluster was removed: kept apart until they are seen clean."""

from __future__ import annotations

from collections.abc import Mapping

from aksprov.model.facts import Observed
from aksprov.model.quarantine import cluster_of
from aksprov.model.row import Row
from aksprov.planning.quarantine import Quarantine, left_on, quarantined_hosts, without
from aksprov.state import Store, Transaction


def keep(transaction: Transaction, quarantine: Quarantine) -> None:
    """Record what is kept under this key now, instead of what was."""
    transaction.forget_cluster(quarantine.key)
    transaction.add_nodes(quarantine.nodes)
    transaction.add_leases(quarantine.leases)
    for router_id in quarantine.router_ids:
        transaction.add_router_id(router_id)


def free(transaction: Transaction, host: str) -> None:
    """The host has nothing of a removed cluster any more, or will never be seen again."""
    for quarantine in without(host, transaction.snapshot()):
        keep(transaction, quarantine)


def look_for_clean(store: Store, seen: Mapping[str, Observed]) -> tuple[Row, ...]:
    """Free hosts in quarantine that are clean; a row for each of them that was seen.

    Args:
        seen: by host key.
    """
    snapshot = store.snapshot()
    waiting = sorted(quarantined_hosts(snapshot) & seen.keys())
    left = {key: left_on(key, seen[key], snapshot) for key in waiting}
    clean = [key for key in waiting if not left[key]]
    if clean:
        with store.write() as transaction:
            for key in clean:
                free(transaction, key)
    clusters = {n.host: cluster_of(n.cluster) for n in snapshot.nodes}
    return tuple(
        _row(snapshot.hosts[key].name, clusters[key], left[key], lives=clusters[key] in snapshot.clusters)
        for key in waiting
    )


def _row(host: str, cluster: str, left: tuple[str, ...], *, lives: bool) -> Row:
    """What a host that was seen has of a cluster that was removed, or that it left while the cluster lives."""
    cure = f"remove-host --name {host} --purge" if lives else f"remove-cluster --name {cluster}"
    return Row(
        test_name="HostClean",
        category="Removal",
        test_result="Warning" if left else "Passed",
        details=f"has of the cluster that it is no host of any more: {', '.join(left)}"
        if left
        else "seen without the cluster; its addresses and router ids are free again",
        recommendation=f"aksprov {cure} takes it off" if left else "",
        host=host,
        cluster=cluster,
    )
