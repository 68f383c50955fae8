"""From bare hosts to hosts that have the programs of their roles; failures of hosts are left in the fleet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from aksprov.errors import UsageError
from aksprov.model.cluster import Cluster
from aksprov.model.desired import Desired
from aksprov.model.offline_bundle import BundleKey, OpenedBundle
from aksprov.model.plan import HostPlan
from aksprov.model.transport import Connection
from aksprov.planning.prepare import PREPARE
from aksprov.rendering.pools import on_windows
from aksprov.workflows.bring_up.long_step import Holder
from aksprov.workflows.bring_up.steps import Steps
from aksprov.workflows.offline_bundle.read import open_offline_bundle
from aksprov.workflows.prepare.bundle import install_bundle
from aksprov.workflows.prepare.packages import install_packages
from aksprov.workflows.prepare.windows import install_on_windows


def to_prepare(hosts: Iterable[HostPlan]) -> tuple[str, ...]:
    """Keys of the hosts whose plan has the step."""
    return tuple(host.name for host in hosts if any(step.id == PREPARE for step in host.steps))


def open_source(cluster: Cluster, trusted: Mapping[str, BundleKey]) -> OpenedBundle | None:
    """The cluster's offline bundle, verified; None where its programs come from elsewhere.

    Raises:
        DefinitionError, NotFoundError: as :func:`open_offline_bundle`.
        UsageError: OfflineBundleMissing.
    """
    if cluster.programs.source != "bundle":
        return None
    if not cluster.programs.bundle:
        raise UsageError(
            "OfflineBundleMissing",
            "no offline bundle was named",
            where="offlineBundle",
            why="hosts have their programs from one, and no default is recorded",
            fix="give --offline-bundle FOLDER, or record one with enable-offline-download",
        )
    return open_offline_bundle(Path(cluster.programs.bundle), trusted, version=cluster.kubernetes_version)


async def prepare_hosts(
    desired: Desired, steps: Steps, keys: Sequence[str], bundle: OpenedBundle | None
) -> tuple[str, ...]:
    """Prepare hosts at once, by the cluster's source.

    Args:
        bundle: the opened one where that is the source.

    Returns:
        Keys of the hosts that have all that they need.
    """
    nodes = {node.host: node for node in desired.nodes}
    if bundle is not None:
        windows = [key for key in keys if on_windows(desired.cluster, nodes[key])]
        linux = [key for key in keys if key not in windows]
        # one after the other: a host of the first may serve the second
        done = await install_bundle(desired, steps, linux, bundle)
        return (*done, *await install_on_windows(desired, steps, windows, bundle))

    async def action(connection: Connection, holder: Holder) -> None:
        await install_packages(connection, holder, nodes[connection.host.key], desired.cluster)

    return tuple(await steps.each(keys, PREPARE, action))
