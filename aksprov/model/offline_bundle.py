"""An offline bundle: a folder with what hosts lack to become nodes, and a signed list of it."""

from __future__ import annotations

from typing import Literal

from aksprov.model.base import Wire

# program: to the programs' folder; cni: to the network plugins' folder; image: an archive for containerd;
# package: of the distribution (.deb, .rpm); manifest: of a network plugin.
BundleKind = Literal["program", "cni", "image", "package", "manifest"]


class BundleFile(Wire, frozen=True, kw_only=True):
    """One file of an offline bundle.

    Args:
        path: below the bundle's folder, with "/" as separator.
        sha256: of its bytes, 64 lower-case hexadecimal digits.
        size: in bytes.
        os: of the hosts that it is for.
        roles: of the nodes that need it: control-plane, worker, load-balancer.
    """

    path: str
    sha256: str
    size: int
    kind: BundleKind
    os: Literal["linux", "windows"]
    roles: tuple[str, ...]


class OfflineBundle(Wire, frozen=True, kw_only=True):
    """What ``manifest.json`` of an offline bundle says; ``manifest.json.sig`` is the ed25519 signature of its bytes.

    Args:
        kubernetes_version: such as "v1.36.2".
    """

    schema: int
    kubernetes_version: str
    files: tuple[BundleFile, ...]
