"""The state on a disk with too little room, at every stage of making and writing it.

Seen to fail with each of these taken out of state/sqlite_failures.py: SQLite's "full" (a traceback); its I/O error on a
disk without room (StateDiskError where the journal's shared memory did not fit).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SIZES = range(16, 256, 8)  # KiB
ON_SMALL_DISKS = """
import json, subprocess, sys
from pathlib import Path
from aksprov.errors import AksprovError
from aksprov.model.host import Host
from aksprov.state import open_store

folder, *sizes = sys.argv[1:]
answers = {}
for size in sizes:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", folder], check=True)
    path = Path(folder, "state.db")
    try:
        with open_store(str(path)).write() as transaction:
            transaction.put_host(Host(name="web1", address="web1", os="linux"))
        answer = "stored"
    except AksprovError as error:
        answer = error.code
    # read with room again: what is there must be whole
    subprocess.run(["mount", "-o", "remount,size=10m", folder], check=True)
    hosts = len(open_store(str(path)).snapshot().hosts)
    answers[size] = [answer, hosts, *sorted(p.name for p in Path(folder).iterdir())]
    subprocess.run(["umount", folder], check=True)
print(json.dumps(answers))
"""

WHILE_STEPS_ARE_WRITTEN = """
import asyncio, json, subprocess, sys
from pathlib import Path
from aksprov.errors import AksprovError
from aksprov.model.host_lease import Holder, LeaseTerms
from aksprov.state import Entry, open_store

folder = sys.argv[1]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "none", folder], check=True)
store = open_store(str(Path(folder, "state.db")))
hosts = [f"web{n}" for n in range(20)]
with store.write() as transaction:
    epochs = transaction.host_leases.take(hosts, Holder(run="r", owner="me"), LeaseTerms())
said, codes = [], set()


async def write(steps, host):
    try:
        for number in range(1000):
            entry = Entry(host=host, step=str(number), input_hash="i", result="done", details="x" * 500)
            await steps.write([entry])
            said.append([host, str(number)])
    except AksprovError as error:
        codes.add(error.code)


async def work():
    async with store.journal.steps_of("r", epochs) as steps:
        await asyncio.gather(*(write(steps, host) for host in hosts))


asyncio.run(work())
subprocess.run(["mount", "-o", "remount,size=10m", folder], check=True)
there = {(host, step) for host, step, _ in open_store(store.location).journal.completed("r")}
print(json.dumps([sorted(codes), len(said), all((h, s) in there for h, s in said)]))
"""


def run(script: str, *arguments: str) -> Any:
    """What a script prints that may mount what it likes."""
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_when_the_disk_fills_every_writer_is_told_and_what_was_stored_stays(tmp_path: Path) -> None:
    codes, said, are_there = run(WHILE_STEPS_ARE_WRITTEN, str(tmp_path))
    assert (codes, are_there) == (["StateDiskFull"], True)
    assert said > 100


def test_a_state_is_whole_or_not_there_whatever_the_room(tmp_path: Path) -> None:
    answers = run(ON_SMALL_DISKS, str(tmp_path), *map(str, SIZES))
    seen = {tuple(answer) for answer in answers.values()}
    assert seen == {
        ("StateDiskFull", 0),
        ("StateDiskFull", 0, "state.db"),
        ("stored", 1, "state.db"),
    }
