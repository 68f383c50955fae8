"""Addresses that hosts were given in this run: each is asked for, and one that does not answer is taken off again.

A host takes its address off by itself after 5 minutes (steps/network.sh) unless it is told here that it answers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Final

from aksprov.checks.strangers import who_answers
from aksprov.errors import HostError
from aksprov.ipam.static import is_given
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired
from aksprov.model.network import Network
from aksprov.model.transport import Connection
from aksprov.rollout.runner import Fleet

ASKERS: Final = 3  # where three hosts do not see an address, a fourth will not

KEEP: Final = """read -r link
systemctl stop "aksprov-address-$link.timer"
rm -f "/run/aksprov/take-back-$link"
rmdir /run/aksprov 2>/dev/null
"""


async def settle_addresses(desired: Desired, changed: Collection[str], fleet: Fleet) -> None:
    """See that new addresses answer, and keep those; hosts whose address does not are left in the fleet as failed.

    Args:
        changed: keys of the hosts whose address was set in this run.
    """
    nodes = {n.host: n for n in desired.nodes if n.host in changed and n.host not in fleet.failures}
    given = {key: node for key, node in nodes.items() if is_given(desired, node)}
    answered = await _answered(desired, given, fleet)

    async def keep(connection: Connection) -> None:
        node = given[connection.host.key]
        if node.host not in answered:
            raise _silent(node)
        await connection.run(KEEP, node.interface.encode() + b"\n")

    await fleet.each(sorted(given), keep)


async def _answered(desired: Desired, given: Mapping[str, Node], fleet: Fleet) -> set[str]:
    """Hosts whose address another node has seen answer, or that see their network's gateway.

    In turns, one host asking for all that are left: a host that asks tells its own address by that, which is no answer
    to somebody else.  The gateway is asked by all at once, as it is nobody's address here.
    """
    answered: set[str] = set()
    of_network = {key: desired.pool_networks.get(node.pool, desired.network) for key, node in given.items()}
    for network in {n.key: n for n in of_network.values()}.values():
        nodes = [node for key, node in given.items() if of_network[key].key == network.key]
        for asker in _askers(desired, network, fleet):
            left = {n.address: n.host for n in nodes if n.host not in answered and n.host != asker.host}
            if left:
                seen = await fleet.one(asker.host, partial(who_answers, node=asker, network=network, addresses=left))
                if seen is not None:
                    answered |= {left[lease.address] for lease in seen[0]}

    async def sees_gateway(connection: Connection) -> bool:
        node, network = given[connection.host.key], of_network[connection.host.key]
        return bool(network.gateway and await who_answers(connection, node, network, [network.gateway]))

    saw = await fleet.each([k for k in given if k not in answered and _can_ask(k, fleet)], sees_gateway)
    return answered | {key for key, seen in saw.items() if seen}


def _askers(desired: Desired, network: Network, fleet: Fleet) -> list[Node]:
    """Nodes of the network that can ask: those that need no answer first, and another two where one of them is deaf."""
    there = {n.host: n for n in desired.nodes if desired.pool_networks.get(n.pool, desired.network).key == network.key}
    return sorted((n for n in there.values() if _can_ask(n.host, fleet)), key=partial(is_given, desired))[:ASKERS]


def _can_ask(key: str, fleet: Fleet) -> bool:
    """Windows hosts have no means to ask."""
    return key in fleet.connections and fleet.connections[key].host.os == "linux" and key not in fleet.failures


def _silent(node: Node) -> HostError:
    return HostError(
        "AddressDoesNotAnswer",
        f"the address {node.address} that the host was given does not answer",
        where=f"host {node.host}: {node.interface}",
        why="no other host of the network sees it, and the host does not see the gateway; it is taken off again within "
        "5 minutes",
        fix=f"see that {node.interface} is connected to that network (cable, VLAN, switch port), or name another one",
    )
