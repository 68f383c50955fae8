"""The one table of Kubernetes versions: what is offered, what goes with each, and what changed with which.

Whoever renders, checks or prints something that depends on a version asks here, so that
no two files of a host can disagree.

Sources: https://kubernetes.io/releases/ and its list of final patch releases; the kubeadm
configuration API (https://kubernetes.io/docs/reference/config-api/); kubeadm's image list
of each minor for pause; containerd's RELEASES.md ("Kubernetes Support") and its history;
the "Kubernetes requirements" of each Calico release's documentation with the operator of
its manifests; Flannel's manifest of the release.  What a property says of a minor is from
that minor's CHANGELOG.
"""

from __future__ import annotations

import re
from typing import Literal

from aksprov.errors import DefinitionError
from aksprov.model.base import Value
from aksprov.model.cluster import CalicoDataplane

PUBLIC_IMAGE_HOST = "registry.k8s.io"
KubeadmApi = Literal["v1beta2", "v1beta3", "v1beta4"]


class CalicoRelease(Value, frozen=True, kw_only=True):
    """A release of Calico.

    Args:
        version: e.g. "v3.32.1".
        operator: release of tigera/operator that its manifests install.
        tested: first and last Kubernetes minor that its makers tested, e.g. ("1.34", "1.36").
    """

    version: str
    operator: str
    tested: tuple[str, str]

    def tests(self, minor: str) -> bool:
        """Whether its makers tested it with this minor, e.g. "1.36"."""
        first, last = self.tested
        return _number(first) <= _number(minor) <= _number(last)


class ContainerdRange(Value, frozen=True, kw_only=True):
    """Releases of containerd that go with a Kubernetes minor.

    Args:
        first, last: e.g. "1.6"; "" where none is the last one.
        usual: the one that is taken for a host of which nothing is known.
    """

    first: str
    last: str
    usual: str

    def __str__(self) -> str:
        return f"{self.first} to {self.last}" if self.last else f"{self.first} or newer"


class KubernetesVersion(Value, frozen=True, kw_only=True):
    """An offered minor and what goes with it.

    Args:
        minor: e.g. "1.36"; files are rendered by minor, so every patch of it is accepted.
        patch: newest known patch release.
        kubeadm: version of kubeadm's configuration API that this minor's kubeadm prefers.
        pause: tag of the pause image that its kubeadm expects.
        containerd: which of its releases go with it.
        calico_release: the newest one that was tested with it, or the nearest.
        flannel: release of Flannel; its makers name no pairs.
        systems: operating systems of nodes that it is offered for.
    """

    minor: str
    patch: int
    kubeadm: KubeadmApi
    pause: str
    containerd: ContainerdRange
    calico_release: CalicoRelease
    flannel: str = "v0.28.9"
    systems: tuple[str, ...] = ("Linux", "Windows")

    @property
    def version(self) -> str:
        """The newest known patch, e.g. "v1.36.4"."""
        return f"v{self.minor}.{self.patch}"

    @property
    def number(self) -> int:
        """The minor's number, e.g. 36."""
        return _number(self.minor)

    @property
    def calico(self) -> str:
        """The release of Calico, e.g. "v3.32.1"."""
        return self.calico_release.version

    @property
    def calico_tested(self) -> bool:
        """Whether Calico's makers tested the pair."""
        return self.calico_release.tests(self.minor)

    @property
    def calico_dataplanes(self) -> tuple[CalicoDataplane, ...]:
        """Data planes of Calico that kube-proxy of this minor lets work.

        With eBPF kube-proxy has to stay out, which kubeadm's documents can say from v1beta3
        on.  With nftables kube-proxy has to use it too: beta, and so on by default, from 1.31.
        """
        nftables: tuple[CalicoDataplane, ...] = ("nftables",) if self.number >= 31 else ()
        ebpf: tuple[CalicoDataplane, ...] = ("ebpf",) if self.kubeadm != "v1beta2" else ()
        return ("iptables", *nftables, *ebpf)

    @property
    def image_host(self) -> str:
        """Where its kubeadm has images from by itself; the last patches of 1.22 and later have the newer host."""
        return PUBLIC_IMAGE_HOST if self.number >= 22 else "k8s.gcr.io"

    @property
    def coredns_folder(self) -> bool:
        """Whether CoreDNS' image lies in a folder of its own, coredns/coredns: from 1.21 on."""
        return self.number >= 21

    @property
    def needs_cgroup_v2(self) -> bool:
        """Whether the kubelet refuses cgroup v1: failCgroupV1 is true by default from 1.35 on."""
        return self.number >= 35

    @property
    def knows_cgroup_v2(self) -> bool:
        """Whether the kubelet runs on cgroup v2: an alpha before 1.22, a beta then, stable from 1.25 on (KEP 2254)."""
        return self.number >= 22

    @property
    def kubelet_log_flags(self) -> bool:
        """Whether the kubelet has --log-dir and --logtostderr: gone in 1.26."""
        return self.number < 26

    @property
    def kubelet_runtime_flag(self) -> bool:
        """Whether the kubelet has --container-runtime, which must be "remote" before 1.24: gone in 1.27."""
        return self.number < 27

    @property
    def kubelet_pause_flag(self) -> bool:
        """Whether the kubelet has --pod-infra-container-image: gone in 1.35."""
        return self.number < 35

    @property
    def windows_pause(self) -> str:
        """Tag of the pause image for Windows nodes: 3.6 is the first that has one for Windows Server 2022."""
        return self.pause if self.number >= 23 else "3.6"

    @property
    def windows_relative_paths(self) -> bool:
        """Whether a joined kubelet's configuration has paths without a drive on Windows, which it takes as relative
        to its own folder: kubeadm adds the drive from 1.23 on (kubernetes-sigs/image-builder, issue 853)."""
        return self.number < 23

    @property
    def windows_proxy_gates(self) -> tuple[str, ...]:
        """Feature gates that kube-proxy on Windows has to be given for overlay networks with direct server return.

        WinOverlay is on from 1.20 on, WinDSR from 1.33 on; both are locked in 1.34, where naming one may stop it.
        """
        return ("WinDSR",) if self.number < 33 else ()

    @property
    def windows_proxy_service(self) -> bool:
        """Whether KubeProxyConfiguration has windowsRunAsService: from 1.31 on."""
        return self.number >= 31


