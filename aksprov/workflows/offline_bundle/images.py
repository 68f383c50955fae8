"""Which images an archive has: what containerd imports is docker's form or OCI's, one archive may be both."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Final

import msgspec

# Sources: annotations.md of github.com/opencontainers/image-spec; containerd: core/images/annotations.go.
_NAMES: Final = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_LARGEST: Final = 4 << 20  # bytes of an index
# What only control planes run, by the last part of the image's name.
_CONTROL_PLANE: Final = frozenset({"kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"})


class _Docker(msgspec.Struct):
    RepoTags: list[str] | None = None


class _Descriptor(msgspec.Struct):
    annotations: dict[str, str] = {}


class _Index(msgspec.Struct):
    manifests: list[_Descriptor] = []


def images_in(archive: Path) -> tuple[str, ...]:
    """The names with tags that an archive gives its images, sorted.

    Only heads of the archive's members are read, and its two lists.

    Args:
        archive: a tar file that is not compressed.

    Raises:
        ValueError: it is no such archive, or names no image.
        OSError: it cannot be read.
    """
    found: set[str] = set()
    lists = 0
    try:
        with tarfile.open(archive, "r:") as tar:
            for member in tar:
                if member.name in ("manifest.json", "index.json") and member.isfile() and member.size <= _LARGEST:
                    lists += 1
                    content = tar.extractfile(member)
                    found |= _names(member.name, content.read() if content else b"")
    except (tarfile.TarError, msgspec.MsgspecError, EOFError) as error:
        raise ValueError(str(error)) from None
    if not lists:
        raise ValueError("it has neither manifest.json nor index.json")
    if not found:
        raise ValueError("no image in it has a name with a tag")
    return tuple(sorted(found))


def _names(member: str, content: bytes) -> set[str]:
    if member == "manifest.json":
        return {tag for image in msgspec.json.decode(content, type=list[_Docker]) for tag in image.RepoTags or ()}
    index = msgspec.json.decode(content, type=_Index)
    named = (next((d.annotations[key] for key in _NAMES if key in d.annotations), "") for d in index.manifests)
    return {name for name in named if ":" in name.rpartition("/")[2]}


def only_for_control_planes(images: tuple[str, ...]) -> bool:
    """Whether nothing but control planes runs any of these."""
    return bool(images) and all(base_name(image) in _CONTROL_PLANE for image in images)


def base_name(image: str) -> str:
    """The last part of an image's name, e.g. "etcd" of "registry.k8s.io/etcd:3.6.4-0"."""
    return image.rpartition("/")[2].partition(":")[0]


def tag_of(image: str) -> str:
    """The tag of an image, e.g. "3.6.4-0"."""
    return image.rpartition("/")[2].partition(":")[2]
