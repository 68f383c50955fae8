"""What a run was planned from is still so when it takes its hosts: another operator may have come between."""

from __future__ import annotations

from collections.abc import Iterable

from aksprov.errors import BusyError
from aksprov.model.desired import Snapshot
from aksprov.model.host_lease import Epochs
from aksprov.model.quarantine import quarantine_key


def check_unchanged(cluster: str, hosts: Iterable[str], epochs: Epochs, planned: Snapshot, now: Snapshot) -> None:
    """Refuse what was planned for a cluster that another run has changed since.

    Hosts that came to it meanwhile would be forgotten with it, unseen, and their addresses given to others.

    Args:
        cluster: its key.
        hosts: keys of those that were looked at.
        epochs: host key -> the epoch that it had then.
        planned: what the state recorded then.
        now: what it records in this transaction.

    Raises:
        BusyError: HostsChanged.
    """
    changed = sorted(host for host in hosts if now.epochs.get(host, 0) != epochs.get(host, 0))
    if not changed and _of(cluster, planned) == _of(cluster, now):
        return
    raise BusyError(
        "HostsChanged",
        "another run has changed the cluster after it was looked at",
        where=f"hosts {', '.join(changed)}" if changed else f"cluster {cluster}",
        why="what to take away was planned from what was there before",
        fix="run the command again",
    )


def _of(cluster: str, snapshot: Snapshot) -> tuple[object, ...]:
    keys = {cluster, quarantine_key(cluster)}
    return (
        snapshot.clusters.get(cluster),
        {node for node in snapshot.nodes if node.cluster in keys},
        {lease for lease in snapshot.leases if lease.cluster in keys},
    )
