"""A cluster of Linux and Windows hosts, configured in one command, and left again.

The Linux hosts are minilab's; two Windows hosts run beside them, their scripts in PowerShell's own engine: one is
reached by PowerShell remoting, the other by WinRS.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from mixed import ADAPTER, WINDOWS, Mixed, mixed_hosts
from trio import ROLES, until
from windows_lab import CONTAINERD, KUBELET, PROGRAM

pytestmark = pytest.mark.pwsh

CLUSTER = (
    "New-AksHciCluster -name demo -vnet labnet -controlPlaneNodeCount 1 -loadBalancerCount 1 "
    "-linuxNodeCount 2 -windowsNodeCount 2 -primaryNetworkPlugin calico --configure-only"
).split()
LINUX = ROLES | {"w2": "worker"}
ADDRESS = WINDOWS["winhost"][2]
PAUSED = Path(__file__).with_name("paused_run.py")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mixed]:
    """Hosts of each role, and two Windows hosts that never had a node; none is configured yet."""
    roots = {name: _root(tmp_path_factory.mktemp(name)) for name in WINDOWS}
    with mixed_hosts(LINUX, tmp_path_factory.mktemp("controller"), roots) as made:
        yield made


def _root(root: Path) -> Path:
    """The drives of a host that has the programs of a node."""
    for program in (CONTAINERD, KUBELET):
        place = root / "C" / program.removeprefix("C:/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(PROGRAM)
        place.chmod(0o755)
    return root


def configure(mixed: Mixed) -> None:
    mixed.controller.run(*CLUSTER, "--output", "json", timeout=400)


def test_a_mixed_cluster_is_configured_in_one_command(mixed: Mixed) -> None:
    configure(mixed)
    (found,) = mixed.controller.json("get-cluster", "--name", "demo")
    assert (found["ProvisioningState"], found["WindowsNodeCount"], found["LinuxNodeCount"]) == ("Configured", 2, 2)
    state = mixed.state
    assert state["features"]["Containers"][1] == "Installed"
    assert {"containerd", "kubelet", "kube-proxy"} <= set(state["services"])
    assert state["services"]["containerd"]["status"] == "Running"
    # of two adapters the one in the network's prefix is named, to the kubelet and to Calico
    assert f"--node-ip={ADDRESS}" in state["services"]["kubelet"]["binary"]
    calico = mixed.controller.lab["cp1"].ssh("cat /etc/kubernetes/aksprov/calico/10-installation.yaml").stdout
    assert yaml.safe_load(calico)["spec"]["windowsNodes"] == {"vxlanAdapter": ADAPTER}
    assert (mixed.root / "C/etc/kubernetes/aksprov/kubeadm-join.yaml").exists()
    rows = [
        row for row in mixed.controller.json("test-cluster", "--name", "demo", check=None) if row["Host"] in WINDOWS
    ]
    assert {row["TestResult"] for row in rows} <= {"Passed", "Skipped", "Warning"}, rows
    assert {"FilesOnHost", "WindowsFeatures", "FirewallRules", "ScheduledTasks", "ServiceActive"} <= {
        row["TestName"] for row in rows
    }


def test_a_second_run_is_empty(mixed: Mixed) -> None:
    plan = mixed.controller.json(*CLUSTER, "--what-if", check=0)
    assert plan["hosts"] == []


def test_a_host_is_looked_at(mixed: Mixed) -> None:
    rows = mixed.controller.json("test-host", "--name", "winhost", check=None)
    found = {row["TestName"]: row["TestResult"] for row in rows}
    assert {found[name] for name in ("Connection", "Privileges", "Tools", "Restart", "Clock")} == {"Passed"}, rows


@pytest.mark.slow
def test_what_was_taken_off_a_host_is_put_back(mixed: Mixed) -> None:
    file = mixed.root / ".winrmhost/windows.json"
    state = json.loads(file.read_text())
    rules = dict(state["firewall"])
    state["firewall"].popitem()
    del state["tasks"]["\\aksprov-kube-proxy"], state["services"]["kube-proxy"]
    file.write_text(json.dumps(state))
    (planned,) = mixed.controller.json(*CLUSTER, "--what-if", check=2)["hosts"]
    assert (planned["name"], [s["id"] for s in planned["steps"]]) == ("winhost", ["firewall", "services"])
    configure(mixed)
    state = mixed.state
    assert state["firewall"].keys() == rules.keys()
    assert "\\aksprov-kube-proxy" in state["tasks"] and "kube-proxy" in state["services"]
    assert mixed.controller.json(*CLUSTER, "--what-if", check=0)["hosts"] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", list(WINDOWS))
def test_a_run_that_slept_past_its_lease_is_refused_by_the_host(mixed: Mixed, name: str) -> None:
    """Over both wires.  Seen failing without the epoch in Assert-State (apply.ps1)."""
    controller, config = mixed.controller, mixed.roots[name] / "C/Program Files/containerd/config.toml"
    was = config.read_text()
    config.write_text("# edited\n")
    sleeper = subprocess.Popen(
        controller.lab.inside([sys.executable, str(PAUSED), name, *CLUSTER]),
        env=controller.environment,
        cwd=controller.directory,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: Path(f"/proc/{sleeper.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        until(lambda: controller.json("get-lock")[0]["Expired"])
        configure(mixed)
        assert config.read_text() == was
        config.write_text("# what a fenced run must leave alone\n")
        epoch = (mixed.roots[name] / "C/ProgramData/aksprov/epoch").read_text()
    finally:
        sleeper.send_signal(signal.SIGCONT)
    _, said = sleeper.communicate(timeout=90)
    assert sleeper.returncode == 75, said
    assert said.splitlines()[-1].split()[:2] == ["RunFenced", "HostEpochRefused"]
    assert config.read_text() == "# what a fenced run must leave alone\n"
    assert (mixed.roots[name] / "C/ProgramData/aksprov/epoch").read_text() == epoch
    configure(mixed)
    assert config.read_text() == was


@pytest.mark.slow
def test_another_state_takes_the_host_over(mixed: Mixed) -> None:
    """And gives it back: what is on it stays as it is."""
    first = mixed.controller.state
    mixed.controller.state = first.with_name("other.db")
    try:
        mixed.controller.run("add-host", "--file", mixed.controller.directory / "hosts.yaml")
        mixed.controller.run("adopt", "--file", mixed.controller.directory / "hosts.yaml", "--yes")
        manifest = json.loads((mixed.root / "C/ProgramData/aksprov/manifest.json").read_text())
        mixed.controller.state = first
        mixed.controller.run("adopt", "--file", mixed.controller.directory / "hosts.yaml", "--yes")
    finally:
        mixed.controller.state = first
    again = json.loads((mixed.root / "C/ProgramData/aksprov/manifest.json").read_text())
    assert again["state_id"] != manifest["state_id"]
    assert again["files"] == manifest["files"]


@pytest.mark.slow
def test_what_a_restart_lost_is_told_and_a_service_runs_again(mixed: Mixed) -> None:
    """An address, a service, and the network of the cluster's plugin on a host whose node has joined."""
    configure(mixed)
    file, kubeconfig = mixed.root / ".winrmhost/windows.json", mixed.root / "C/etc/kubernetes/kubelet.conf"
    state = json.loads(file.read_text())
    addresses = list(state["addresses"])
    kubeconfig.write_text("joined\n")
    try:
        state["addresses"] = [a for a in addresses if a["alias"] != ADAPTER]
        state["services"]["containerd"]["status"] = "Stopped"
        file.write_text(json.dumps(state))
        rows = mixed.controller.json("test-cluster", "--name", "demo", check=None)
        bad = ("Failed", "Warning")
        told = {row["TestName"]: row for row in rows if row["Host"] == "winhost" and row["TestResult"] in bad}
        assert {"AddressOnInterface", "ServiceActive", "HnsNetworks"} <= told.keys(), rows
        assert told["AddressOnInterface"]["TestResult"] == told["HnsNetworks"]["TestResult"] == "Failed"
        assert all(row["Recommendation"] for row in told.values())
    finally:
        kubeconfig.unlink()
        file.write_text(json.dumps(json.loads(file.read_text()) | {"addresses": addresses}))
    configure(mixed)
    assert mixed.state["services"]["containerd"]["status"] == "Running"


@pytest.mark.slow
def test_an_edited_file_is_put_right(mixed: Mixed) -> None:
    config = mixed.root / "C/Program Files/containerd/config.toml"
    was = config.read_text()
    config.write_text("# edited\n")
    configure(mixed)
    assert config.read_text() == was


@pytest.mark.slow
def test_the_cluster_leaves_the_host(mixed: Mixed) -> None:
    mixed.controller.run("remove-cluster", "--name", "demo", "--yes", timeout=400)
    state = mixed.state
    assert not {"containerd", "kubelet", "kube-proxy"} & set(state["services"])
    assert (state["firewall"], state["tasks"]) == ({}, {})
    assert not (mixed.root / "C/etc").exists()
    mixed.controller.run("remove-host", "--name", "winhost", "--purge", "--yes")
    assert not (mixed.root / "C/ProgramData/aksprov").exists()
