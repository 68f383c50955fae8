"""Nodes with an address of each family."""

from __future__ import annotations

from ipaddress import IPv6Interface, ip_interface

from aksprov.model.cluster import Cluster
from aksprov.model.facts import Facts


def is_dual_stack(cluster: Cluster) -> bool:
    """Whether pods, Services and nodes of a cluster have an address of each family."""
    return len(cluster.pod_cidrs) > 1


def node_ipv6(facts: Facts | None, interface: str) -> str:
    """A node's IPv6 address: the first on its interface that other machines can reach, "" where none is known.

    It is read from the facts whenever it is needed, as no pool hands it out.

    Args:
        facts: of the host; None where it never answered.
        interface: the one that has the node's address on the cluster's network.
    """
    for found in facts.interfaces if facts else ():
        if found.name == interface:
            addresses = [ip_interface(cidr) for cidr in found.addresses]
            return next((str(a.ip) for a in addresses if isinstance(a, IPv6Interface) and _reachable(a)), "")
    return ""


def _reachable(address: IPv6Interface) -> bool:
    return not (address.is_link_local or address.is_loopback or address.is_multicast or address.is_unspecified)
