"""Kubernetes starts on hosts of both kinds, with stand-ins for its programs on all of them: no pod runs here."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from minilab import Host
from mixed import WINDOWS, Mixed, mixed_hosts
from responder import Authority, api_server
from trio import ROLES, until
from windows_node import WindowsNode

pytestmark = [pytest.mark.pwsh, pytest.mark.slow]

LINUX = Path(__file__).with_name("kubernetes_linux.sh")
NAMES = "kubeadm kubectl kubelet containerd crictl runc socat ethtool conntrack"
UNIT = "[Unit]\nDescription={0}\n[Service]\nExecStart=/usr/local/bin/{0} run\n[Install]\nWantedBy=multi-user.target\n"
TOKEN = re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b")
CLUSTER = (
    "New-AksHciCluster -name demo -vnet labnet -controlPlaneNodeCount 1 -loadBalancerCount 1 -linuxNodeCount 1 "
    "-windowsNodeCount 2 -kubernetesVersion v1.36.4 -primaryNetworkPlugin calico --network-plugin-manifest plugin.yaml"
).split()
SMALLER = "set-node-pool --cluster-name demo --name demo-windows --count 1 --yes".split()
OTHER = "new-node-pool --cluster-name demo --name other --count 1 --os-type windows".split()


class Started:
    """The hosts, and how tests look at them.

    Attributes:
        done: the run that completed what a killed one had begun.
    """

    done: subprocess.CompletedProcess[str]

    def __init__(self, mixed: Mixed) -> None:
        self.mixed, self.lab, self.controller = mixed, mixed.controller.lab, mixed.controller
        self.nodes = {name: WindowsNode(root) for name, root in mixed.roots.items()}
        self.ended = threading.Event()
        (self.controller.directory / "plugin.yaml").write_text("kind: DaemonSet\n")
        for name in ("cp1", "w1"):
            _install(self.lab[name])

    def run(self, *command: str, check: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run it; nothing that it says has a token."""
        events = self.controller.directory / "events"
        events.unlink(missing_ok=True)
        done = self.controller.run(*command, "--events", str(events), check=check, timeout=400)
        assert self.unknown() == ""
        assert not TOKEN.search(events.read_text() + done.stdout + done.stderr)
        return done

    def kill_in_the_middle(self) -> None:
        """Start the cluster, and kill the program dead while a Windows host joins."""
        paused = self.nodes["winhost"]
        (paused.standin / "pause").touch()
        running = self.controller.start(*CLUSTER)
        try:
            until(lambda: paused.calls("join"), 240)
            assert running.poll() is None
        finally:
            running.send_signal(signal.SIGKILL)
            running.communicate()
        (paused.standin / "pause").unlink()

    def unknown(self) -> str:
        """Calls that no stand-in knows."""
        return "".join(
            self.lab[name].shell("cat /var/lib/standin/unknown", check=False).stdout for name in ("cp1", "w1")
        )

    def events(self) -> list[dict[str, Any]]:
        """Those of the newest run."""
        return [json.loads(line) for line in (self.controller.directory / "events").read_text().splitlines()]

    def status(self) -> str:
        return str(self.controller.json("get-cluster", "--name", "demo")[0]["ProvisioningState"])

    def serve(self, directory: Path) -> None:
        """The cluster as its hosts find it, once kubeadm has begun it."""
        first = self.lab["cp1"]
        while not self.ended.wait(0.2):
            if first.shell("test -e /etc/kubernetes/manifests/kube-apiserver.yaml", check=False).returncode == 0:
                certificate = first.shell("cat /etc/kubernetes/pki/ca.crt").stdout
                self.lab["w1"].write("/var/lib/standin/ca.crt", certificate)
                for node in self.nodes.values():
                    node.knows(certificate)
                with api_server(first, Authority.of_cluster(first), directory):
                    self.ended.wait()