def _number(minor: str) -> int:
    return int(minor.rpartition(".")[2])


_CALICO_321 = CalicoRelease(version="v3.21.6", operator="v1.23.8", tested=("1.20", "1.22"))
_CALICO_323 = CalicoRelease(version="v3.23.5", operator="v1.27.16", tested=("1.21", "1.23"))
_CALICO_324 = CalicoRelease(version="v3.24.6", operator="v1.28.13", tested=("1.22", "1.25"))
_CALICO_325 = CalicoRelease(version="v3.25.2", operator="v1.29.6", tested=("1.23", "1.28"))
_CALICO_326 = CalicoRelease(version="v3.26.5", operator="v1.30.11", tested=("1.24", "1.28"))
_CALICO_328 = CalicoRelease(version="v3.28.5", operator="v1.34.13", tested=("1.27", "1.30"))
_CALICO_329 = CalicoRelease(version="v3.29.7", operator="v1.36.16", tested=("1.29", "1.32"))
_CALICO_330 = CalicoRelease(version="v3.30.7", operator="v1.38.13", tested=("1.31", "1.35"))
_CALICO_331 = CalicoRelease(version="v3.31.7", operator="v1.40.15", tested=("1.32", "1.35"))
_CALICO_332 = CalicoRelease(version="v3.32.1", operator="v1.42.3", tested=("1.34", "1.36"))


def _cri(first: str, last: str = "", *, usual: str) -> ContainerdRange:
    return ContainerdRange(first=first, last=last, usual=usual)


def _row(
    minor: str, patch: int, kubeadm: KubeadmApi, pause: str, containerd: ContainerdRange, calico: CalicoRelease
) -> KubernetesVersion:
    return KubernetesVersion(
        minor=minor, patch=patch, kubeadm=kubeadm, pause=pause, containerd=containerd, calico_release=calico
    )


