"""12 files of 30 KB on Windows hosts: aksprov, Ansible's connection plugins, plain pypsrp: ``make bench-windows``.

Four tables: 50 hosts by rule at 0 and 30 ms of latency for each answer, and, where AKSPROV_TEST_PWSH names an engine, 5
whose scripts it runs, at both.  ``python windows.py HOSTS LATENCY-MS`` measures one of them by rule.  Wall and CPU are
the client's; the hosts run on the same machine, so wall is theirs, too.  It asserts nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import metering

HERE = Path(__file__).parent
PEERS = Path(os.environ.get("AKSPROV_BENCH_PEERS", "/tmp/none")) / "bin/python"
TOOLS = ("aksprov psrp", "aksprov winrm", "ansible psrp", "ansible winrm", "pypsrp copy")
WORKS = ("first", "unchanged")


@dataclass(frozen=True)
class Line:
    """One run of one tool.

    Args:
        trips: HTTP round trips a host.
    """

    tool: str
    work: str
    reading: metering.Reading
    trips: float


def measure(count: int, latency: int, tools: Sequence[str], engine: str) -> list[Line]:
    """Each tool twice on hosts that are fresh for it."""
    lines = []
    for tool in tools:
        with tempfile.TemporaryDirectory() as name:
            lines += _one_tool(tool, Path(name), count, latency, engine)
    return lines


def _one_tool(tool: str, folder: Path, count: int, latency: int, engine: str) -> list[Line]:
    environment = {**os.environ, "AKSPROV_BENCH_PASSWORD": "Passw0rd!", "HOME": str(folder)}
    serving = [sys.executable, HERE / "windows_hosts.py", folder, str(count), str(latency)]
    hosts = subprocess.Popen(
        serving,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**environment, **({"AKSPROV_BENCH_PWSH": engine} if engine else {})},
    )
    assert hosts.stdin is not None and hosts.stdout is not None
    try:
        (folder / "hosts.json").write_text(hosts.stdout.readline())
        lines = []
        for work in WORKS:
            python = PEERS if tool.startswith("ansible") else Path(sys.executable)
            argv = [python, HERE / "windows_push.py", tool, folder / "hosts.json"]
            reading = metering.read(argv, env=environment, cwd=folder, log=folder / "log")
            print("", file=hosts.stdin, flush=True)
            trips = json.loads(hosts.stdout.readline())["round_trips"]
            lines.append(Line(tool, work, reading, trips))
        return lines
    finally:
        hosts.stdin.close()
        hosts.wait(60)
        hosts.stdout.close()


def print_table(title: str, lines: Sequence[Line]) -> None:
    """A row a run; the ratios are to aksprov psrp at the same work."""
    base = {line.work: line for line in lines if line.tool == TOOLS[0]}
    print(f"\n{title}\n{'':24}  {'trips a host':>12}  {'wall s':>7}  {'CPU s':>7}   trips x  wall x  CPU x")
    for line in lines:
        ours = base[line.work]
        trips, wall = line.trips / ours.trips, line.reading.wall / ours.reading.wall
        cpu = line.reading.cpu / ours.reading.cpu
        print(
            f"{line.tool + ', ' + line.work:24}  {line.trips:12.1f}  {line.reading.wall:7.2f}  {line.reading.cpu:7.2f}"
            f"  {trips:8.1f}  {wall:6.1f}  {cpu:5.1f}"
        )


def main(words: Sequence[str]) -> None:
    """All tables, or the one that is asked for."""
    tools = [tool for tool in TOOLS if PEERS.exists() or not tool.startswith("ansible")]
    scenes = [(int(words[0]), int(words[1]), "")] if words else [(50, 0, ""), (50, 30, "")]
    engine = os.environ.get("AKSPROV_TEST_PWSH", "")
    if engine and not words:
        scenes += [(5, 0, engine), (5, 30, engine)]
    for count, latency, runs in scenes:
        how = "scripts in PowerShell's engine" if runs else "scripts by rule"
        lines = measure(count, latency, tools, runs)
        print_table(f"{count} hosts, {latency} ms, {how}", lines)


if __name__ == "__main__":
    main(sys.argv[1:])
