"""How long the program takes, as a table: `make bench`.  It measures and asserts nothing."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import allocation
import estate
from demo import CLUSTER, HOSTS, NETWORK, Demo
from minilab import Lab, missing

AKSPROV = Path(sys.executable).with_name("aksprov")


@dataclass(frozen=True)
class Measurement:
    """Medians of several runs of one command, in seconds.

    Args:
        cpu: user and system time of the command and of what it waited for, on this machine only.
        target: what `cpu` is expected to stay under, None where nothing is.
    """

    what: str
    runs: int
    wall: float
    cpu: float
    target: float | None = None


def measure(
    what: str,
    argv: Sequence[str | Path],
    *,
    runs: int = 1,
    target: float | None = None,
    env: Mapping[str, str] | None = None,
) -> Measurement:
    """Run a command to its end, several times.

    Raises:
        subprocess.CalledProcessError: it did not end with 0.
    """
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, list(argv))
        times.append((time.perf_counter() - began, usage.ru_utime + usage.ru_stime))
    wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
    return Measurement(what, runs, wall, cpu, target)


def print_table(measurements: Sequence[Measurement]) -> None:
    """One row a measurement."""
    width = max(len(m.what) for m in measurements)
    print(f"{'':{width}}  {'runs':>4}  {'wall s':>7}  {'CPU s':>7}  {'target':>7}")
    for m in measurements:
        target = "" if m.target is None else f"< {m.target:.2f}"
        print(f"{m.what:{width}}  {m.runs:4}  {m.wall:7.2f}  {m.cpu:7.2f}  {target:>7}")


def demo_cluster() -> list[Measurement]:
    """The demo's cluster on lab hosts: its first run, and one that finds nothing to change."""
    with tempfile.TemporaryDirectory() as folder, Lab(HOSTS, network="10.77.0.0/24") as lab:
        demo = Demo(Path(folder), lab)
        demo.hosts_file()
        demo.aksprov(NETWORK)
        demo.aksprov("add-host --file hosts.yaml")
        argv = lab.inside([str(AKSPROV), *CLUSTER.split()])
        return [
            measure("new-cluster, 7 hosts, first run", argv, env=demo.environment),
            measure("new-cluster, 7 hosts, nothing to change", argv, env=demo.environment, runs=5),
        ]


def main() -> None:
    """Starting up; the main job where lab hosts can run; many hosts in one state; many processes at once."""
    start = [
        measure("python -c pass", [sys.executable, "-c", "pass"], runs=10),
        measure("aksprov --help", [AKSPROV, "--help"], runs=10, target=0.25),
        measure("aksprov new-cluster --help", [AKSPROV, "new-cluster", "--help"], runs=10),
    ]
    why = "; ".join(missing())
    print_table(start + ([] if why else demo_cluster()))
    if why:
        print(f"no lab hosts here: {why}")
    estate.main([])
    allocation.main()


if __name__ == "__main__":
    main()
