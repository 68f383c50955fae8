"""A cluster that the product brings up on a lab's hosts, and how tests look at it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from configured import NETWORK, eventually
from controller import Controller
from kit import LAB, VERSION, Kit
from minilab import Lab

HERE = Path(__file__).parent
# What hosts that are containers of a small machine ask for, and that the kit has no CoreDNS.
SETTINGS = {
    "containerd": {"restrictOomScoreAdj": True},
    "KubeletConfiguration": {"maxOpenFiles": 20000, "syncFrequency": "5s", "nodeStatusUpdateFrequency": "4s"},
    "KubeProxyConfiguration": {"conntrack": {"maxPerCore": 0, "min": 0}},
    "skipAddons": ["coredns"],
    "ignorePreflightErrors": ["ImagePull"],
}
ROLES = {"cp": "control-plane", "lb": "load-balancer", "w": "worker"}


class Bench:
    """Lab hosts with the kit on them, recorded as hosts of a controller.

    Args:
        spare: how many workers the cluster has no use for at first.
        bare: the hosts have nothing, and get all of it from an offline bundle of the kit.
    """

    def __init__(self, lab: Lab, directory: Path, kit: Kit, spare: int = 0, *, bare: bool = False) -> None:
        self.lab, self.kit, self.controller, self._spare = lab, kit, Controller(lab, directory), spare
        self.names = list(lab.hosts)
        self.nodes = [name for name in self.names if not name.startswith("lb")]
        (directory / "settings.json").write_text(json.dumps(SETTINGS))
        roles = {name: {"roles": [ROLES[name.rstrip("0123456789")]]} for name in self.names}
        self.source: list[str] = []
        if bare:
            folder = kit.bundle_source(directory / "downloads")
            bundle = ("--folder", folder, "--output-dir", directory / "bundle", "--kubernetes-version", VERSION)
            self.controller.run("new-offline-bundle", *bundle)
            self.source = ["--offline-bundle", str(directory / "bundle")]
            for name in self.nodes:
                lab[name].ssh(LAB)
        else:
            control_planes = [n for n in self.nodes if n.startswith("cp")]
            kit.prepare(lab, control_planes, [n for n in self.nodes if n.startswith("w")])
        self.controller.run(*NETWORK)
        self.controller.run("add-host", "--file", self.controller.write_hosts(more=roles))

    # how many control planes the cluster has at first; all where there is no number
    planes = 0

    @property
    def command(self) -> list[str]:
        """The command that makes the whole cluster."""
        counts = {role: sum(name.startswith(role) for name in self.names) for role in ROLES}
        return [
            *"new-cluster --name demo --vnet labnet --node-pool-name linuxpool --os-type linux".split(),
            *f"--control-plane-node-count {self.planes or counts['cp']} --load-balancer-count {counts['lb']}".split(),
            *f"--node-count {counts['w'] - self._spare} --kubernetes-version {VERSION}".split(),
            *("--api-server-dns-name", "demo.example.org"),
            *("--network-plugin-manifest", str(HERE / "plugin.yaml"), "--node-settings", "@settings.json"),
            *self.source,
        ]

    def make(self, *more: str, check: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Bring the cluster up, or see that there is nothing to do."""
        return self.controller.run(*self.command, *more, check=check, timeout=600)

    def kill_at(self, kind: str, step: str, *command: str) -> None:
        """Give a command, which brings the cluster up where none is named, and kill the program dead at an event."""
        running = self.start_until(kind, step, *command)
        running.send_signal(signal.SIGKILL)
        running.communicate()

    def start_until(self, kind: str, step: str, *command: str) -> subprocess.Popen[str]:
        """Give a command, or bring the cluster up, as far as to an event; the program goes on."""
        events = self.controller.directory / "events"
        events.unlink(missing_ok=True)
        running = self.controller.start(*(command or self.command), "--events", str(events))

        def came() -> bool:
            assert running.poll() is None, (kind, step, *running.communicate())
            lines = events.read_text().splitlines() if events.exists() else []
            return any(
                f'"kind":"{kind}"' in line and f'"step":"{step}"' in line for line in lines if line.endswith("}")
            )

        try:
            eventually(came, bool, 240)
        except AssertionError:
            running.kill()
            raise
        return running

    def failures(self) -> dict[str, str]:
        """Bring the cluster up as far as it goes; host -> the row that failed, its code first."""
        done = self.controller.run(*self.command, "--output", "json", check=1, timeout=600)
        return dict(re.findall(r"^Failed: (\S+) (.*)$", done.stderr, re.MULTILINE))

    def uid(self) -> str:
        """What no second kubeadm init would leave as it is."""
        command = (
            "kubectl --kubeconfig /etc/kubernetes/admin.conf get namespace kube-system -o 'jsonpath={.metadata.uid}'"
        )
        uid = self.lab["cp1"].ssh(command).stdout.strip()
        assert len(uid) == 36
        return uid

    def kubectl(self, *arguments: str, stdin: str = "", program: Path | None = None) -> str:
        """What a kubectl prints, by default the kit's, from the controller's place with the product's kubeconfig."""
        command = [str(program or self.kit.program("kubectl")), f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(
            self.lab.inside(command), input=stdin, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, (arguments, done.stdout[-1000:], done.stderr[-2000:])
        return done.stdout

    def get(self, *arguments: str) -> Any:
        """An object of the API server."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    @property
    def kubeconfig(self) -> Path:
        """The file that get-credential writes here."""
        return self.controller.directory / "demo.kubeconfig"

    def ready(self) -> dict[str, str]:
        """Node -> status of its condition Ready."""
        nodes = self.get("nodes")["items"]
        return {
            n["metadata"]["name"]: next(c["status"] for c in n["status"]["conditions"] if c["type"] == "Ready")
            for n in nodes
        }

    def fetch(self, url: str, node: str) -> str:
        """The answer of a pod, asked from a node."""
        done = self.lab[node].ssh(f"curl -s -m 5 {url} || wget -qO- -T 5 {url}", check=False)
        return done.stdout.strip()


def wait(seconds: float, what: str, check: Any) -> Any:
    """The first true value, asked again while it is not there yet."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.5)
    return found
