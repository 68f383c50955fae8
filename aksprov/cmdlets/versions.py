"""The Kubernetes versions that are offered, and the Calico that goes with each.

Sources: https://kubernetes.io/releases/ for the patches, the "Kubernetes requirements" of
Calico's documentation (version 3.32) for the pairs that its makers tested.
"""

from __future__ import annotations

import re

from aksprov.errors import DefinitionError, NotAvailableError
from aksprov.model.base import Value


class KubernetesVersion(Value, frozen=True, kw_only=True):
    """An offered minor with its newest known patch.

    Args:
        minor: e.g. "1.36"; files are rendered by minor, so every patch of it is accepted.
        patch: newest known patch release.
        calico: release of Calico tested with this minor.
        systems: operating systems of nodes that it is offered for.
    """

    minor: str
    patch: int
    calico: str
    systems: tuple[str, ...] = ("Linux",)

    @property
    def version(self) -> str:
        """The newest known patch, e.g. "v1.36.4"."""
        return f"v{self.minor}.{self.patch}"


OFFERED: tuple[KubernetesVersion, ...] = (KubernetesVersion(minor="1.36", patch=4, calico="v3.32.1"),)
LATEST = "latest"

# Kubernetes' own tags: no leading zeros; pre-releases and build metadata are not deployed.
_VERSION = re.compile(r"v?(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")


def resolve_version(text: str | None) -> str:
    """The version with its leading v that ``text`` means: "v1.36.4", "1.36.4" or "latest".

    Raises:
        DefinitionError: KubernetesVersionInvalid.
        NotAvailableError: VersionNotAvailable; nothing is rendered for that minor.
    """
    if text is None or text.lower() == LATEST:
        return OFFERED[-1].version
    match = _VERSION.fullmatch(text.lower())
    if match is None:
        raise DefinitionError(
            "KubernetesVersionInvalid",
            f"{text!r} is not a Kubernetes version",
            where="kubernetesVersion",
            why="a version has three numbers, like v1.36.4",
            fix="give one that get-kubernetes-version lists, or leave it out for the newest",
        )
    major, minor, patch = match.groups()
    find_version(f"v{major}.{minor}.{patch}")
    return f"v{major}.{minor}.{patch}"


def find_version(version: str) -> KubernetesVersion:
    """The table's entry for a version such as "v1.36.4".

    Raises:
        NotAvailableError: VersionNotAvailable.
    """
    minor = version.removeprefix("v").rpartition(".")[0]
    for offered in OFFERED:
        if offered.minor == minor:
            return offered
    raise NotAvailableError(
        "VersionNotAvailable",
        f"Kubernetes {version} is not available",
        where="kubernetesVersion",
        why="configuration is made for " + ", ".join(offered.minor for offered in OFFERED) + " only",
        fix=f"give {OFFERED[-1].version}, or leave the parameter out",
    )
