"""Hosts that have nothing become a cluster, from an offline bundle of the kit and of Debian's packages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kit import VERSION, Kit
from kubernetes_lab import Bench
from minilab import Lab
from minilab.spec import RUNTIME
from test_removal import difference
from test_uninstall import snapshot

pytestmark = [pytest.mark.lab, pytest.mark.kubernetes, pytest.mark.slow]

# What docs/removal.md names; and the lab's own mount of containerd's folder.
UNTIL_BOOT = (
    *(" /run/mount", " /run/xtables.lock", "kubepods", " /etc/ssl", " /var/lib/containerd "),
    *("route_localnet", "nf_conntrack_tcp_timeout"),
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Lab([{"name": "cp1", **RUNTIME}, {"name": "w1", **RUNTIME}, "lb1"], bare=True) as lab:
        yield Bench(lab, tmp_path_factory.mktemp("controller"), Kit(), bare=True)


@pytest.fixture(scope="module", autouse=True)
def found(bench: Bench) -> dict[str, list[str]]:
    """The hosts as they are found."""
    return {name: snapshot(bench.lab[name]) for name in bench.names}


def test_killed_and_out_of_room_the_same_command_completes(bench: Bench) -> None:
    """A bundle of another version leaves nothing.  Then hosts are killed at, and out of room for, their images."""
    other = [word.replace(VERSION, "v1.20.3") for word in bench.command]
    assert "BundleOfOtherVersion" in bench.controller.run(*other, check=65).stderr
    assert bench.controller.json("get-cluster") == []
    worker = bench.lab["w1"]
    worker.ssh("mount -t tmpfs -o size=20m full /var/lib/containerd")
    bench.kill_at("step.started", "prepare-host")
    said = bench.make(check=1)
    rows = [line for line in said.stdout.splitlines() if "HostDiskFull" in line]
    assert rows, said.stdout + said.stderr
    assert all("w1" in row for row in rows)
    worker.ssh("systemctl stop containerd; umount /var/lib/containerd")
    bench.make()
    assert bench.controller.json("get-cluster", "--name", "demo")[0]["ProvisioningState"] == "Deployed"
    for host in bench.names:
        assert bench.lab[host].ssh("ls /var/lib/aksprov/offline", check=False).returncode != 0, host
    assert "nothing to change" in bench.make().stderr


def test_what_a_bundle_brought_goes_with_the_hosts(bench: Bench, found: dict[str, list[str]]) -> None:
    bench.make()
    bench.controller.run("remove-cluster", "--name", "demo", "--yes", timeout=400)
    for host in bench.names:
        bench.controller.run("remove-host", "--name", host, "--purge", "--yes", timeout=400)
    after = {
        host: [
            line for line in difference(found[host], snapshot(bench.lab[host])) if not any(map(line.count, UNTIL_BOOT))
        ]
        for host in bench.names
    }
    assert after == {host: [] for host in bench.names}
