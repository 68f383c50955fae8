"""The state on a disk with too little room, at every stage of making and writing it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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


def test_a_state_is_whole_or_not_there_whatever_the_room(tmp_path: Path) -> None:
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", ON_SMALL_DISKS, str(tmp_path), *map(str, SIZES)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = {tuple(answer) for answer in json.loads(done.stdout).values()}
    assert seen == {
        ("StateDiskFull", 0),
        ("StateDiskFull", 0, "state.db"),
        ("stored", 1, "state.db"),
    }
