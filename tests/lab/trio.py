"""The smallest cluster with every role, one host of each, and what is told of a run over it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from configured import NETWORK
from controller import Controller
from minilab import Host, Lab

ROLES = {"cp1": "control-plane", "lb1": "load-balancer", "w1": "worker"}
CLUSTER = (
    "new-cluster --name demo --vnet labnet --primary-network-plugin calico --control-plane-node-count 1 "
    "--load-balancer-count 1 --node-pool-name linuxpool --node-count 1 --os-type linux --configure-only"
).split()
# Beside ours, where whatever listens only with the old configuration of HAProxy is seen.
OLD_PORT = 7777
OLD_LISTENER = f"\\nlisten old\\n    bind 127.0.0.1:{OLD_PORT}\\n    mode tcp\\n"
# In place of a program on a host: counts its calls, does WHAT at the one whose number is in /run/stop-at.
COUNTING = """#!/bin/sh
n=$(cat /run/calls 2>/dev/null || echo 0)
echo $((n + 1)) > /run/calls
if [ "$n" = "$(cat /run/stop-at)" ]; then
    WHAT
fi
exec /usr/bin/PROGRAM "$@"
"""
WAIT = "touch /run/stopped; until [ -e /run/go ]; do /usr/bin/sleep 0.05; done"


class Trio:
    """The cluster of a controller."""

    def __init__(self, controller: Controller) -> None:
        self.controller, self.lab = controller, controller.lab
        self.events_file = controller.directory / "events.jsonl"

    @classmethod
    def make(cls, controller: Controller) -> Trio:
        """Define the network, add the hosts and configure the cluster."""
        controller.run(*NETWORK)
        controller.run("add-host", "--file", controller.write_hosts(more={h: {"roles": [r]} for h, r in ROLES.items()}))
        trio = cls(controller)
        trio.run(check=0)
        return trio

    def argv(self, command: Sequence[str] = CLUSTER) -> list[str]:
        """The arguments of aksprov that configure the cluster, or others, with events in a new file."""
        self.events_file.unlink(missing_ok=True)
        return [*command, "--events", str(self.events_file)]

    def run(self, *, check: int | None) -> subprocess.CompletedProcess[str]:
        """Configure it; the same command every time."""
        return self.controller.run(*self.argv(), check=check)

    def start(self, **environment: str) -> subprocess.Popen[str]:
        """Begin to configure it, with more in the environment."""
        assignments = [f"{name}={value}" for name, value in environment.items()]
        return subprocess.Popen(
            ["env", *assignments, *self.controller.argv(*self.argv())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.controller.environment,
            cwd=self.controller.directory,
        )

    def events(self) -> list[dict[str, Any]]:
        """Those of the newest run, without a line that it was killed in the middle of."""
        text = self.events_file.read_text() if self.events_file.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def failures(self) -> dict[str, dict[str, Any]]:
        """Host -> code and why, of those that failed in the newest run."""
        failed = [e for e in self.events() if e["kind"] == "host.failed"]
        assert len(failed) == len({e["host"] for e in failed}), failed
        return {e["host"]: e["data"] for e in failed}

    def plan(self) -> list[str]:
        """The hosts that would be changed now."""
        plan = json.loads(self.controller.run(*CLUSTER, "--what-if", "--output", "json", check=None).stdout)
        return [host["name"] for host in plan["hosts"]]

    def journal(self) -> list[tuple[str, ...]]:
        """Every row of the steps, oldest first: run, host, step, input hash, result."""
        with sqlite3.connect(self.controller.state) as state:
            return state.execute("SELECT run, host, step, input_hash, result FROM steps ORDER BY id").fetchall()

    def runs(self) -> int:
        """How many runs there have been."""
        with sqlite3.connect(self.controller.state) as state:
            return int(state.execute("SELECT count(*) FROM runs").fetchone()[0])

    def spoil(self) -> None:
        """Give the load balancer another configuration, which is in force, and take a file from the worker."""
        self.lab["lb1"].shell(
            f"grep -q 'listen old' /etc/haproxy/haproxy.cfg || printf '{OLD_LISTENER}' >> /etc/haproxy/haproxy.cfg;"
            " echo '# old' >> /etc/keepalived/keepalived.conf;"
            " systemctl reload-or-restart haproxy"
        )
        until(lambda: listens(self.lab["lb1"], OLD_PORT))
        self.lab["w1"].shell("rm -f /etc/crictl.yaml")

    def forget_files(self) -> None:
        """As if nobody had ever configured the hosts, but for what the state records."""
        for name in ROLES:
            self.lab[name].shell(
                "cat /var/lib/aksprov/manifest.json | tr ',' '\\n' | sed -n 's/.*\"path\":\"\\(.*\\)\"/\\1/p'"
                " | xargs -r rm -f; rm -rf /etc/kubernetes/pki"
            )

    def is_whole(self) -> bool:
        """Whether no host has anything of an unfinished change."""
        return not any(litter(self.lab[name]) for name in ROLES)


def trap(host: Host, program: str, call: int, what: str = WAIT) -> None:
    """Have a host's program do something else at its n-th call, from 0; -1 only counts."""
    host.write(f"/usr/local/sbin/{program}", COUNTING.replace("WHAT", what).replace("PROGRAM", program))
    host.shell(
        f"chmod 755 /usr/local/sbin/{program}; rm -f /run/calls /run/stopped /run/go; echo {call} > /run/stop-at"
    )


def release(host: Host, program: str) -> None:
    """Let what waits go on, and take the trap away."""
    host.shell(f"rm -f /usr/local/sbin/{program}; touch /run/go")


def listens(host: Host, port: int) -> bool:
    """Whether something listens there."""
    return f":{port} " in host.shell("ss -Hltn").stdout


@contextmanager
def slow_line(lab: Lab, host: Host) -> Iterator[None]:
    """32 kbit/s from and to a host, on both ends of its cable, for the length of the body."""
    index = host.shell("cat /sys/class/net/eth0/iflink").stdout.strip()
    links = lab.run(["ip", "-o", "link"]).stdout.splitlines()
    cable = next(line.split()[1].partition("@")[0] for line in links if line.startswith(f"{index}:"))
    rate = "root tbf rate 32kbit burst 2kb latency 5s"
    host.shell(f"tc qdisc add dev eth0 {rate}")
    lab.run(["tc", "qdisc", "add", "dev", cable, *rate.split()])
    try:
        yield
    finally:
        host.shell("tc qdisc del dev eth0 root")
        lab.run(["tc", "qdisc", "del", "dev", cable, "root"])


def litter(host: Host) -> str:
    """Names of what a change leaves only while it goes on."""
    return host.shell(
        "find /etc /srv /var/lib/aksprov /run/aksprov -name '*.aksprov-*' -o -name 'swap.log*' -o -name 'stage-*'"
        " -o -name '*.part' -o -path /var/lib/aksprov/lock 2>/dev/null",
        check=False,
    ).stdout


def until(true: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a condition.

    Raises:
        AssertionError: it did not come true.
    """
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
