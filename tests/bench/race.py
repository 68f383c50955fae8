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
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import metering
from minilab import Lab
from minilab.lab import MANY_LOGINS
from minilab.spec import HostOptions
from peers import OURS, SHORTEST, WORKS, Aksprov, Ansible, OpenSsh, Pyinfra, Tool, Work
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


@dataclass(frozen=True)
class Heat:
    """So many hosts, so many runs, and the tools that take turns."""

    hosts: int
    runs: int
    tools: tuple[str, ...]


# Ansible with 50 hosts takes minutes for each of its works: once.
HEATS = (
    Heat(10, 3, ("aksprov", "mitogen", "pyinfra")),
    Heat(50, 1, ("aksprov", "ansible")),
    Heat(200, 3, ("aksprov", "ours", "shortest")),
    Heat(200, 1, ("aksprov", "pyinfra")),
)


@dataclass(frozen=True)
class Comparison:
    """A line of the table: how often a peer's cost is the program's, or which share of it the program's is."""

    heat: int
    peer: str
    figure: Literal["wall", "cpu"]
    share: bool
    text: str


COMPARISONS = (
    Comparison(1, "Ansible", "wall", False, "Ansible (50 forks, pipelining, copy loop), 50 hosts: wall"),
    Comparison(1, "Ansible", "cpu", False, "the same: client CPU"),
    Comparison(0, "Ansible + Mitogen", "wall", False, "Ansible with Mitogen, 10 hosts: wall"),
    Comparison(0, "pyinfra", "wall", False, "pyinfra, 10 hosts: wall"),
    Comparison(3, "pyinfra", "cpu", False, "pyinfra, 200 hosts: client CPU"),
    Comparison(2, OURS, "wall", True, "`ssh` + `tar`, curve25519, our host script, 200 hosts: share of its wall"),
    Comparison(2, OURS, "cpu", True, "the same: share of its client CPU"),
    Comparison(2, SHORTEST, "wall", True, "`ssh` + `tar`, the shortest script, 200 hosts: share of its wall"),
)


def race(heat: Heat) -> Readings:
    """One heat, on hosts that are made for it."""
    with scene(heat.hosts) as (lab, hosts, folder):
        tools = [tool(name, lab, hosts, folder) for name in heat.tools]
        for each in tools:
            prepare(lab, each, folder)
        return run(lab, hosts, tools, folder, heat.runs)


def median(readings: Readings, name: str, work: Work, figure: str) -> float:
    """Of the runs of one tool's work."""
    return statistics.median(getattr(reading, figure) for reading in readings[name, work])


def ratio(readings: Readings, line: Comparison, work: Work) -> float:
    """Above 1 the program is faster; as a share, below 1.  The median over the rounds, each of which has both."""
    pairs = zip(readings["aksprov", work], readings[line.peer, work], strict=True)
    ours_by_peers = statistics.median(getattr(a, line.figure) / getattr(b, line.figure) for a, b in pairs)
    return ours_by_peers if line.share else 1 / ours_by_peers


def print_readings(heat: Heat, readings: Readings) -> None:
    """A line for each work of each tool."""
    for name, work in readings:
        wall, cpu, rss = (median(readings, name, work, figure) for figure in ("wall", "cpu", "rss"))
        print(
            f"{name:28} {work} {heat.hosts:4} hosts, {heat.runs} runs: wall {wall:7.2f} s, "
            f"client CPU {cpu:6.2f} s, largest process {rss:4.0f} MB",
            flush=True,
        )


def print_table(found: Sequence[Readings]) -> None:
    """The README's table."""
    print("\n| against | W1 | W2 | W3 |\n| --- | --- | --- | --- |")
    for line in COMPARISONS:
        values = (ratio(found[line.heat], line, work) for work in WORKS)
        shown = (f"{value:.2f}" if line.share else f"{value:.1f}x" for value in values)
        print(f"| {line.text} | {' | '.join(shown)} |")
    few, many = found[0], found[2]
    slopes = [
        1000 * (median(many, "aksprov", work, "cpu") - median(few, "aksprov", work, "cpu")) / (200 - 10)
        for work in WORKS
    ]
    print(f"| client CPU for one host more, ms | {' | '.join(f'{slope:.1f}' for slope in slopes)} |")
    sizes = (f"{median(many, 'aksprov', work, 'rss'):.0f}" for work in WORKS)
    print(f"| memory with 200 hosts, MB | {' | '.join(sizes)} |")


def main(words: Sequence[str]) -> None:
    """All heats and the table, or HOSTS RUNS TOOL... alone."""
    heats = [Heat(int(words[0]), int(words[1]), tuple(words[2:]))] if words else HEATS
    found = []
    for heat in heats:
        found.append(race(heat))
        load = os.getloadavg()[0]
        print(f"# load of the machine in the last minute: {load:.1f}", flush=True)
        print_readings(heat, found[-1])
    if not words:
        print_table(found)


if __name__ == "__main__":
    main(sys.argv[1:])
