"""Bring-up of clusters of 1 + 1 + 1 hosts by aksprov and by hand, in one run: ``make bench-bring-up``.

AKSPROV_TEST_KUBERNETES names the Kubernetes.  Each side has hosts of its own, booted anew, which have programs and
images; counted is from then on, in seconds of this machine's clock, until every node is Ready (aksprov verifies after
that).  By hand is :mod:`by_hand`: the same files, pushed by ssh, and kubeadm's own commands.  ``python bring_up.py 2``
measures two clusters at once only; controller and hosts share the machine.  It asserts nothing.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from by_hand import by_hand
from controller import Controller
from kit import PACKAGES, VERSION, Kit
from kubernetes_lab import HERE, SETTINGS
from minilab import Lab
from minilab.spec import RUNTIME, HostOptions
from turns import Turns

ROLES = {"cp": "control-plane", "w": "worker", "lb": "load-balancer"}
NETWORK = (
    "new-cluster-network --name labnet --vswitch-name eth0 --ip-address-prefix 10.77.0.0/16 --gateway 10.77.0.1 "
    "--dns-servers 10.77.0.1 --k8s-node-ip-pool-start 10.77.1.1 --k8s-node-ip-pool-end 10.77.1.99 "
    "--vip-pool-start 10.77.0.200 --vip-pool-end 10.77.0.220"
).split()
PLUGIN = HERE / "plugin.yaml"
PHASES = ("configure", "init", "join", "plugin, Ready", "verify")
Seconds = dict[str, float]


def cluster(name: str) -> list[str]:
    """The command that makes one."""
    return [
        *f"new-cluster --name {name} --vnet labnet --node-pool-name pool --kubernetes-version {VERSION}".split(),
        *("--network-plugin-manifest", str(PLUGIN), "--node-settings", "@settings.json"),
    ]


@contextmanager
def booted(count: int, kit: Kit) -> Iterator[Lab]:
    """Hosts for so many clusters, with Kubernetes' programs and images."""
    names = [f"{role}{n + 1}" for role in ("cp", "w") for n in range(count)]
    nodes: list[HostOptions] = [{"name": name, **RUNTIME} for name in names]
    with Lab([*nodes, *(f"lb{n + 1}" for n in range(count))], packages=PACKAGES) as lab:
        kit.prepare(lab, names[:count], names[count:])
        yield lab


def controlled(lab: Lab, folder: Path) -> Controller:
    """A controller that knows the hosts."""
    controller = Controller(lab, folder)
    (folder / "settings.json").write_text(json.dumps(SETTINGS))
    roles = {name: {"roles": [ROLES[name.rstrip("0123456789")]]} for name in lab.hosts}
    controller.run(*NETWORK)
    controller.run("add-host", "--file", controller.write_hosts(more=roles))
    return controller


def by_aksprov(lab: Lab, folder: Path, names: list[str]) -> tuple[list[Seconds], dict[str, int]]:
    """The phases of each cluster, all made at once; and the turns of SSH, host by host."""
    controller = controlled(lab, folder)
    with Turns(lab) as turns, ThreadPoolExecutor(len(names)) as pool:
        phases = list(pool.map(lambda name: _made(controller, name), names))
    return phases, {name: turns.by_address[lab[name].ip] for name in lab.hosts}


def _made(controller: Controller, name: str) -> Seconds:
    events = controller.directory / f"{name}.events"
    began = time.time()
    controller.run(*cluster(name), "--events", str(events), timeout=900)
    ended = time.time()
    at: dict[tuple[str, str], float] = {}
    for event in map(json.loads, events.read_text().splitlines()):
        at[event["kind"], event.get("step", "")] = datetime.fromisoformat(event["time"]).timestamp()
    init, join, plugin = "init-control-plane", "join-worker", "apply-network-plugin"
    moments = [
        began,
        at["step.started", init],
        at["step.finished", init],
        at["step.finished", join],
        at["step.finished", plugin],
        ended,
    ]
    return dict(zip(PHASES, (b - a for a, b in itertools.pairwise(moments)), strict=True))


def by_commands(lab: Lab, folder: Path, names: list[str]) -> list[Seconds]:
    """The same clusters by plain commands; the files are rendered before the clock starts."""
    controller = controlled(lab, folder)
    for name in names:
        controller.run(*cluster(name), "--configure-only", "--output-dir", f"review/{name}")
    placed = {c["Name"]: {node["Role"]: node["Host"] for node in c["Nodes"]} for c in controller.json("get-cluster")}
    plugin = PLUGIN.read_text()
    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(lambda name: by_hand(lab, folder / "review" / name, placed[name], plugin), names))


def measure(count: int, kit: Kit) -> None:
    """One table: so many clusters at once."""
    names = [f"c{n + 1}" for n in range(count)]
    with tempfile.TemporaryDirectory() as folder, booted(count, kit) as lab:
        hand = by_commands(lab, Path(folder), names)
    with tempfile.TemporaryDirectory() as folder, booted(count, kit) as lab:
        ours, turns = by_aksprov(lab, Path(folder), names)
    print(f"\n{count} cluster{'s' * (count > 1)} at once: the slowest of each phase, seconds")
    print(f"{'':16}{'by hand':>10}{'aksprov':>10}{'ratio':>8}")
    for phase in PHASES:
        print(f"{phase:16}{_slowest(hand, phase):>10}{_slowest(ours, phase):>10}")
    by_hand_total, total = max(sum(c.values()) for c in hand), max(sum(c.values()) for c in ours)
    print(f"{'whole':16}{by_hand_total:10.1f}{total:10.1f}{total / by_hand_total:8.2f}")
    print("turns of SSH, aksprov: " + ", ".join(f"{host} {n}" for host, n in turns.items()), flush=True)


def _slowest(clusters: list[Seconds], phase: str) -> str:
    found = [c[phase] for c in clusters if phase in c]
    return f"{max(found):.1f}" if found else "-"


def main() -> None:
    """One cluster, then two at once; or as many as the argument says."""
    kit = Kit()
    for count in [int(sys.argv[1])] if len(sys.argv) > 1 else [1, 2]:
        measure(count, kit)


if __name__ == "__main__":
    main()
