"""A plain folder read as what a bundle will have: which kind each file is, for which system and roles."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from aksprov.cmdlets.versions import find_version
from aksprov.errors import DefinitionError, NotFoundError
from aksprov.model.base import Value
from aksprov.model.offline_bundle import BundleFile, BundleKind, BundleSystem
from aksprov.workflows.offline_bundle.hashes import Hashes
from aksprov.workflows.offline_bundle.images import base_name, images_in, only_for_control_planes, tag_of
from aksprov.workflows.offline_bundle.read import is_path

_SHOWN: Final = 10  # problems in one error
_NODES: Final = ("control-plane", "worker")


class _Place(Value, frozen=True, kw_only=True):
    """What files of one folder are.

    Args:
        endings: of names that belong there; empty for any.
    """

    kind: BundleKind
    os: BundleSystem
    roles: tuple[str, ...]
    endings: tuple[str, ...] = ()


_PACKAGES: Final = (".deb", ".rpm")
LAYOUT: Final[dict[str, _Place]] = {
    "linux/bin": _Place(kind="program", os="linux", roles=_NODES),
    "linux/cni": _Place(kind="cni", os="linux", roles=_NODES),
    "linux/images": _Place(kind="image", os="linux", roles=_NODES, endings=(".tar",)),
    "linux/packages/node": _Place(kind="package", os="linux", roles=_NODES, endings=_PACKAGES),
    "linux/packages/load-balancer": _Place(kind="package", os="linux", roles=("load-balancer",), endings=_PACKAGES),
    "network-plugin": _Place(kind="manifest", os="linux", roles=("control-plane",), endings=(".yaml", ".yml")),
    "windows/bin": _Place(kind="program", os="windows", roles=("worker",)),
    "windows/cni": _Place(kind="cni", os="windows", roles=("worker",)),
    "windows/images": _Place(kind="image", os="windows", roles=("worker",), endings=(".tar",)),
}
# What a system's part of a bundle is of no use without.  containerd of Linux comes as a program or as a package.
_PROGRAMS: Final[dict[str, tuple[str, ...]]] = {
    "linux": ("crictl", "kubeadm", "kubectl", "kubelet"),
    "windows": (
        "containerd-shim-runhcs-v1.exe",
        "containerd.exe",
        "crictl.exe",
        "kube-proxy.exe",
        "kubeadm.exe",
        "kubelet.exe",
    ),
}
_OF_THE_VERSION: Final = ("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler")


def read_source(folder: Path, version: str, hashes: Hashes) -> tuple[BundleFile, ...]:
    """Every file of a source folder, by path.

    Args:
        version: of Kubernetes, e.g. "v1.36.2".

    Raises:
        NotFoundError: BundleSourceNotFound.
        DefinitionError: BundleSourceRefused, BundleSourceIncomplete; everything that is wrong is listed.
    """
    if not folder.is_dir():
        raise NotFoundError(
            "BundleSourceNotFound",
            "there is no folder to make a bundle of",
            where=str(folder),
            why="it is not there, or is no folder",
            fix="give --folder the one that has what you downloaded, laid out as docs/offline-bundle.md says",
        )
    files: list[BundleFile] = []
    problems: list[str] = []
    for path in sorted(_files_below(folder, problems)):
        try:
            files.append(_bundle_file(folder, path, hashes))
        except (OSError, ValueError) as error:
            problems.append(f"{path}: {getattr(error, 'strerror', None) or error}")
    hashes.keep()
    counts = Counter(file.path.lower() for file in files)
    problems += [f"{path} is there {count} times, in other cases" for path, count in counts.items() if count > 1]
    if problems:
        raise _refused(folder, problems)
    if lacking := list(_missing(files, version)):
        raise _incomplete(folder, version, lacking)
    return tuple(sorted(files, key=lambda file: file.path))


def _files_below(folder: Path, problems: list[str]) -> Iterator[str]:
    """Paths of ordinary files, with "/"; links and whatever else is no file are noted as problems."""

    def note(error: OSError) -> None:
        problems.append(f"{error.filename}: {error.strerror}")

    for root, folders, names in os.walk(folder, onerror=note):
        for name in (*folders, *names):
            path = Path(root, name)
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                yield path.relative_to(folder).as_posix()
            elif not stat.S_ISDIR(mode):
                problems.append(f"{path.relative_to(folder).as_posix()}: a link, or another thing that is no file")


def _bundle_file(folder: Path, path: str, hashes: Hashes) -> BundleFile:
    parent, _, name = path.rpartition("/")
    place = LAYOUT.get(parent)
    if place is None:
        raise ValueError(f"files are expected in {', '.join(LAYOUT)}")
    if place.endings and not name.endswith(place.endings):
        raise ValueError(f"{parent} has files that end in {' or '.join(place.endings)}")
    if not is_path(path):
        raise ValueError("the name has characters that a bundle's names cannot have")
    there = folder / path
    size = there.stat().st_size
    if not size:
        raise ValueError("it is empty")
    images = images_in(there) if place.kind == "image" else ()
    roles = ("control-plane",) if place.os == "linux" and only_for_control_planes(images) else place.roles
    return BundleFile(
        path=path, sha256=hashes.of(there), size=size, kind=place.kind, os=place.os, roles=roles, images=images
    )


def _missing(files: Iterable[BundleFile], version: str) -> Iterator[str]:
    """What the source lacks for that version, for each system that it has something for."""
    files = tuple(files)
    systems = sorted({file.os for file in files if file.kind != "manifest"})
    if not systems:
        yield "what nodes need: linux/bin and linux/images, or windows/bin"
    for system in systems:
        names = {file.name for file in files if file.os == system and file.kind == "program"}
        yield from (f"{system}/bin/{name}" for name in _programs(system, version) if name not in names)
    if "linux" in systems:
        images = {image for file in files if file.os == "linux" for image in file.images}
        yield from (f"linux/images: {image}" for image in _missing_images(images, version))


def _programs(system: BundleSystem, version: str) -> tuple[str, ...]:
    """Windows' services have no standard error, so that what writes it to a file comes with them from 1.26 on."""
    logs = system == "windows" and not find_version(version).kubelet_log_flags
    return (*_PROGRAMS[system], *(("kube-log-runner.exe",) if logs else ()))


def _missing_images(images: Iterable[str], version: str) -> Iterator[str]:
    tags: dict[str, set[str]] = {}
    for image in images:
        tags.setdefault(base_name(image), set()).add(tag_of(image))
    wanted = {**dict.fromkeys(_OF_THE_VERSION, version), "pause": find_version(version).pause}
    yield from (f"{name}:{tag}" for name, tag in wanted.items() if tag not in tags.get(name, ()))
    if "etcd" not in tags:
        yield "etcd"


def _refused(folder: Path, problems: list[str]) -> DefinitionError:
    rest = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return DefinitionError(
        "BundleSourceRefused",
        "the folder is not laid out as a bundle's source",
        where=str(folder),
        why="; ".join(problems[:_SHOWN]) + rest,
        fix="put each file where docs/offline-bundle.md has its kind, and nothing else",
    )


def _incomplete(folder: Path, version: str, lacking: list[str]) -> DefinitionError:
    return DefinitionError(
        "BundleSourceIncomplete",
        f"the folder lacks what Kubernetes {version} must have",
        where=str(folder),
        why="; ".join(lacking),
        fix="put these there",
    )
