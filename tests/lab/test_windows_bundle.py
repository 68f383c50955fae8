"""A cluster whose Windows hosts are bare: an offline bundle brings their programs and images, then they join."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundle_source import archive, write
from mixed import WINDOWS, mixed_hosts
from test_windows_start import CLUSTER, Started
from trio import ROLES
from windows_node import PROGRAMS

pytestmark = [pytest.mark.pwsh, pytest.mark.slow]

CTR = '#!/bin/sh\necho "$@" >>"$WINRMHOST_ROOT/.standin/imported"\n'
NEW = "new-offline-bundle --folder downloads --output-dir bundle --kubernetes-version v1.36.4".split()


def _downloads(folder: Path) -> None:
    """Stand-ins for what a Windows worker runs, 1 MB of them each, and an image."""
    text = Path(__file__).with_name("kubernetes_exe.py").read_text()
    for program in PROGRAMS:
        write(folder, f"windows/bin/{program.rpartition('/')[2]}", f"#!{sys.executable}\n{text}{'#' * 1_000_000}\n")
    write(folder, "windows/bin/ctr.exe", CTR)
    archive(folder / "windows/images/pause.tar", ["registry.k8s.io/pause:3.10"])


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Linux hosts that have stand-ins for their programs, Windows hosts that have none."""
    roots = {name: tmp_path_factory.mktemp(name) for name in WINDOWS}
    for root in roots.values():
        (root / "C").mkdir()
        (root / ".standin").mkdir()
    with mixed_hosts(ROLES, tmp_path_factory.mktemp("controller"), roots) as mixed:
        made = Started(mixed)
        made.lab["cp1"].shell("echo w1 > /var/lib/standin/nodes")
        serving = threading.Thread(target=made.serve, args=(tmp_path_factory.mktemp("api"),))
        serving.start()
        try:
            yield made
        finally:
            made.ended.set()
            serving.join()


def test_what_hosts_lack_is_one_row_each_before_anything_starts(bare: Started) -> None:
    done = bare.controller.run(*CLUSTER, "--what-if", "--output", "json", check=1)
    row = " ProgramsPresent: not installed: containerd, containerd-shim-runhcs-v1, crictl, kubelet, kubeadm, "
    assert done.stderr.count(row) == len(WINDOWS), done.stderr
    assert not (bare.nodes["winhost"].drive / "ProgramData/aksprov").exists()


def test_bare_hosts_are_prepared_from_a_bundle_and_join(bare: Started) -> None:
    """The control plane serves its files to both, over one wire and the other; then nothing changes any more."""
    _downloads(bare.controller.directory / "downloads")
    bare.controller.run(*NEW)
    folder = bare.controller.directory / "bundle"
    source = ("--offline-bundle", "bundle")
    (planned,) = {
        step["title"]
        for host in bare.controller.json(*CLUSTER, *source, "--what-if", check=2)["hosts"]
        for step in host["steps"]
        if step["id"] == "prepare-host" and host["name"] in WINDOWS
    }
    assert planned.startswith("install from the offline bundle: containerd, ")
    bare.run(*CLUSTER, *source)
    assert bare.status() == "Deployed"
    brought = {(e["host"], e["step"]) for e in bare.events() if e["kind"] == "step.finished" and "bundle" in e["step"]}
    assert brought == {("cp1", "push-bundle"), *((name, "fetch-bundle") for name in WINDOWS)}
    for node in bare.nodes.values():
        assert (len(node.calls("join")), node.calls("reset")) == (1, [])
        assert (node.drive / "k/kubelet.exe").read_bytes() == (folder / "windows/bin/kubelet.exe").read_bytes()
        assert (node.standin / "imported").read_text().count("images import") == 1
        assert not list((node.drive / "ProgramData/aksprov/images").iterdir())
    left = bare.lab["cp1"].shell("ls -A /run/aksprov-serve /var/lib/aksprov/offline 2>/dev/null", check=False)
    assert left.stdout.split("\n")[0] in ("", "/var/lib/aksprov/offline:"), left.stdout
    assert "nothing to change" in bare.run(*CLUSTER, *source).stderr
