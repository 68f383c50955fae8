"""Addresses that nobody gets for now.

What a cluster that was removed may still use, on hosts that did not answer: its nodes, leases and router ids stay
recorded, under a key that no cluster can have, until each of these hosts was seen without it: so nobody else gets
them, and the host is in no other cluster.

An address that a stranger answered for before its first use: it is leased to his Ethernet address, for no cluster,
until somebody releases it.
"""

from __future__ import annotations

from typing import Final

from aksprov.model.network import Lease

STRANGER: Final = "stranger"  # the purpose of such a lease
_ETHERNET = "ethernet/"
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


def of_stranger(address: str, network: str, mac: str) -> Lease:
    """The lease of an address that somebody answered for.

    Args:
        network: its key.
        mac: the Ethernet address that answered.
    """
    return Lease(address=address, network=network, purpose=STRANGER, owner=_ETHERNET + mac, cluster="")


def mac_of(lease: Lease) -> str:
    """The Ethernet address that answered for a stranger's address."""
    return lease.owner.removeprefix(_ETHERNET)
