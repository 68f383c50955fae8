"""One program with all that it starts, measured: ``python metering.py PROGRAM [ARGUMENT...]`` prints JSON.

Whatever the program leaves running (Ansible's ControlPersist masters) comes to this process, as a
subreaper (prctl(2)), is ended after the program, and counts.  Linux only.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Reading:
    """What one run cost.

    Args:
        wall: seconds until the program ended.
        cpu: user and system seconds of its whole tree.
        rss: resident memory of its largest process at its peak, in MB.
    """

    wall: float
    cpu: float
    rss: float


def read(argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, log: Path) -> Reading:
    """Run a program to its end in a process of its own; what it says goes to ``log``.

    Raises:
        RuntimeError: it did not end with 0.
    """
    meter = [sys.executable, __file__, *map(str, argv)]
    with log.open("wb") as said:
        done = subprocess.run(
            meter, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, env=env, cwd=cwd, check=False
        )
    if done.returncode:
        tail = log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(map(str, argv))[:300]}: exit {done.returncode}\n{tail}")
    return Reading(**json.loads(done.stdout))


def main(argv: Sequence[str]) -> int:
    """Run, reap and print."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    began = time.perf_counter()
    process = subprocess.Popen(argv, stdout=sys.stderr)
    status = process.wait()
    wall = time.perf_counter() - began
    _end_the_rest()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    json.dump({"wall": wall, "cpu": used.ru_utime + used.ru_stime, "rss": used.ru_maxrss * 1024 / 1e6}, sys.stdout)
    return status


def _end_the_rest() -> None:
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while pids := children.read_text().split():
        for pid in pids:
            os.kill(int(pid), signal.SIGTERM)
        os.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
