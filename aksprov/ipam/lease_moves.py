"""Where the nodes of a cluster are after their DHCP leases changed.

A host that is in a cluster has its address in the files of the others: in HAProxy's backends, keepalived's peers and
its own kubelet's.  While Kubernetes was not started, all of these are rendered anew.  Afterwards kubeadm's certificates
and etcd's members have the address, too, and nothing is done by half.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from typing import Final

import msgspec

from aksprov.ipam.allocate import leases_beside
from aksprov.ipam.candidates import OwnAddress, own_address
from aksprov.ipam.ranges import holds, in_prefix
from aksprov.model.base import Value
from aksprov.model.cluster import ClusterStatus, Node
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts
from aksprov.model.network import Network
from aksprov.model.row import Result, Row

_RESERVE: Final = "reserve the host's address in the DHCP server, so that it never changes"


class Moves(Value, frozen=True, kw_only=True):
    """Where the nodes of a cluster are now, and what there is to say of it.

    Args:
        rows: Failed for hosts that must not be touched.
    """

    nodes: tuple[Node, ...]
    rows: tuple[Row, ...] = ()


def follow(
    nodes: Iterable[Node], network: Network, elsewhere: Mapping[str, Network], snapshot: Snapshot, cluster: str
) -> Moves:
    """Nodes at the addresses that their hosts' facts show.

    A host that still has its recorded address, or of which nothing is known, stays where it was.

    Args:
        nodes: of one cluster, as recorded.
        network: the cluster's.
        elsewhere: those of node pools that are on another one, by the pool's name.
        snapshot: what is recorded, with the facts that count.
        cluster: its name, for rows.
    """
    recorded = tuple(nodes)
    parts: list[Moves] = []
    for each in {n.key: n for n in (network, *elsewhere.values())}.values():
        mine = tuple(node for node in recorded if elsewhere.get(node.pool, network).key == each.key)
        parts.append(_follow(mine, each, snapshot, cluster) if each.dhcp else Moves(nodes=mine))
    return Moves(nodes=tuple(n for p in parts for n in p.nodes), rows=tuple(row for p in parts for row in p.rows))


def _follow(recorded: tuple[Node, ...], network: Network, snapshot: Snapshot, cluster: str) -> Moves:
    """Those of one network."""
    rows: list[Row] = []
    now: dict[str, OwnAddress] = {}
    for node in {n.host: n for n in recorded}.values():
        found = _found(node, network, snapshot, cluster)
        if isinstance(found, Row):
            rows.append(found)
        elif found is not None:
            now[node.host] = found
    rows += _settle(now, network, snapshot, cluster)
    rows += (_moved(node, now[node.host], cluster) for node in recorded if node.host in now)
    return Moves(nodes=tuple(_at(node, now.get(node.host)) for node in recorded), rows=tuple(rows))


def _at(node: Node, own: OwnAddress | None) -> Node:
    return node if own is None else msgspec.structs.replace(node, address=own.address, interface=own.interface)


def _found(node: Node, network: Network, snapshot: Snapshot, cluster: str) -> OwnAddress | Row | None:
    """A node's other address, why it cannot follow, or None where it stays."""
    host, facts = snapshot.hosts.get(node.host), snapshot.facts.get(node.host)
    if host is None or facts is None or not facts.interfaces or node.address in _shown(facts):
        return None
    vips = {lease.address for lease in leases_beside(network, snapshot) if lease.purpose == "vip"}
    own = own_address(host, facts, network, vips)
    if not isinstance(own, OwnAddress):
        return _outside(node, network, snapshot, facts, cluster)
    if any(holds(run, own.address) for run in network.vip_ranges):
        return None  # the row of every host with such an address says so
    others = sorted({n.cluster for n in snapshot.nodes if n.host == node.host} - {node.cluster})
    if others:
        return _shared(node, own, others, cluster)
    if node.role != "load-balancer" and snapshot.statuses.get(node.cluster, ClusterStatus()).started:
        return _fixed(node, own, cluster)
    return own


