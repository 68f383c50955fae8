"""Verification: after every apply and by test-cluster, what is asked and what is rows.

One run per host at once; then, once the VIP has settled, what only several hosts
together can tell.  A host that fails is a row, and the others go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aksprov.checks.ask import ask
from aksprov.checks.compile import Answers
from aksprov.checks.endpoint import ENDPOINT_QUESTIONS, Endpoint
from aksprov.checks.host import host_probes, interface_probe
from aksprov.checks.verdict import make_row, skipped
from aksprov.errors import AksprovError, HostError
from aksprov.model.bundle import Bundle
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired
from aksprov.model.row import Row, row_of
from aksprov.model.transport import Connection

# keepalived takes a VIP about 4 s after its start, HAProxy's first health checks end within 7 s
# (inter 2s, timeout check 5s).
SETTLE_SECONDS = 15.0


async def verify(
    desired: Desired,
    bundles: Mapping[str, Bundle],
    connections: Mapping[str, Connection],
    unreachable: Mapping[str, AksprovError],
    *,
    deployed: bool = False,
    settle: float = SETTLE_SECONDS,
) -> tuple[Row, ...]:
    """Rows that tell whether a cluster's hosts are as they should be.

    Args:
        desired: the cluster as it should be.
        bundles: what each host should have, late values filled in, by host key.
        connections: open connections by host key.
        unreachable: why a host cannot be asked; it counts even where there is a connection.  The caller has
            a row for each of them already.
        deployed: whether Kubernetes was started on it.
        settle: how long to wait, in seconds, for a VIP that is on its way.

    Returns:
        Rows by role, then host, then those of the load balancing as a whole.
    """
    reachable = {key: c for key, c in connections.items() if key not in unreachable}
    nodes = [node for node in desired.nodes if node.host not in unreachable]
    asked = await asyncio.gather(*(_host(node, desired, bundles, reachable) for node in nodes))
    answers = {node.host: a for node, (_, a) in zip(nodes, asked, strict=True) if a is not None}
    deadline = asyncio.get_running_loop().time() + settle
    endpoint = Endpoint(desired, {key: reachable[key] for key in answers}, answers, deadline, deployed=deployed)
    return tuple(row for rows, _ in asked for row in rows) + await endpoint.rows()


async def verify_host(desired: Desired, bundle: Bundle, connection: Connection) -> tuple[Row, ...]:
    """Rows of one host; what only several hosts together can tell is not asked.

    Args:
        bundle: what it should have, late values filled in.
        connection: to that host.
    """
    nodes = desired.nodes_by_host[bundle.host]
    asked = [await _host(node, desired, {bundle.host: bundle}, {bundle.host: connection}) for node in nodes]
    return tuple(row for rows, _ in asked for row in rows)


async def _host(
    node: Node,
    desired: Desired,
    bundles: Mapping[str, Bundle],
    connections: Mapping[str, Connection],
) -> tuple[tuple[Row, ...], Answers | None]:
    """The rows of one host, and its answers for those who compare hosts."""
    cluster = desired.cluster.name
    if node.host not in connections:
        verdict = skipped("the host was not contacted", "see the host's other rows for the reason")
        return (make_row("HostAnswers", "Connection", verdict, host=node.host, cluster=cluster),), None
    probes = (*host_probes(node.role, bundles[node.host]), interface_probe(node))
    questions = [q for probe in probes for q in probe.questions]
    try:
        answers = await ask(connections[node.host], *questions, *ENDPOINT_QUESTIONS)
    except HostError as error:
        return (row_of(error, host=node.host, cluster=cluster, category="Connection"),), None
    return tuple(probe.row(answers, host=node.host, cluster=cluster) for probe in probes), answers
