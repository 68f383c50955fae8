"""Addresses that hosts were given in this run: each is asked for, and one that does not answer is taken off again.

A host takes its address off by itself after 5 minutes (steps/network.sh) unless it is told here that it answers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from aksprov.checks.strangers import who_answers
from aksprov.errors import HostError
from aksprov.ipam.static import is_given
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired
from aksprov.model.network import Network
from aksprov.model.transport import Connection
from aksprov.rollout.runner import Fleet

_KEEP = """read -r link
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
        await connection.run(_KEEP, node.interface.encode() + b"\n")

    await fleet.each(sorted(given), keep)


async def _answered(desired: Desired, given: Mapping[str, Node], fleet: Fleet) -> set[str]:
    """Hosts whose address another node has seen answer, or that see their network's gateway.

    One question after the other: a host that asks tells its own address by that, which is no answer to somebody else.
    """
    answered: set[str] = set()
    for key, node in given.items():
        network = desired.pool_networks.get(node.pool, desired.network)
        for asker, address in _questions(desired, node, network, fleet):

            async def ask(
                connection: Connection, asker: Node = asker, network: Network = network, address: str = address
            ) -> bool:
                return bool(await who_answers(connection, asker, network, [address]))

            seen = await fleet.one(asker.host, ask)
            if seen is not None and seen[0]:
                answered.add(key)
                break
    return answered


def _questions(desired: Desired, node: Node, network: Network, fleet: Fleet) -> list[tuple[Node, str]]:
    """Who asks, and for which address: others of the network for the new one, then the host itself for its gateway."""
    others = [
        n
        for n in {n.host: n for n in desired.nodes}.values()
        if n.host != node.host
        and desired.pool_networks.get(n.pool, desired.network).key == network.key
        and n.host in fleet.connections
        and fleet.connections[n.host].host.os == "linux"  # others have no means to ask
        and n.host not in fleet.failures
    ]
    return [*((n, node.address) for n in others[:3]), *([(node, network.gateway)] if network.gateway else [])]


def _silent(node: Node) -> HostError:
    return HostError(
        "AddressDoesNotAnswer",
        f"the address {node.address} that the host was given does not answer",
        where=f"host {node.host}: {node.interface}",
        why="no other host of the network sees it, and the host does not see the gateway; it is taken off again within "
        "5 minutes",
        fix=f"see that {node.interface} is connected to that network (cable, VLAN, switch port), or name another one",
    )
