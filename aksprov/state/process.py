"""Who this process is, and whether another one of this machine is gone.

On Linux a word names a process for good: its number, the time it started, the boot and the process
name space (proc_pid_stat(5), namespaces(7)).  Elsewhere there is no such word without a further library,
so a lease of a killed process lasts until it expires.
"""

from __future__ import annotations

import getpass
import os
import platform
from pathlib import Path

from aksprov.model.host_lease import Holder

_PROC = Path("/proc")


def this_holder(run: str) -> Holder:
    """This process as the holder of hosts for a run."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a number without a name, as containers have it
        user = "somebody"
    return Holder(run=run, owner=f"{user}@{platform.node()}, process {os.getpid()}", process=_word("self"))


def is_gone(process: str) -> bool:
    """Whether a process is known to have ended; False where that cannot be told."""
    number, _, rest = process.partition(":")
    place = rest.partition(":")[2]
    if not place or place != _place():
        return False
    return _word(number) != process


def _word(number: str) -> str:
    """``NUMBER:START:BOOT:NAMESPACE``, "" where there is no such process or no /proc."""
    try:
        stat = (_PROC / number / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # the name, in round brackets, may have blanks and brackets; the start time is field 22
    start = stat.rpartition(")")[2].split()[19]
    return f"{stat.partition(' ')[0]}:{start}:{_place()}"


def _place() -> str:
    """What processes must share for their numbers to mean the same, "" where it is not known."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}:{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""
