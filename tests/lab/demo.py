"""The demo: lab hosts become a configured cluster, before your eyes.

Run by ``make demo``.  AKSPROV_DEMO chooses: ``lab`` (real hosts, or exit 69), ``render``
(the same job to a folder), ``auto`` (lab where it can run, else render).  Where
AKSPROV_TEST_KUBERNETES names a folder with Kubernetes, it goes on to a cluster that runs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml
from minilab import Lab, missing

HOSTS = ("cp1", "cp2", "cp3", "w1", "w2", "lb1", "lb2")
# Declared, as a machine that runs a demo seldom has what seven servers have.
CAPACITY = {"cpus": 4, "memory_gb": 8}
NETWORK = (
    "new-cluster-network --name labnet --vswitch-name eth0 --ip-address-prefix 10.77.0.0/24 --gateway 10.77.0.1 "
    "--dns-servers 10.77.0.1 --k8s-node-ip-pool-start 10.77.0.11 --k8s-node-ip-pool-end 10.77.0.99 "
    "--vip-pool-start 10.77.0.200 --vip-pool-end 10.77.0.220"
)
CLUSTER = (
    "new-cluster --name demo --vnet labnet --primary-network-plugin calico --control-plane-node-count 3 "
    "--load-balancer-count 2 --node-pool-name linuxpool --node-count 2 --os-type linux --configure-only"
)
RUNNING = ("cp1", "w1", "lb1")
RUNNING_CLUSTER = (
    "new-cluster --name demo --vnet labnet --node-pool-name linuxpool --kubernetes-version {version} "
    "--network-plugin-manifest plugin.yaml --node-settings @settings.json"
)
VIP = ("10.77.0.200", 6443)
NOT_AVAILABLE = 69
UNITS = "haproxy keepalived"


class Demo:
    """Runs commands as a user would, in a folder of its own.

    Args:
        folder: home, state and hosts file are in it.
        lab: whose network the commands run in; None for this machine's own.
    """

    def __init__(self, folder: Path, lab: Lab | None) -> None:
        self.folder, self.lab = folder, lab
        self.environment = {**os.environ, "AKSPROV_STATE": str(folder / "state.db")}

    def aksprov(self, line: str, *, expect: int = 0) -> None:
        """Run one aksprov command, shown with its output; end the demo when it does not do as it should."""
        self.run(f"aksprov {line}", Path(sys.executable).with_name("aksprov"), expect=expect)

    def run(self, line: str, program: Path, *, expect: int = 0) -> None:
        """Run the program that a command line names."""
        print(f"\n$ {line}", flush=True)
        argv = [str(program), *line.split()[1:]]
        if self.lab is not None:
            argv = self.lab.inside(argv)
        done = subprocess.run(argv, env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != expect:
            sys.exit(f"demo: exit code {done.returncode} where {expect} was expected")

    def hosts_file(self, names: Sequence[str] = HOSTS) -> None:
        """Write hosts.yaml: who is there and how to reach it."""
        entries = []
        for number, name in enumerate(names):
            entry = {
                "name": name,
                "address": f"10.77.0.{11 + number}",
                "os": "linux",
                "roles": ["load-balancer"] if name.startswith("lb") else ["control-plane", "worker"],
                "capacity": CAPACITY,
            }
            if self.lab is not None:
                host = self.lab[name]
                entry |= {"user": "root", "key_file": str(self.lab.key), "host_key": host.host_key}
            entries.append(entry)
        (self.folder / "hosts.yaml").write_text(yaml.safe_dump({"hosts": entries}, sort_keys=False))


def in_lab(folder: Path) -> None:
    """The main job on real hosts, and what happens when a load balancer is lost."""
    print(f"Booting {len(HOSTS)} lab hosts (the first time their Debian is fetched: about a minute) ...", flush=True)
    with Lab(HOSTS, network="10.77.0.0/24") as lab:
        demo = Demo(folder, lab)
        demo.hosts_file()
        demo.aksprov(NETWORK)
        demo.aksprov("add-host --file hosts.yaml")
        demo.aksprov(f"{CLUSTER} --what-if", expect=2)
        demo.aksprov(CLUSTER)
        demo.aksprov("get-cluster-network --name labnet --addresses")
        lose_a_load_balancer(lab)
        demo.aksprov("test-cluster --name demo")
        demo.aksprov(CLUSTER)


def to_a_running_cluster(folder: Path) -> None:
    """Kubernetes itself, on three hosts that have its programs and images."""
    from kit import PACKAGES, VERSION, Kit  # of the tests of real clusters, which need the folder
    from kubernetes_lab import HERE, SETTINGS
    from minilab.spec import RUNTIME, HostOptions

    print(f"\nBooting {len(RUNNING)} more hosts, and putting Kubernetes {VERSION} on them ...", flush=True)
    nodes: list[HostOptions] = [{"name": name, **RUNTIME} for name in ("cp1", "w1")]
    with Lab([*nodes, "lb1"], packages=PACKAGES, network="10.77.0.0/24") as lab:
        kit = Kit()
        kit.prepare(lab, ["cp1"], ["w1"])
        demo = Demo(folder, lab)
        demo.hosts_file(RUNNING)
        shutil.copy(HERE / "plugin.yaml", folder)
        (folder / "settings.json").write_text(json.dumps(SETTINGS))
        demo.aksprov(NETWORK)
        demo.aksprov("add-host --file hosts.yaml")
        demo.aksprov(RUNNING_CLUSTER.format(version=VERSION))
        demo.aksprov("get-credential --name demo --config-path demo.kubeconfig")
        demo.run("kubectl --kubeconfig demo.kubeconfig get nodes", kit.program("kubectl"))


def lose_a_load_balancer(lab: Lab) -> None:
    """Cut the one that holds the VIP, see the other take it, and bring it back."""
    first = holder_of_vip(lab)
    print(f"\n{first} holds the API server's address {VIP[0]}; its power is cut now ...", flush=True)
    lab[first].off(cut=True)
    began = time.monotonic()
    while not answers(lab):
        if time.monotonic() - began > 30:
            sys.exit("demo: the VIP did not move within 30 s")
        time.sleep(0.1)
    taken = time.monotonic() - began
    print(f"{holder_of_vip(lab)} has taken it: {VIP[0]}:{VIP[1]} answers again after {taken:.1f} s.", flush=True)
    lab[first].on()
    began = time.monotonic()
    while lab[first].ssh(f"systemctl is-active {UNITS}", check=False).returncode:
        if time.monotonic() - began > 30:
            sys.exit(f"demo: {first} did not come back within 30 s")
        time.sleep(0.2)
    print(f"{first} is back and stands by.", flush=True)


def holder_of_vip(lab: Lab) -> str:
    """Name of the load balancer that has the VIP on its interface."""
    for name in ("lb1", "lb2"):
        if lab.status()[name]["state"] == "running" and f" {VIP[0]}/" in lab[name].shell("ip -o -4 addr").stdout:
            return name
    sys.exit("demo: no load balancer holds the VIP")


def answers(lab: Lab) -> bool:
    """Whether HAProxy accepts a connection on the VIP."""
    try:
        with lab.connect(*VIP, timeout=0.5):
            return True
    except OSError:
        return False


def to_folder(folder: Path, why: str) -> None:
    """The same job where no lab hosts can run: bundles written and checked, no host contacted."""
    demo = Demo(folder, None)
    demo.hosts_file()
    demo.aksprov(NETWORK)
    demo.aksprov("add-host --file hosts.yaml --offline")
    demo.aksprov(f"{CLUSTER} --output-dir review")
    print()
    for path in sorted((folder / "review").rglob("*")):
        if path.is_file():
            print(path.relative_to(folder))
    demo.aksprov(f"{CLUSTER} --output-dir review")
    print(f"\nRENDERED ONLY: {why}")


def main() -> None:
    """Run the demo that fits this machine."""
    wish = os.environ.get("AKSPROV_DEMO", "auto")
    if wish not in ("auto", "lab", "render"):
        sys.exit(f"demo: AKSPROV_DEMO is {wish!r}; it is auto, lab or render")
    why = "AKSPROV_DEMO=render" if wish == "render" else "; ".join(missing())
    if why and wish == "lab":
        print(f"demo: lab hosts cannot run here: {why}", file=sys.stderr)
        sys.exit(NOT_AVAILABLE)
    with tempfile.TemporaryDirectory(prefix="aksprov-demo-") as folder:
        if why:
            print(f"Lab hosts cannot run here: {why}\nDoing the same job to a folder.")
            to_folder(Path(folder), why)
        else:
            in_lab(Path(folder))
            if os.environ.get("AKSPROV_TEST_KUBERNETES"):
                with tempfile.TemporaryDirectory(prefix="aksprov-demo-") as another:
                    to_a_running_cluster(Path(another))


if __name__ == "__main__":
    main()