def _install(host: Host) -> None:
    """A host that has programs of Kubernetes, as far as our calls of them go."""
    host.write("/usr/local/bin/standin", LINUX.read_text())
    for name in ("containerd", "kubelet"):
        host.write(f"/etc/systemd/system/{name}.service", UNIT.format(name))
    host.write("/etc/containerd/config.toml", "version = 2\n")
    host.shell(
        f"cd /usr/local/bin; chmod 755 standin; for name in {NAMES}; do ln -sf standin $name; done; "
        "mkdir -p /opt/cni/bin /var/lib/standin; : > /var/lib/standin/unknown; cd /opt/cni/bin; "
        "for name in bridge host-local loopback portmap; do ln -sf /bin/true $name; done; systemctl daemon-reload"
    )


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    roots = {name: tmp_path_factory.mktemp(name) for name in WINDOWS}
    for root in roots.values():
        WindowsNode(root).install()
    with mixed_hosts(ROLES, tmp_path_factory.mktemp("controller"), roots) as mixed:
        made = Started(mixed)
        made.lab["cp1"].shell("echo w1 > /var/lib/standin/nodes")
        serving = threading.Thread(target=made.serve, args=(tmp_path_factory.mktemp("api"),))
        serving.start()
        try:
            made.kill_in_the_middle()
            made.done = made.run(*CLUSTER)
            yield made
        finally:
            made.ended.set()
            serving.join()


def test_killed_while_a_windows_host_joins_the_same_command_completes(started: Started) -> None:
    """Windows workers join after the Linux ones, by either wire; what runs on a host runs on and is found again."""
    assert started.status() == "Deployed"
    joins = [e["host"] for e in started.events() if e["kind"] == "step.finished" and e["step"] == "join-worker"]
    assert joins[0] == "w1" and sorted(joins[1:]) == sorted(WINDOWS)
    # the API server here does not know the Windows nodes, so that they are Ready is not known
    said = started.done.stdout + started.done.stderr
    assert re.search(r"^Passed +cp1, w1 +NodeReady ", said, re.MULTILINE), said
    assert re.search(r"^Skipped +winhost, +NodeReady .*\n +winhost2 ", said, re.MULTILINE), said
    for node in started.nodes.values():
        assert (len(node.calls("join")), node.calls("reset")) == (1, [])
        services = {name: node.windows["services"][name]["status"] for name in ("containerd", "kubelet")}
        assert services == {"containerd": "Running", "kubelet": "Running"}
        assert node.secrets("an.account.token") == ["etc/kubernetes/kube-proxy.conf"]
        assert node.left == []
        # its installation asked for a restart before
        assert node.windows["features"]["Containers"][1] == "Installed"
    # the bootstrap token is gone from the cluster, too
    there = started.lab["cp1"].shell("ls /var/lib/standin").stdout.split()
    assert there == ["account", "applied", "calls", "nodes", "unknown"]


def test_the_same_command_again_changes_nothing(started: Started) -> None:
    assert "nothing to change" in started.run(*CLUSTER).stderr


def test_a_pool_of_windows_nodes_shrinks_and_another_one_comes(started: Started) -> None:
    gone = started.nodes["winhost2"]
    started.run(*SMALLER)
    assert started.status() == "Deployed"
    first = started.lab["cp1"]
    assert first.shell("cat /var/lib/standin/drained /var/lib/standin/deleted").stdout.split() == ["winhost2"] * 2
    assert len(gone.calls("reset")) == 1
    assert not {"containerd", "kubelet", "kube-proxy"} & set(gone.windows["services"])
    assert (gone.windows["hns"], gone.windows["tasks"]) == ({}, {})
    assert not (gone.drive / "etc").exists() and not (gone.drive / "var/lib").exists()
    assert started.nodes["winhost"].calls("reset") == []
    started.run(*OTHER)
    assert (len(gone.calls("join")), len(started.nodes["winhost"].calls("join"))) == (2, 1)
    pools = {
        pool["NodePoolName"]: pool["OsType"]
        for pool in started.controller.json("get-node-pool", "--cluster-name", "demo")
    }
    assert pools == {"demo-linux": "Linux", "demo-windows": "Windows", "other": "Windows"}
    assert gone.windows["services"]["kubelet"]["status"] == "Running"


def test_remove_cluster_ends_it_on_all_hosts(started: Started) -> None:
    started.run("remove-cluster", "--name", "demo", "--yes")
    for node in started.nodes.values():
        assert node.calls("reset")
        assert not {"containerd", "kubelet", "kube-proxy"} & set(node.windows["services"])
        assert not (node.drive / "etc").exists()
        assert not list((node.drive / "ProgramData/aksprov").glob("originals"))
