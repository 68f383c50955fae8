"""containerd of both Debian releases takes the configuration that is rendered for it, and what it says is in effect."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from minilab import Host, Lab
from sample_cluster import desired, windows_cluster

from aksprov.model.facts import Facts
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates

TEMPLATES = Templates.load()
CONFIGURATION = "/etc/containerd/config.toml"


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host with containerd 1.6 or 1.7."""
    with Lab(["w1"], suite=request.param, packages=["containerd"]) as lab:
        yield lab["w1"]


def configuration(host: Host, containerd: str = "") -> str:
    """What a host with its own containerd, or another, is given."""
    shown = containerd or host.ssh("containerd --version").stdout.split()[2]
    facts = {"w1": Facts(programs={"containerd": shown})}
    files = {f.path: f.content or "" for f in render_bundle(desired(), "w1", facts, {}, TEMPLATES).files}
    return files[CONFIGURATION]


def test_containerd_takes_it_whole(host: Host) -> None:
    """Without a warning, and each value is where its runtime plugin looks for it."""
    host.write(CONFIGURATION, configuration(host))
    done = host.ssh(f"containerd --config {CONFIGURATION} config dump")
    assert done.stderr == ""
    dumped = tomllib.loads(done.stdout)
    cri: dict[str, Any] = dumped["plugins"]["io.containerd.grpc.v1.cri"]
    assert (dumped["version"], cri["sandbox_image"]) == (2, "registry.k8s.io/pause:3.10.2")
    assert (cri["cni"]["bin_dir"], cri["cni"]["conf_dir"]) == ("/opt/cni/bin", "/etc/cni/net.d")
    assert cri["registry"]["config_path"] == "/etc/containerd/certs.d"
    runc = cri["containerd"]["runtimes"][cri["containerd"]["default_runtime_name"]]
    assert (runc["runtime_type"], runc["options"]["SystemdCgroup"]) == ("io.containerd.runc.v2", True)


def test_containerd_starts_with_it(host: Host) -> None:
    host.write(CONFIGURATION, configuration(host))
    host.ssh("systemctl restart containerd")
    assert host.ssh("systemctl is-active containerd").stdout == "active\n"
    assert "io.containerd.grpc.v1" in host.ssh("ctr plugins ls").stdout


def test_a_windows_workers_file_is_read_whole_too(host: Host) -> None:
    """By Linux' containerd, whose parser is the same; it only starts no runtime of Windows'."""
    shown = host.ssh("containerd --version").stdout.split()[2]
    files = render_bundle(windows_cluster(), "w2", {"w2": Facts(programs={"containerd": shown})}, {}, TEMPLATES).files
    host.write("/tmp/windows.toml", next(f.content or "" for f in files if f.reader == "containerd"))
    done = host.ssh("containerd --config /tmp/windows.toml config dump")
    assert done.stderr == ""
    cri: dict[str, Any] = tomllib.loads(done.stdout)["plugins"]["io.containerd.grpc.v1.cri"]
    assert (cri["cni"]["bin_dir"], cri["cni"]["conf_dir"]) == ("C:/opt/cni/bin", "C:/etc/cni/net.d")
    assert cri["registry"]["config_path"] == "C:/ProgramData/containerd/certs.d"
    runtime = cri["containerd"]["runtimes"][cri["containerd"]["default_runtime_name"]]
    assert (runtime["runtime_type"], runtime["container_annotations"]) == (
        "io.containerd.runhcs.v1",
        ["io.microsoft.container.*"],
    )


@pytest.mark.parametrize("newer", ["2.0.5", "2.3.2"])
def test_the_form_of_a_newer_release_would_have_no_effect(newer: str, host: Host) -> None:
    """Release 1.6 ignores it without a word, 1.7 refuses it: so the form follows the host's own containerd."""
    assert "pause:3.10.2" in configuration(host, newer)
    host.write("/tmp/newer.toml", configuration(host, newer))
    done = host.ssh("containerd --config /tmp/newer.toml config dump", check=False)
    assert "pause:3.10.2" not in done.stdout
