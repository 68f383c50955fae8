"""How many steps the journal takes on this disk: each waits until its entries are there, as during a rollout.

``python tests/bench/journal.py [FOLDER]`` prints one row for each number of hosts that work at once; the folder
is where the state lies, so that its disk is the one that is measured.  A step is two entries: started, and done.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from aksprov.model.host_lease import Holder, LeaseTerms
from aksprov.state import Entry, StepWriter, Store, open_store

HOSTS = (1, 10, 50, 200)  # at once; 50 is what a rollout does
STEPS = 20_000
TARGET = 5000  # steps a second at 50 hosts


@dataclass(frozen=True)
class Rate:
    """What was reached; ``cpu`` is processor time in seconds."""

    hosts: int
    steps: int
    seconds: float
    cpu: float


async def work(steps: StepWriter, host: str, count: int) -> None:
    """One host's steps, one after the other."""
    for number in range(count):
        step = str(number)
        await steps.started(host, [step], "input")
        await steps.write([Entry(host=host, step=step, input_hash="input", result="done")])


async def run(store: Store, hosts: int, count: int) -> None:
    """The steps of all hosts."""
    names = [f"host{n}" for n in range(hosts)]
    with store.write() as transaction:
        run = transaction.runs.begin("bench", ["bench"], str(hosts), "plan")
        epochs = transaction.host_leases.take(names, Holder(run=run, owner="bench"), LeaseTerms())
    async with store.journal.steps_of(run, epochs) as steps:
        await asyncio.gather(*(work(steps, name, count) for name in names))


def measure(folder: str, hosts: int) -> Rate:
    """One row, on a new state."""
    steps = max(1, min(STEPS, hosts * 400))
    with tempfile.TemporaryDirectory(dir=folder) as place:
        store = open_store(str(Path(place) / "state.db"))
        with store.write():
            pass
        began, used = time.perf_counter(), time.process_time()
        asyncio.run(run(store, hosts, steps // hosts))
        seconds, cpu = time.perf_counter() - began, time.process_time() - used
        with closing(sqlite3.connect(store.location)) as connection:
            (entries,) = connection.execute("SELECT count(*) FROM steps").fetchone()
        assert entries == 2 * (steps // hosts) * hosts
    return Rate(hosts, entries // 2, seconds, cpu)


def main() -> None:
    """The table."""
    print(f"SQLite {sqlite3.sqlite_version}, synchronous=FULL; at least {TARGET} steps/s at 50 hosts")
    print(f"{'hosts at once':>13}  {'steps':>7}  {'seconds':>7}  {'steps/s':>8}  {'CPU us/step':>11}")
    for hosts in HOSTS:
        rate = measure(sys.argv[1] if len(sys.argv) > 1 else ".", hosts)
        print(
            f"{hosts:13}  {rate.steps:7}  {rate.seconds:7.2f}  {rate.steps / rate.seconds:8.0f}"
            f"  {rate.cpu / rate.steps * 1e6:11.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
