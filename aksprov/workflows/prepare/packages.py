"""Programs from the distribution's and Kubernetes' package repositories."""

from __future__ import annotations

from typing import Final

from aksprov.model.cluster import Cluster, Node
from aksprov.model.programs import PackageSettings, programs_of
from aksprov.model.transport import Connection
from aksprov.planning.prepare import PREPARE
from aksprov.workflows.bring_up.long_step import Holder, long_step
from aksprov.workflows.prepare.scripts import preparation

SECONDS: Final = 1800  # a few hundred MB through whatever link the site has
LOCK_SECONDS: Final = 300  # the upgrades of a first boot


async def install_packages(connection: Connection, holder: Holder, node: Node, cluster: Cluster) -> None:
    """Install what the host lacks, in one transaction; Kubernetes' packages are held at the cluster's version.

    Raises:
        HostError: PackageLockHeld, ProgramsNotOffered, HostDiskFull, and what :func:`long_step` raises.
    """
    script = packages_script(node, cluster)
    await long_step(connection, holder, PREPARE, script, secret=cluster.programs.packages.key, seconds=SECONDS)


def packages_script(node: Node, cluster: Cluster, lock_seconds: int = LOCK_SECONDS) -> str:
    """The text of the step on a host."""
    version, settings = cluster.kubernetes_version.removeprefix("v"), cluster.programs.packages
    values = {
        "programs": " ".join(programs_of(node.role)),
        "kubernetes": version,
        "lock_seconds": str(lock_seconds),
        "repository": of_minor(settings, version.rpartition(".")[0]),
        "proxy": settings.proxy,
    }
    return preparation("installed", "host", "apt", "dnf", "packages", values=values)


def of_minor(settings: PackageSettings, minor: str) -> str:
    """URL of a minor's folder, which has deb and rpm; "" where hosts have repositories of their own."""
    return f"{settings.repository}/v{minor}" if settings.repository else ""
