"""What an Ansible task costs over the bare verb, without the start of Ansible: `make bench-ansible`.

A playbook of one task and one of many are run in turn, with the program by itself between them: a task costs what the
many take more, shared among them.  Both look at 1,000 clusters, and at one network that is there already.  Seconds of
processors are beside those of the clock, as they say the same on a machine that does something else meanwhile.
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
Cost = tuple[float, float]  # seconds of the clock, seconds of processors
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
        print(f"{'':34}  {'runs':>4}  {'task':>6}  {'program':>7}  {'more':>6}  {'target':>6}  {'more CPU':>8}")
        _compare(ansible, "one cluster", ("cluster_info", {"name": "c7"}), ["get-cluster", "--name", "c7"])
        _compare(ansible, "1,000 clusters, 1.4 MB", ("cluster_info", {}), ["get-cluster"])
        _compare(ansible, "a network that is there", ("cluster_network", NETWORK), network)


def _compare(ansible: Ansible, title: str, task: tuple[str, dict[str, Any]], verb: Sequence[str]) -> None:
    """A line of the table."""
    module, values = task
    for count in (1, TASKS + 1):
        tasks = [{f"aksprov.hci.{module}": values, "register": f"r{n}"} for n in range(count)]
        play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
        (ansible.folder / f"{count}.yml").write_text(json.dumps(play))
    surroundings = {**os.environ, **ansible.variables}
    one: list[Cost] = []
    many: list[Cost] = []
    bare: list[Cost] = []
    for _ in range(RUNS):
        one.append(_play(ansible, 1))
        bare += [_timed([AKSPROV, *verb, "--output", "json"], surroundings) for _ in range(3)]
        many.append(_play(ansible, TASKS + 1))
    task_seconds, task_cpu = ((_median(many, i) - _median(one, i)) / TASKS for i in range(2))
    more, cpu = task_seconds - _median(bare, 0), task_cpu - _median(bare, 1)
    print(
        f"{title:34}  {RUNS:4}  {task_seconds:6.2f}  {_median(bare, 0):7.2f}  {more:6.2f}  {'< 0.30':>6}  {cpu:8.2f}",
        flush=True,
    )


def _median(costs: Sequence[Cost], index: int) -> float:
    return statistics.median(cost[index] for cost in costs)


def _play(ansible: Ansible, count: int) -> Cost:
    before = _now()
    done = ansible.run("ansible-playbook", f"{count}.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    return _since(before)


def _timed(argv: Sequence[str | Path], environment: dict[str, str]) -> Cost:
    before = _now()
    subprocess.run(argv, env=environment, capture_output=True, check=True)
    return _since(before)


def _now() -> Cost:
    """The clock, and what the processors have spent on programs that have ended."""
    times = os.times()
    return time.perf_counter(), times.children_user + times.children_system


def _since(before: Cost) -> Cost:
    now = _now()
    return now[0] - before[0], now[1] - before[1]


if __name__ == "__main__":
    sys.exit(main())
