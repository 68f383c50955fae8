"""What an Ansible task costs over the bare verb, without the start of Ansible: `make bench-ansible`.

A playbook of one task and one of many are run in turn, with the program by itself between them: a task costs what the
many take more, shared among them.  Both look at 1,000 clusters, and at one network that is there already.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playbooks import Ansible
from powershell import AKSPROV, record

RUNS, TASKS = 5, 10
NETWORK = {
    "name": "net",
    "vswitch_name": "eth0",
    "ip_address_prefix": "10.0.0.0/24",
    "gateway": "10.0.0.1",
    "dns_servers": "10.0.0.1",
    "vip_pool_start": "10.0.0.200",
    "vip_pool_end": "10.0.0.220",
    "k8s_node_ip_pool_start": "10.0.0.10",
    "k8s_node_ip_pool_end": "10.0.0.100",
}


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        state = folder / "state.db"
        record(state)
        ansible = Ansible(folder, state)
        network = ["new-cluster-network"]
        for key, value in NETWORK.items():
            network += [f"--{key.replace('_', '-')}", value]
        _timed([AKSPROV, *network, "--output", "json"], {**os.environ, **ansible.variables})
        print(f"{'':28}  {'runs':>4}  {'task':>6}  {'program':>7}  {'more':>6}  {'target':>7}")
        _compare(ansible, "cluster_info", {"name": "c7"}, ["get-cluster", "--name", "c7"])
        _compare(ansible, "cluster_info", {}, ["get-cluster"])  # 1,000 of them, 1.4 MB of facts
        _compare(ansible, "cluster_network", NETWORK, network)


def _compare(ansible: Ansible, module: str, values: dict[str, Any], verb: Sequence[str]) -> None:
    """A line of the table."""
    for count in (1, TASKS + 1):
        tasks = [{f"aksprov.hci.{module}": values, "register": f"r{n}"} for n in range(count)]
        play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
        (ansible.folder / f"{count}.yml").write_text(json.dumps(play))
    surroundings = {**os.environ, **ansible.variables}
    one: list[float] = []
    many: list[float] = []
    bare: list[float] = []
    for _ in range(RUNS):
        one.append(_play(ansible, 1))
        bare += [_timed([AKSPROV, *verb, "--output", "json"], surroundings) for _ in range(3)]
        many.append(_play(ansible, TASKS + 1))
    task = (statistics.median(many) - statistics.median(one)) / TASKS
    program = statistics.median(bare)
    print(f"{module:28}  {RUNS:4}  {task:6.2f}  {program:7.2f}  {task - program:6.2f}  {'< 0.30':>7}")


def _play(ansible: Ansible, count: int) -> float:
    began = time.perf_counter()
    done = ansible.run("ansible-playbook", f"{count}.yml")
    took = time.perf_counter() - began
    assert done.returncode == 0, done.stdout + done.stderr
    return took


def _timed(argv: Sequence[str | Path], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(argv, env=environment, capture_output=True, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
