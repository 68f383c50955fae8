"""Addresses before their first use: does somebody answer for them already?

A host asks by ARP, three times, with what every host has (probes.sh, "neighbours"): about 0.7 s for a hundred of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final

from aksprov.checks.ask import ask
from aksprov.checks.compile import Question
from aksprov.checks.vip import answering
from aksprov.model.cluster import Node
from aksprov.model.facts import Facts
from aksprov.model.network import Lease, Network
from aksprov.model.quarantine import mac_of, of_stranger
from aksprov.model.row import Row
from aksprov.model.transport import Connection

BATCH: Final = 100  # a kernel keeps at most 1,024 neighbours (gc_thresh3 of arp(7)), all of its own among them


async def who_answers(
    connection: Connection, node: Node, network: Network, addresses: Iterable[str]
) -> tuple[Lease, ...]:
    """A lease for each of the addresses that somebody on a node's segment has, as that node sees it.

    Raises:
        HostError: what the connection raises, or ProbesFailed.
    """
    asked = tuple(dict.fromkeys(addresses))
    batches = (" ".join(asked[n : n + BATCH]) for n in range(0, len(asked), BATCH))
    answers = await ask(connection, *(Question(kind="neighbours", value=f"{node.interface} {b}") for b in batches))
    lines: dict[str, list[str]] = defaultdict(list)
    for line in chain.from_iterable(answers.values()):
        lines[line.partition(" ")[0]].append(line)
    macs = {address: sorted(answering(lines[address])) for address in asked}
    return tuple(of_stranger(address, network.key, found[0]) for address, found in macs.items() if found)


def stranger_rows(
    found: Iterable[Lease], witness: str, network: Network, facts: Mapping[str, Facts], cluster: str
) -> tuple[Row, ...]:
    """A warning for each address that somebody answered for.

    Args:
        witness: the host that asked.
        facts: by host key; one of these may be the stranger.
    """
    owners = {i.mac: host for host, of_host in facts.items() for i in of_host.interfaces if i.mac}
    return tuple(
        Row(
            test_name="AddressInUse",
            category="Placement",
            test_result="Warning",
            details=f"{lease.address} was to be used for the first time, and {_who(mac_of(lease), owners)} answers for "
            f"it (asked from {witness}); it is kept in quarantine, and the next free one is taken",
            recommendation=f"give that machine another address, then set-cluster-network --name {network.name} "
            f"--release {lease.address}",
            cluster=cluster,
        )
        for lease in found
    )


def _who(mac: str, owners: Mapping[str, str]) -> str:
    return f"{mac} (host {owners[mac]})" if mac in owners else mac
