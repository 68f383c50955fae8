"""The scripts that prepare hosts, each with the parts that it is sent with."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sample_cluster import desired

from aksprov.model.host import Host
from aksprov.model.offline_bundle import BundleFile, OfflineBundle, OpenedBundle
from aksprov.model.transport import Completed
from aksprov.workflows.prepare.bundle import useful
from aksprov.workflows.prepare.scripts import preparation

WHOLE = {
    "packages": ("installed", "host", "apt", "dnf", "packages"),
    "look": ("host", "look"),
    "bundle": ("installed", "host", "bundle"),
    "uninstall": ("installed", "host", "uninstall"),
    "offered": ("offered",),
}
SHELLS = [s for s in ("dash", "bash --posix", "busybox sh") if shutil.which(s.split()[0])]


@pytest.mark.parametrize("names", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_can_read_them(shell: str, names: tuple[str, ...]) -> None:
    subprocess.run([*shell.split(), "-n"], input=preparation(*names, values={}), text=True, check=True)


@pytest.mark.parametrize("names", WHOLE.values(), ids=WHOLE)
def test_shellcheck_finds_nothing(names: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "script.sh").write_text(preparation(*names, values={}))
    program = Path(sys.executable).with_name("shellcheck")
    argv = [program, "--shell=sh", "--exclude=SC2154,SC2034,SC2329", tmp_path / "script.sh"]
    found = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_a_host_is_asked_which_files_it_has_no_use_of_yet(tmp_path: Path) -> None:
    """Programs that are missing or of another version, images with a tag that is not there, packages that are older."""
    stubs = {
        "systemctl": 'case "$*" in *containerd*) ;; *) exit 3 ;; esac',
        "ctr": "echo k8s.gcr.io/pause:3.2; echo k8s.gcr.io/etcd:3.4",
        "kubelet": "echo Kubernetes v1.20.2",
        "kubeadm": "echo v1.20.1",
        "dpkg-query": "case $4 in socat) echo installed 1:2 ;; ethtool) echo installed 5 ;; *) exit 1 ;; esac",
        "dpkg": '[ "$2 $3 $4" = "1:2 ge 1:2" ]',
    }
    for name, text in stubs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    asked = {
        "program kubelet": False,
        "program kubeadm": True,
        "program no-such-program": True,
        "cni no-such-plugin": True,
        "image a.tar k8s.gcr.io/pause:3.2 k8s.gcr.io/etcd:3.4": False,
        "image b.tar k8s.gcr.io/pause:3.2 k8s.gcr.io/etcd:3.5": True,
        "package socat_1%3a2_amd64.deb": False,
        "package ethtool_6_amd64.deb": True,
        "package conntrack_1_amd64.deb": True,
        "package socat-1.x86_64.rpm": False,
    }
    lines = [f"{kind} {n} {rest}" for n, (kind, rest) in enumerate(line.split(" ", 1) for line in asked)]
    values = {"programs": "kubelet kubeadm", "others": "no-such", "kubernetes": "1.20.2", "lock_seconds": "1"}
    script = preparation("host", "look", values=values)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-c", script], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.split() == [str(n) for n, useful in enumerate(asked.values()) if useful], done.stderr


class Lacking:
    """A host that lacks every file it is asked for."""

    host = Host(name="w1", address="10.0.0.1", os="linux")

    async def run(self, script: str, stdin: bytes = b"") -> Completed:
        return Completed(status=0, stdout=b"\n".join(line.split()[1] for line in stdin.splitlines()))


def test_programs_that_are_one_file_come_under_each_of_their_names() -> None:
    """Programs of many names are links where they are built, and files of equal content in a bundle."""
    same = {"sha256": "ab" * 32, "size": 7, "kind": "cni", "os": "linux", "roles": ("worker",)}
    files = tuple(msgspec.convert({"path": f"linux/cni/{name}", **same}, BundleFile) for name in ("bridge", "portmap"))
    bundle = OpenedBundle(folder=Path("/b"), bundle=OfflineBundle(schema=1, kubernetes_version="v1.36.4", files=files))
    picture = desired()
    worker = picture.by_role("worker")[0]
    connection: Any = Lacking()
    assert asyncio.run(useful(connection, worker, picture.cluster, bundle)) == files
