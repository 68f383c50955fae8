"""Every node Ready, waited for with a bound; a row says of each what it is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from aksprov.model.desired import Desired
from aksprov.model.row import Result, Row
from aksprov.model.transport import Connection
from aksprov.rendering.pools import on_windows
from aksprov.workflows.bring_up.kubectl import kubectl

SECONDS: Final = 240
# The images of a network plugin for Windows are gigabytes.
WINDOWS_SECONDS: Final = 600
# A kubelet whose node has joined makes its object at once.
REGISTRATION_SECONDS: Final = 30
PAUSE: Final = 2.0
_READY: Final = (
    'get nodes -o jsonpath=\'{range .items[*]}{.metadata.name}{"\\t"}'
    '{range .status.conditions[?(@.type=="Ready")]}{.status}{"\\t"}{.message}{end}{"\\n"}{end}\''
)


async def wait_ready(connection: Connection, desired: Desired, names: list[str]) -> tuple[Row, ...]:
    """A row NodeReady of each of these nodes.

    A Windows node that the API server does not have after a moment is not waited for: its row is Skipped.

    Args:
        names: of nodes that have joined.

    Raises:
        HostError: KubectlFailed, or what the connection raises.
    """
    address = next(node.address for node in desired.nodes if node.name == connection.host.key)
    windows = {node.name for node in desired.nodes if on_windows(desired.cluster, node)} & {*names}
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while True:
        seen = read_nodes(await kubectl(connection, address, _READY))
        passed = loop.time() - begun
        waited_for = [n for n in names if n in seen or n not in windows or passed < REGISTRATION_SECONDS]
        ready = all(seen.get(name, ("",))[0] == "True" for name in waited_for)
        if ready or passed > (WINDOWS_SECONDS if windows else SECONDS):
            return tuple(node_row(name, seen, desired.cluster.name, windows=name in windows) for name in names)
        await asyncio.sleep(PAUSE)


def read_nodes(text: str) -> dict[str, tuple[str, str]]:
    """Node -> status of its condition Ready, and what it says, from kubectl's lines."""
    lines = (line.split("\t") for line in text.splitlines() if line)
    return {name: (status, message) for name, status, message, *_ in ([*line, "", ""] for line in lines)}


def node_row(name: str, seen: Mapping[str, tuple[str, str]], cluster: str, *, windows: bool) -> Row:
    """The row of one node, as the API server has it.

    Args:
        seen: node -> status of its condition Ready, and what it says.
    """
    status, message = seen.get(name, ("", "the API server has no such node"))
    result: Result = "Passed" if status == "True" else "Failed"
    cure = "mend what the node says, then run the same command again"
    if windows and name not in seen:
        result = "Skipped"
        cure = "see kubectl get nodes, and C:\\var\\log\\kubelet on the host: kubeadm says that it has joined"
    return Row(
        test_name="NodeReady",
        category="Kubernetes",
        test_result=result,
        details="the node is Ready" if result == "Passed" else message,
        recommendation="" if result == "Passed" else cure,
        host=name,
        cluster=cluster,
    )
