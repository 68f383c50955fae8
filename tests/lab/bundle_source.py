"""A small folder that new-offline-bundle takes: stand-ins for programs, archives of images that have names only."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

from aksprov.cmdlets.versions import find_version

VERSION = "v1.36.4"


def make_source(folder: Path, version: str = VERSION) -> Path:
    """Everything that a bundle of that version must have for Linux, and something of each other kind."""
    offered = find_version(version)
    for name in ("crictl", "kubeadm", "kubectl", "kubelet"):
        write(folder, f"linux/bin/{name}", f"#!/bin/sh\n# {name} {version}\n")
    write(folder, "linux/cni/bridge", "#!/bin/sh\n")
    write(folder, "linux/packages/node/conntrack_1%3a1.4.7_amd64.deb", "conntrack")
    write(folder, "linux/packages/load-balancer/haproxy_2.6.12_amd64.deb", "haproxy")
    write(folder, "network-plugin/plugin.yaml", "kind: DaemonSet\n")
    for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"):
        archive(folder / f"linux/images/{name}.tar", [f"{offered.image_host}/{name}:{version}"])
    archive(folder / "linux/images/etcd.tar", [f"{offered.image_host}/etcd:3.6.4-0"])
    archive(folder / "linux/images/base.tar", [f"{offered.image_host}/pause:{offered.pause}"])
    return folder


def add_windows(folder: Path) -> Path:
    """What a Windows worker of a version from 1.26 on needs."""
    for name in (
        "containerd",
        "containerd-shim-runhcs-v1",
        "crictl",
        "kube-log-runner",
        "kube-proxy",
        "kubeadm",
        "kubelet",
    ):
        write(folder, f"windows/bin/{name}.exe", f"MZ {name}")
    write(folder, "windows/cni/flannel.exe", "MZ flannel")
    return folder


def write(folder: Path, path: str, text: str) -> Path:
    """One file below a folder."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)
    return folder / path


def archive(path: Path, tags: Iterable[str], *, oci: bool = False) -> Path:
    """An archive of images as ``docker save`` has it, or as OCI's layout."""
    tags = list(tags)
    index = {"manifests": [{"annotations": {"io.containerd.image.name": tag}} for tag in tags]}
    listed = index if oci else [{"Config": "c.json", "RepoTags": [tag], "Layers": []} for tag in tags]
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in (("layer.tar", b"x" * 3000), ("index.json" if oci else "manifest.json", b"")):
            content = content or json.dumps(listed).encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path
