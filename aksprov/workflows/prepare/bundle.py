"""Programs, packages and images from an offline bundle: what hosts have no use of yet is brought, then installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from aksprov.errors import HostError
from aksprov.model.cluster import Cluster, Node
from aksprov.model.desired import Desired
from aksprov.model.offline_bundle import BundleFile, OpenedBundle
from aksprov.model.programs import CNI_PREFIX, programs_of
from aksprov.model.transport import Connection
from aksprov.planning.prepare import PREPARE
from aksprov.workflows.bring_up.long_step import Holder, long_step
from aksprov.workflows.bring_up.steps import Steps
from aksprov.workflows.prepare.packages import LOCK_SECONDS
from aksprov.workflows.prepare.scripts import preparation
from aksprov.workflows.prepare.serve import Wanted, bring_files, drop_files
from aksprov.workflows.prepare.store import STORE

SECONDS: Final = 1200


async def install_bundle(desired: Desired, steps: Steps, keys: Iterable[str], bundle: OpenedBundle) -> tuple[str, ...]:
    """Prepare hosts from a bundle; failures are left in the fleet.

    Returns:
        Keys of those that have all that they need.
    """
    nodes = {node.host: node for node in desired.nodes}

    async def look(connection: Connection) -> tuple[BundleFile, ...]:
        return await useful(connection, nodes[connection.host.key], desired.cluster, bundle)

    wanted = await steps.fleet.each(keys, look)
    brought = await bring_files(
        steps, bundle, {key: _wanted(desired, nodes[key], found) for key, found in wanted.items()}
    )

    async def install(connection: Connection, holder: Holder) -> None:
        key = connection.host.key
        script = bundle_script(nodes[key], desired.cluster, wanted[key])
        await long_step(connection, holder, PREPARE, script, seconds=SECONDS)

    done = await steps.each(brought, PREPARE, install)
    await drop_files(steps, done)
    return tuple(done)


async def useful(connection: Connection, node: Node, cluster: Cluster, bundle: OpenedBundle) -> tuple[BundleFile, ...]:
    """The files of a bundle that a host has no use of yet: not installed, not imported.

    Packages count only where a program is missing that the bundle has not as a file.

    Raises:
        HostError: ProgramsUnknown, or what the connection raises.
    """
    files = [file for file in bundle.needed_by("linux", node.role) if file.kind != "manifest"]
    bare = {f"{CNI_PREFIX}{file.name}" if file.kind == "cni" else file.name for file in files}
    others = " ".join(name for name in programs_of(node.role) if name not in bare)
    script = preparation("host", "look", values={**_values(node, cluster), "others": others})
    lines = "".join(f"{file.kind} {file.sha256} {file.name} {' '.join(file.images)}\n" for file in files)
    answer = await connection.run(script, stdin=lines.encode())
    if answer.status != 0:
        raise HostError(
            "ProgramsUnknown",
            "the host did not say which programs and images it has",
            where=f"host {connection.host.name}",
            why=answer.stderr.decode(errors="replace").strip()[-300:],
            fix="mend what it says, then run the same command again",
        )
    named = answer.stdout.decode(errors="replace").split()
    return tuple(file for file in files if file.sha256 in named)  # some programs are one file under several names


def bundle_script(node: Node, cluster: Cluster, files: Iterable[BundleFile], lock_seconds: int = LOCK_SECONDS) -> str:
    """The text of the step on a host that has these files in its store."""
    listed = " ".join(f"{file.kind}:{file.sha256}:{file.name}" for file in files)
    values = {**_values(node, cluster, lock_seconds), "store": STORE, "files": listed}
    return preparation("installed", "host", "bundle", values=values)


def _values(node: Node, cluster: Cluster, lock_seconds: int = LOCK_SECONDS) -> Mapping[str, str]:
    return {
        "programs": " ".join(programs_of(node.role)),
        "kubernetes": cluster.kubernetes_version.removeprefix("v"),
        "lock_seconds": str(lock_seconds),
    }


def _wanted(desired: Desired, node: Node, files: tuple[BundleFile, ...]) -> Wanted:
    return Wanted(files=files, site=desired.network.scope, address=node.address)
