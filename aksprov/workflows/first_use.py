"""Before an address is used for the first time: nobody may answer for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv4Interface
from typing import Final

import msgspec

from aksprov.checks.strangers import stranger_rows, who_answers
from aksprov.errors import DefinitionError
from aksprov.model.base import Value
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.facts import Facts
from aksprov.model.network import Lease
from aksprov.model.row import Row
from aksprov.model.transport import Connection
from aksprov.rollout.runner import Fleet

TRIES: Final = 5  # where so many answer, it is a proxy that answers for all of them


class Cleared(Value, frozen=True, kw_only=True):
    """A cluster whose new addresses nobody has.

    Args:
        strangers: addresses that somebody answered for.
        rows: a warning for each of these.
    """

    desired: Desired
    strangers: tuple[Lease, ...] = ()
    rows: tuple[Row, ...] = ()


async def clear(
    desired: Desired,
    snapshot: Snapshot,
    facts: Mapping[str, Facts],
    fleet: Fleet,
    place_again: Callable[[Snapshot], Desired],
) -> Cleared:
    """Ask for the addresses that a cluster would use for the first time, and choose others where somebody has them.

    No host is asked where all addresses are recorded, or are there already.

    Args:
        snapshot: what is recorded, with strangers that were found before.
        facts: by host key; fresh ones of the cluster's hosts.
        place_again: the cluster, placed by what is recorded then.

    Raises:
        DefinitionError: AddressesInUse; VipPoolExhausted and what else ``place_again`` raises.
    """
    strangers: list[Lease] = []
    rows: list[Row] = []
    asked: set[str] = set()
    while new := [a for a in _new(desired, snapshot, facts) if a not in asked]:
        found = await _ask(desired, new, facts, fleet)
        asked |= set(new)
        if found is None or not found[1]:
            break
        witness, leases = found
        strangers += leases
        rows += stranger_rows(leases, witness, desired.network, facts, desired.cluster.name)
        if len(strangers) >= TRIES:
            raise _too_many(desired, strangers, witness)
        desired = place_again(msgspec.structs.replace(snapshot, leases=(*snapshot.leases, *strangers)))
    return Cleared(desired=desired, strangers=tuple(strangers), rows=tuple(rows))


def _new(desired: Desired, snapshot: Snapshot, facts: Mapping[str, Facts]) -> list[str]:
    """Addresses that are neither leased to the cluster already nor on the host that they are for."""
    recorded = set(snapshot.leases)
    new: list[str] = []
    for lease in desired.leases:
        host = facts.get(lease.owner.removeprefix("host/"))
        shown = {cidr.partition("/")[0] for i in host.interfaces for cidr in i.addresses} if host else set()
        if lease not in recorded and lease.address not in shown:
            new.append(lease.address)
    return new


async def _ask(
    desired: Desired, addresses: list[str], facts: Mapping[str, Facts], fleet: Fleet
) -> tuple[str, tuple[Lease, ...]] | None:
    """The host that asked, and who answered; None where no host could ask."""
    for node in _witnesses(desired, addresses, facts):
        if node.host in fleet.connections and node.host not in fleet.failures:

            async def ask(connection: Connection, node: Node = node) -> tuple[Lease, ...]:
                return await who_answers(connection, node, desired.network, addresses)

            found = await fleet.one(node.host, ask)
            if found is not None:
                return node.host, found[0]
    return None


def _witnesses(desired: Desired, addresses: Iterable[str], facts: Mapping[str, Facts]) -> list[Node]:
    """Linux nodes that have all addresses on their own segment; load balancers last, as they listen for VRRP meanwhile.

    Where no node has an address there yet, one whose interface is to get it asks from another of its addresses.
    """
    linux = [n for n in desired.nodes if n.host in facts and not facts[n.host].powershell]
    near = [n for n in linux if all(_reaches(facts[n.host], n, a) for a in addresses)]
    return sorted(near or linux, key=lambda node: node.role == "load-balancer")


def _reaches(facts: Facts, node: Node, address: str) -> bool:
    return any(
        interface.name == node.interface and ":" not in cidr and IPv4Address(address) in IPv4Interface(cidr).network
        for interface in facts.interfaces
        for cidr in interface.addresses
    )


def _too_many(desired: Desired, strangers: Iterable[Lease], witness: str) -> DefinitionError:
    network = desired.network
    return DefinitionError(
        "AddressesInUse",
        f"network {network.name} has no free address that nobody answers for",
        where=f"network {network.name}, asked from {witness}",
        why="these were to be used for the first time, and somebody answers: "
        + ", ".join(f"{x.address} ({x.owner.replace('/', ' ')})" for x in strangers),
        fix="give the pools addresses that are free; where one Ethernet address answers for all, turn off the router's "
        "proxy ARP",
    )
