"""What a cluster that was removed may still use, on hosts that did not answer.

Its nodes, leases and router ids stay recorded, under a key that no cluster can have, until each of
these hosts was seen without it: so nobody else gets them, and the host is in no other cluster.
"""

from __future__ import annotations

_REMOVED = "removed/"  # names of clusters have no slash


def quarantine_key(cluster: str) -> str:
    """The key under which the rest of a removed cluster is kept, by cluster key."""
    return _REMOVED + cluster


def is_quarantine(key: str) -> bool:
    """Whether rows with this cluster key are of a cluster that was removed."""
    return key.startswith(_REMOVED)


def cluster_of(key: str) -> str:
    """The cluster key behind a quarantine's, and any other key as it is."""
    return key.removeprefix(_REMOVED)