def _shown(facts: Facts) -> dict[str, str]:
    """Every address of a host, with its interface; "lo" has none that others know."""
    return {
        cidr.partition("/")[0]: f"{cidr} on {i.name}"
        for i in facts.interfaces
        if i.name != "lo"
        for cidr in i.addresses
    }


def _settle(now: dict[str, OwnAddress], network: Network, snapshot: Snapshot, cluster: str) -> list[Row]:
    """Take those out of ``now`` whose new address somebody else has who does not move; a row for each.

    Two hosts may exchange their addresses; whoever stays may keep others from moving, so this goes on until all fit.
    """
    leases = leases_beside(network, snapshot)
    rows: list[Row] = []
    while True:
        twice = Counter(own.address for own in now.values())
        holders = {x.address: x.owner for x in leases if x.owner.removeprefix("host/") not in now}
        host = next((h for h, own in now.items() if own.address in holders or twice[own.address] > 1), None)
        if host is None:
            return rows
        address = now.pop(host).address
        holder = holders.get(address, "another host of the cluster")
        details = f"its DHCP lease is {address} now, which is also that of {holder.replace('/', ' ')}"
        cure = "give one of the two another address, then run the same command again"
        rows.append(_row("AddressTwice", "Failed", host, cluster, details, cure))


def _moved(node: Node, own: OwnAddress, cluster: str) -> Row:
    details = f"its DHCP lease changed from {node.address} to {own.address}; its files and those of its peers follow"
    return _row("NodeAddressMoved", "Warning", node.host, cluster, details, _RESERVE)


def _shared(node: Node, own: OwnAddress, others: Iterable[str], cluster: str) -> Row:
    details = (
        f"its DHCP lease changed from {node.address} to {own.address}, and it is in cluster {', '.join(others)}, too, "
        "which would not follow"
    )
    cure = f"reserve {node.address} for it in the DHCP server, then networkctl renew {own.interface} on the host"
    return _row("NodeAddressFixed", "Failed", node.host, cluster, details, cure)


def _fixed(node: Node, own: OwnAddress, cluster: str) -> Row:
    details = (
        f"its DHCP lease changed from {node.address} to {own.address}, and Kubernetes runs on it: kubeadm's "
        f"certificates and the other nodes know it by {node.address}"
    )
    cure = (
        f"reserve {node.address} for it in the DHCP server, then networkctl renew {own.interface} on the host; or take "
        "a worker out with set-node-pool and let it join again"
    )
    return _row("NodeAddressFixed", "Failed", node.host, cluster, details, cure)


def _outside(node: Node, network: Network, snapshot: Snapshot, facts: Facts, cluster: str) -> Row:
    """A lease that is gone, or of another network."""
    others = [n for n in snapshot.networks.values() if n.key != network.key and n.scope == network.scope]

    def seen(address: str, text: str) -> str:
        of = [n.name for n in others if in_prefix(address, IPv4Network(n.ip_address_prefix))]
        return text + (f" (network {of[0]})" if of else "")

    has = ", ".join(seen(address, text) for address, text in _shown(facts).items() if ":" not in address)
    details = f"it no longer has {node.address} of {network.ip_address_prefix}, its address in the cluster; it has " + (
        has or "no IPv4 address"
    )
    cure = (
        f"connect {node.interface} to network {network.name} again (VLAN, switch port, DHCP scope), then networkctl "
        f"renew {node.interface} on the host"
    )
    return _row("LeaseOutsideNetwork", "Failed", node.host, cluster, details, cure)


def _row(name: str, result: Result, host: str, cluster: str, details: str, cure: str) -> Row:
    return Row(
        test_name=name,
        category="Placement",
        test_result=result,
        details=details,
        recommendation=cure,
        host=host,
        cluster=cluster,
    )
