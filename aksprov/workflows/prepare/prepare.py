"""From bare hosts to hosts that have the programs of their roles; failures of hosts are left in the fleet."""

from __future__ import annotations

from collections.abc import Iterable

from aksprov.model.cluster import Cluster, Node
from aksprov.model.desired import Desired
from aksprov.model.plan import HostPlan
from aksprov.model.transport import Connection
from aksprov.planning.prepare import PREPARE
from aksprov.workflows.bring_up.long_step import Holder
from aksprov.workflows.bring_up.steps import Steps
from aksprov.workflows.prepare.packages import install_packages


def to_prepare(hosts: Iterable[HostPlan]) -> tuple[str, ...]:
    """Keys of the hosts whose plan has the step."""
    return tuple(host.name for host in hosts if any(step.id == PREPARE for step in host.steps))


async def prepare_hosts(desired: Desired, steps: Steps, keys: Iterable[str]) -> tuple[str, ...]:
    """Prepare hosts at once, each by the cluster's source.

    Returns:
        Keys of those that have all that they need.
    """
    nodes = {node.host: node for node in desired.nodes}

    async def action(connection: Connection, holder: Holder) -> None:
        await _prepare(connection, holder, nodes[connection.host.key], desired.cluster)

    return tuple(await steps.each(keys, PREPARE, action))


async def _prepare(connection: Connection, holder: Holder, node: Node, cluster: Cluster) -> None:
    await install_packages(connection, holder, node, cluster)
