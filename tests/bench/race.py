"""The program against what people use instead, on the same lab hosts in one run: ``make bench-peers``.

``python race.py`` prints the README's table; ``python race.py HOSTS RUNS TOOL...`` measures some of it.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import metering
from minilab import Lab
from minilab.lab import MANY_LOGINS
from minilab.spec import HostOptions
from peers import WORKS, Aksprov, Ansible, OpenSsh, Pyinfra, Tool, Work
from workload import check, clean, write_files

PEERS = Path(os.environ.get("AKSPROV_BENCH_PEERS", "/tmp/none"))
Readings = Mapping[tuple[str, Work], Sequence[metering.Reading]]


@contextmanager
def scene(count: int) -> Iterator[tuple[Lab, list[str], Path]]:
    """So many hosts with sshd and Python and no systemd, and a folder of files for each."""
    hosts: list[HostOptions] = [{"name": f"h{number}", "kind": "light"} for number in range(1, count + 1)]
    with (
        tempfile.TemporaryDirectory() as folder,
        Lab(hosts, packages=["python3"], sshd_config=MANY_LOGINS) as lab,
    ):
        names = [host["name"] for host in hosts]
        write_files(Path(folder) / "files", names)
        yield lab, names, Path(folder)


def tool(name: str, lab: Lab, hosts: Sequence[str], folder: Path) -> Tool:
    """One tool, set up in a folder of its own."""
    place = folder / f"{name}-{len(hosts)}"
    place.mkdir()
    files = folder / "files"
    subset = folder / f"files-{len(hosts)}"
    if not subset.exists():
        subset.mkdir()
        for host in hosts:
            (subset / host).symlink_to(files / host)
    made: dict[str, Callable[[], Tool]] = {
        "aksprov": lambda: Aksprov(lab, hosts, subset, place),
        "ansible": lambda: Ansible(lab, hosts, files, place, PEERS, mitogen=False),
        "mitogen": lambda: Ansible(lab, hosts, files, place, PEERS, mitogen=True),
        "pyinfra": lambda: Pyinfra(lab, hosts, files, place, PEERS),
        "ours": lambda: OpenSsh(lab, hosts, files, place, ours=True),
        "shortest": lambda: OpenSsh(lab, hosts, files, place, ours=False),
    }
    return made[name]()


def run(lab: Lab, hosts: Sequence[str], tools: Sequence[Tool], folder: Path, runs: int) -> Readings:
    """Each work of each tool so many times, the tools taking turns."""
    readings: dict[tuple[str, Work], list[metering.Reading]] = defaultdict(list)
    for _ in range(runs):
        for each in tools:
            clean(lab, hosts)
            for work in WORKS:
                readings[each.name, work].append(_do(lab, each, work, folder))
            check(lab, hosts[-1])
    return readings


def _do(lab: Lab, each: Tool, work: Work, folder: Path) -> metering.Reading:
    place = each.environment()["HOME"]
    return metering.read(lab.inside(each.argv(work)), env=each.environment(), cwd=Path(place), log=folder / "log")


def prepare(lab: Lab, each: Tool, folder: Path) -> None:
    """Record the hosts: the inventory is there before the work begins, as it is for every tool."""
    if isinstance(each, Aksprov):
        argv = lab.inside([each.program, "add-host", "--file", "hosts.yaml", "--offline"])
        metering.read(argv, env=each.environment(), cwd=Path(each.environment()["HOME"]), log=folder / "log")


def main(words: Sequence[str]) -> None:
    """Measure, and print each median."""
    count, runs = int(words[0]), int(words[1])
    with scene(count) as (lab, hosts, folder):
        tools = [tool(name, lab, hosts, folder) for name in words[2:]]
        for each in tools:
            prepare(lab, each, folder)
        for (name, work), found in run(lab, hosts, tools, folder, runs).items():
            wall, cpu, rss = (statistics.median(getattr(r, f) for r in found) for f in ("wall", "cpu", "rss"))
            print(f"{name:28} {work}  wall {wall:7.2f}  cpu {cpu:7.2f}  rss {rss:4.0f} MB  hosts {count}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
