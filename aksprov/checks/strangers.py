"""Addresses before their first use: does somebody answer for them already?

A host asks by ARP, three times, with what every host has (probes.sh, "neighbour"): about 0.6 s an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aksprov.checks.ask import ask
from aksprov.checks.compile import Question
from aksprov.checks.vip import answering
from aksprov.model.cluster import Node
from aksprov.model.facts import Facts
from aksprov.model.network import Lease, Network
from aksprov.model.quarantine import mac_of, of_stranger
from aksprov.model.row import Row
from aksprov.model.transport import Connection


async def who_answers(
    connection: Connection, node: Node, network: Network, addresses: Iterable[str]
) -> tuple[Lease, ...]:
    """A lease for each of the addresses that somebody on a node's segment has, as that node sees it.

    Raises:
        HostError: what the connection raises, or ProbesFailed.
    """
    questions = {a: Question(kind="neighbour", value=f"{a} {node.interface}") for a in dict.fromkeys(addresses)}
    answers = await ask(connection, *questions.values())
    macs = {address: sorted(answering(answers.get(question, ()))) for address, question in questions.items()}
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
