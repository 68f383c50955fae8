"""What a host lacks of what its role needs, by its facts.  Pure."""

from __future__ import annotations

from aksprov.facts.windows_programs import windows_lacking
from aksprov.model.cluster import Cluster, Node
from aksprov.model.facts import Facts, Unit
from aksprov.model.host import Role
from aksprov.model.programs import KUBERNETES_PROGRAMS, Source, programs_of


def is_preinstalled(cluster: Cluster, facts: Facts) -> bool:
    """Whether a host's programs are nobody's to install; Windows has no packages of Kubernetes."""
    source = cluster.programs.source
    return source == "preinstalled" or (source == "packages" and facts.powershell != "")


def node_lacks(node: Node, facts: Facts, cluster: Cluster) -> tuple[str, ...]:
    """What a node's host lacks, whichever system it has.

    Raises:
        DefinitionError: VersionNotAvailable.
    """
    if facts.powershell:
        return windows_lacking(cluster, facts)
    return lacking(node.role, facts, cluster.kubernetes_version, cluster.programs.source)


def lacking(role: Role, facts: Facts, kubernetes_version: str, source: Source) -> tuple[str, ...]:
    """Programs that are not there, and programs of Kubernetes that are of another version.

    Nothing where a kubelet runs: a node that works has what it needs, and is not for a preparation to change.  What
    others installed has to be of the cluster's minor; what we install, of its very version.

    Args:
        kubernetes_version: of the cluster, e.g. "v1.36.4".
    """
    missing = [name for name in programs_of(role) if name not in facts.programs]
    if role == "load-balancer":
        # what a killed preparation left off must not stay so
        left_off = [name for name in programs_of(role) if _unit(facts, name).enabled == "masked-runtime"]
        return (*missing, *(f"the unit {name}" for name in left_off))
    if _unit(facts, "kubelet").active == "active":
        return ()
    wanted = kubernetes_version.removeprefix("v")
    for name in KUBERNETES_PROGRAMS:
        found = facts.programs.get(name, "")
        if found and not _suits(found, wanted, source):
            missing.append(f"{name} {wanted} (it is {found})")
    return tuple(missing)


def _unit(facts: Facts, name: str) -> Unit:
    return facts.units.get(name, Unit())


def _suits(found: str, wanted: str, source: Source) -> bool:
    if source == "preinstalled":
        return found.split(".")[:2] == wanted.split(".")[:2]
    return found == wanted
