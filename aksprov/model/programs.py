"""Which programs hosts need for their roles, and where they come from.

Sources: the requirements of kubeadm ("Installing kubeadm", kubernetes.io), with what its preflight checks look for; the
network plugins' programs are those that Calico's and Flannel's conflists name beside their own.
"""

from __future__ import annotations

from typing import Final, Literal

from aksprov.model.base import Wire
from aksprov.model.host import Role

CNI_PREFIX: Final = "cni/"
CNI_PROGRAMS: Final = ("cni/bridge", "cni/host-local", "cni/loopback", "cni/portmap")
# These have the version of Kubernetes, whatever brought them.
KUBERNETES_PROGRAMS: Final = ("kubelet", "kubeadm", "kubectl")
NODE_PROGRAMS: Final = (
    "containerd",
    "runc",
    *KUBERNETES_PROGRAMS,
    "crictl",
    "conntrack",
    "socat",
    "ethtool",
    "iptables",
    *CNI_PROGRAMS,
)
LOAD_BALANCER_PROGRAMS: Final = ("haproxy", "keepalived")

Source = Literal["preinstalled", "packages", "bundle"]


def programs_of(role: Role) -> tuple[str, ...]:
    """What a Linux host must have in a role; "cni/NAME" is /opt/cni/bin/NAME, others are commands."""
    return LOAD_BALANCER_PROGRAMS if role == "load-balancer" else NODE_PROGRAMS


class PackageSettings(Wire, frozen=True, kw_only=True):
    """Where packages come from; the distribution's own are those that a host is set up for.

    Args:
        repository: URL of Kubernetes' packages, without the folder of a minor (v1.36/deb, v1.36/rpm); "" where the
            hosts are set up for a repository that has them.
        key: ASCII-armored OpenPGP keys that the repository's index (apt) or its packages (dnf) are signed by.
        proxy: URL of the HTTP proxy that the package manager uses, "" for none.
    """

    repository: str = ""
    key: str = ""
    proxy: str = ""


class ProgramSource(Wire, frozen=True, kw_only=True):
    """How the hosts of a cluster come by their programs.

    Args:
        source: "preinstalled": they are there; "packages": of package repositories; "bundle": of an offline bundle.
        bundle: its folder on the controller, an absolute path; "" with other sources.
        bundle_url: of a folder on a server of the site that has the same files, for Windows hosts; "" where they are
            pushed.
        packages: only with that source.
    """

    source: Source = "preinstalled"
    bundle: str = ""
    bundle_url: str = ""
    packages: PackageSettings = PackageSettings()
