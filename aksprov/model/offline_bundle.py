"""An offline bundle: a folder with what hosts lack to become nodes, and a signed list of it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from aksprov.model.base import Value, Wire

BUNDLE_SCHEMA = 1
# program: to the programs' folder; cni: to the network plugins' folder; image: an archive for containerd;
# package: of the distribution (.deb, .rpm); manifest: of a network plugin.
BundleKind = Literal["program", "cni", "image", "package", "manifest"]
BundleSystem = Literal["linux", "windows"]


class BundleFile(Wire, frozen=True, kw_only=True):
    """One file of an offline bundle.

    Args:
        path: below the bundle's folder, with "/" as separator.
        sha256: of its bytes, 64 lower-case hexadecimal digits.
        size: in bytes.
        os: of the hosts that it is for.
        roles: of the nodes that need it: control-plane, worker, load-balancer.
        images: names with tags that an archive has, e.g. "registry.k8s.io/pause:3.10"; empty for other files.
    """

    path: str
    sha256: str
    size: int
    kind: BundleKind
    os: BundleSystem
    roles: tuple[str, ...]
    images: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its last part, e.g. "kubelet.exe"."""
        return self.path.rpartition("/")[2]


class OfflineBundle(Wire, frozen=True, kw_only=True):
    """What ``manifest.json`` of an offline bundle says.

    ``manifest.json.sig`` beside it names an ed25519 key and has its signature of the manifest's bytes.

    Args:
        kubernetes_version: such as "v1.36.2".
    """

    schema: int
    kubernetes_version: str
    files: tuple[BundleFile, ...]


class OpenedBundle(Value, frozen=True, kw_only=True):
    """A bundle whose signature and files were found right.

    Args:
        folder: absolute, where it lies.
    """

    folder: Path
    bundle: OfflineBundle

    def path_of(self, file: BundleFile) -> Path:
        """Where a file of it is."""
        return self.folder.joinpath(*file.path.split("/"))

    def needed_by(self, os: BundleSystem, role: str) -> tuple[BundleFile, ...]:
        """The files that a node of that role needs, by path."""
        return tuple(file for file in self.bundle.files if file.os == os and role in file.roles)


class BundleKey(Value, frozen=True, kw_only=True):
    """A key whose bundles are used; the state has them by fingerprint, "SHA256:..." as ssh-keygen -l prints it.

    Args:
        public_key: "ssh-ed25519 AAAA...", without a comment.
        own: this state's own; others were taken with --trust-key.
    """

    public_key: str
    own: bool


class OfflineDownload(Value, frozen=True, kw_only=True):
    """The recorded default bundle.

    Args:
        staging_share: absolute path of its folder.
        offsite_transfer_completed: the bundle is there, and was found right when this was recorded.
    """

    staging_share: str
    offsite_transfer_completed: bool
