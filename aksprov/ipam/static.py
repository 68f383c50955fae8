"""Addresses that hosts are given: of the node pool, where a host is reached by another network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from aksprov.errors import DefinitionError
from aksprov.ipam.allocate import free_node_addresses
from aksprov.ipam.ranges import listed
from aksprov.model.base import Value
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.network import STATIC, Network


class Given(Value, frozen=True, kw_only=True):
    """Nodes that all have an address, and the hosts that are given theirs."""

    nodes: tuple[Node, ...]
    hosts: frozenset[str]


def with_addresses(
    nodes: Iterable[Node], network: Network, elsewhere: Mapping[str, Network], snapshot: Snapshot
) -> Given:
    """New nodes with the lowest free address of their network's node pool where they have none.

    Args:
        elsewhere: the networks of pools that are on another one, by pool.

    Raises:
        DefinitionError: NodeRangeExhausted.
    """
    free = {n.key: free_node_addresses(n, snapshot) for n in (network, *elsewhere.values())}
    whole: list[Node] = []
    hosts: list[str] = []
    for node in nodes:
        if not node.address:
            on = elsewhere.get(node.pool, network)
            address = next(free[on.key], None)
            if address is None:
                raise _exhausted(on, node)
            hosts.append(node.host)
            node = msgspec.structs.replace(node, address=address)
        whole.append(node)
    return Given(nodes=tuple(whole), hosts=frozenset(hosts))


def is_given(desired: Desired, node: Node) -> bool:
    """Whether the node's address is one that its host is given."""
    mine = desired.leases_by_owner.get(f"host/{node.host}", ())
    return any(lease.purpose == STATIC and lease.address == node.address for lease in mine)


def _exhausted(network: Network, node: Node) -> DefinitionError:
    return DefinitionError(
        "NodeRangeExhausted",
        f"the node pool of network {network.name} has no free address for host {node.host}",
        where=f"network {network.name}: node pool {listed(network.node_ranges)}",
        why=f"the host has no address there, and would be given one on {node.interface}",
        fix=f"add addresses with set-cluster-network --name {network.name} --add-node-range A-B",
    )
