"""Every node Ready, waited for with a bound; a row says of each what it is."""

from __future__ import annotations

import asyncio
from typing import Final

from aksprov.model.desired import Desired
from aksprov.model.row import Row
from aksprov.model.transport import Connection
from aksprov.workflows.bring_up.kubectl import kubectl

SECONDS: Final = 240
PAUSE: Final = 2.0
_READY: Final = (
    'get nodes -o jsonpath=\'{range .items[*]}{.metadata.name}{"\\t"}'
    '{range .status.conditions[?(@.type=="Ready")]}{.status}{"\\t"}{.message}{end}{"\\n"}{end}\''
)


async def wait_ready(
    connection: Connection, desired: Desired, names: list[str], seconds: float = SECONDS
) -> tuple[Row, ...]:
    """A row NodeReady of each of these nodes.

    Args:
        names: of nodes that have joined.

    Raises:
        HostError: KubectlFailed, or what the connection raises.
    """
    address = next(node.address for node in desired.nodes if node.name == connection.host.key)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        seen = read_nodes(await kubectl(connection, address, _READY))
        if all(seen.get(name, ("",))[0] == "True" for name in names) or loop.time() > deadline:
            missing = ("", "the API server has no such node")
            return tuple(_row(name, *seen.get(name, missing), cluster=desired.cluster.name) for name in names)
        await asyncio.sleep(PAUSE)


def read_nodes(text: str) -> dict[str, tuple[str, str]]:
    """Node -> status of its condition Ready, and what it says, from kubectl's lines."""
    lines = (line.split("\t") for line in text.splitlines() if line)
    return {name: (status, message) for name, status, message, *_ in ([*line, "", ""] for line in lines)}


def _row(name: str, status: str, message: str, *, cluster: str) -> Row:
    good = status == "True"
    return Row(
        test_name="NodeReady",
        category="Kubernetes",
        test_result="Passed" if good else "Failed",
        details="the node is Ready" if good else message,
        recommendation="" if good else "mend what the node says, then run the same command again",
        host=name,
        cluster=cluster,
    )
