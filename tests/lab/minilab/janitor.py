"""The process between a lab and its caller: `python -m minilab.janitor STATE`.

It makes the lab's PID namespace, forks the holder into it and waits.  Killing the holder makes the kernel end every
host, unmount every overlay and delete the bridge with its cables: nothing of a lab is visible outside it, so there
is no list of leftovers to undo.  The janitor kills the holder when its own standard input closes (the caller is
gone, even by SIGKILL) or at SIGTERM; then it removes the lab's cgroups and files.  The holder dies with its janitor.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from minilab import cgroups, sysns
from minilab.holder import Holder, used_hierarchies
from minilab.spec import LabSpec


def main() -> None:
    """Prints "ok" when the lab answers, "failed" when it will not."""
    state = Path(sys.argv[1])
    spec = LabSpec.read(state)
    groups = [hierarchy.own / spec.id for hierarchy in used_hierarchies(spec)]
    sysns.unshare(sysns.CLONE_NEWPID)  # takes effect for the child below
    ok_read, ok_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ok_read)
        _hold(spec, state, ok_write)
    os.close(ok_write)
    ok = os.read(ok_read, 2) == b"ok"
    (state / "lab.json").write_text(json.dumps({"janitor": os.getpid(), "holder": pid}))
    print("ok" if ok else "failed", flush=True)
    _wait(pid, watch_stdin=not spec.keep)
    for group in groups:
        cgroups.remove(group)
    shutil.rmtree(state, ignore_errors=True)


def _hold(spec: LabSpec, state: Path, ok: int) -> NoReturn:
    sysns.die_with_parent()
    try:
        holder = Holder(spec, state)
        holder.setup()
        os.write(ok, b"ok")
        os.close(ok)
        os.dup2(os.open("/dev/null", os.O_RDWR), 0)
        holder.loop()
    except BaseException:  # noqa: BLE001  # its only report is lab.log
        traceback.print_exc()
    os._exit(1)


def _wait(holder: int, *, watch_stdin: bool) -> None:
    """Until the whole PID namespace is empty; no threads, as the kernel refuses them after unshare(CLONE_NEWPID)."""

    def end(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(holder, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    gone = os.pidfd_open(holder)
    watched = [gone, 0] if watch_stdin else [gone]
    while gone not in select.select(watched, [], [])[0]:
        end()  # standard input closed
        watched = [gone]
    os.waitpid(holder, 0)


if __name__ == "__main__":
    main()