# The kubelet speaks CRI v1 from 1.23 on, and containerd 2.0 dropped v1alpha2; its makers name 2.x from 1.30 on.
OFFERED: tuple[KubernetesVersion, ...] = (
    _row("1.20", 15, "v1beta2", "3.2", _cri("1.5", "1.7", usual="1.6"), _CALICO_321),
    _row("1.21", 14, "v1beta2", "3.4.1", _cri("1.5", "1.7", usual="1.6"), _CALICO_323),
    _row("1.22", 17, "v1beta3", "3.5", _cri("1.5", "1.7", usual="1.6"), _CALICO_324),
    _row("1.23", 17, "v1beta3", "3.6", _cri("1.5", "1.7", usual="1.6"), _CALICO_325),
    _row("1.24", 17, "v1beta3", "3.7", _cri("1.6", "1.7", usual="1.6"), _CALICO_326),
    _row("1.25", 16, "v1beta3", "3.8", _cri("1.6", "1.7", usual="1.6"), _CALICO_326),
    _row("1.26", 15, "v1beta3", "3.9", _cri("1.6", "1.7", usual="1.7"), _CALICO_326),
    _row("1.27", 16, "v1beta3", "3.9", _cri("1.6", "1.7", usual="1.7"), _CALICO_328),
    _row("1.28", 15, "v1beta3", "3.9", _cri("1.6", "1.7", usual="1.7"), _CALICO_328),
    _row("1.29", 15, "v1beta3", "3.9", _cri("1.6", "1.7", usual="1.7"), _CALICO_329),
    _row("1.30", 14, "v1beta3", "3.9", _cri("1.6", usual="1.7"), _CALICO_329),
    _row("1.31", 14, "v1beta4", "3.10", _cri("1.6", usual="1.7"), _CALICO_330),
    _row("1.32", 13, "v1beta4", "3.10", _cri("1.6", usual="2.0"), _CALICO_331),
    _row("1.33", 13, "v1beta4", "3.10", _cri("1.6", usual="2.0"), _CALICO_331),
    _row("1.34", 11, "v1beta4", "3.10.1", _cri("1.6", usual="2.1"), _CALICO_332),
    _row("1.35", 9, "v1beta4", "3.10.1", _cri("1.7", usual="2.2"), _CALICO_332),
    _row("1.36", 4, "v1beta4", "3.10.2", _cri("2.2", usual="2.3"), _CALICO_332),
    _row("1.37", 1, "v1beta4", "3.10.2", _cri("2.2", usual="2.3"), _CALICO_332),
)
LATEST = "latest"
# What a cluster gets that asks for none: the newest one whose Calico was tested with it.
DEFAULT = [offered for offered in OFFERED if offered.calico_tested][-1]

# Kubernetes' own tags: no leading zeros; pre-releases and build metadata are not deployed.
_VERSION = re.compile(r"v?(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")


def resolve_version(text: str | None) -> str:
    """The version with its leading v that ``text`` means: "v1.36.4", "1.36.4", or "latest" or None for DEFAULT.

    Raises:
        DefinitionError: KubernetesVersionInvalid, VersionNotAvailable.
    """
    if text is None or text.lower() == LATEST:
        return DEFAULT.version
    match = _VERSION.fullmatch(text.lower())
    if match is None:
        raise DefinitionError(
            "KubernetesVersionInvalid",
            f"{text!r} is not a Kubernetes version",
            where="kubernetesVersion",
            why="a version has three numbers, like v1.36.4",
            fix="give one that get-kubernetes-version lists, or leave it out for the newest that was tested as a whole",
        )
    major, minor, patch = match.groups()
    find_version(f"v{major}.{minor}.{patch}")
    return f"v{major}.{minor}.{patch}"


def find_version(version: str) -> KubernetesVersion:
    """The table's entry for a version such as "v1.36.4".

    Raises:
        DefinitionError: VersionNotAvailable; the table has no such minor.
    """
    minor = version.removeprefix("v").rpartition(".")[0]
    for offered in OFFERED:
        if offered.minor == minor:
            return offered
    raise DefinitionError(
        "VersionNotAvailable",
        f"Kubernetes {version} is not available",
        where="kubernetesVersion",
        why=f"configuration is made for {OFFERED[0].minor} to {OFFERED[-1].minor} only",
        fix=f"give one that get-kubernetes-version lists, or leave it out for {DEFAULT.version}",
    )
