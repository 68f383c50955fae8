"""The few Linux calls that a lab needs and Python 3.11 does not wrap: mount, pivot_root, unshare, setns, prctl."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG = 1
PR_CAPBSET_DROP = 24

# pivot_root has no wrapper in the C library either: its number in the kernel's tables.
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}


def _call(name: str) -> ctypes._NamedFuncPointer:
    if _libc is None:
        raise OSError(f"{name} is a call of Linux, this is {sys.platform}")
    return getattr(_libc, name)  # type: ignore[no-any-return]


def _check(result: int, what: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def mount(
    source: str | Path | None, target: str | Path, fstype: str | None = None, flags: int = 0, data: str | None = None
) -> None:
    """mount(2).

    Raises:
        OSError: with the arguments in its text, as the kernel's own says nothing.
    """
    texts = [None if text is None else os.fsencode(text) for text in (source, target, fstype, data)]
    result = _call("mount")(*texts[:3], ctypes.c_ulong(flags), texts[3])
    _check(result, f"mount {fstype or ''} {source} on {target} ({data or flags})")


def umount(target: str | Path) -> None:
    """umount2(2), detached: what is still open stays usable until it is closed."""
    _check(_call("umount2")(os.fsencode(target), MNT_DETACH), f"umount {target}")


def bind(source: str | Path, target: str | Path, *, readonly: bool = False) -> None:
    """A bind mount; its own read-only flag is only taken on a remount."""
    mount(source, target, None, MS_BIND)
    if readonly:
        mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY)


def unshare(flags: int) -> None:
    """unshare(2).  After CLONE_NEWPID this process can make no threads, and children only once."""
    _check(_call("unshare")(flags), f"unshare {flags:#x}")


def pivot_root(new: str | Path) -> None:
    """Make ``new`` (a mount point) the root and drop the old root entirely."""
    number = _SYS_PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(f"the number of pivot_root is not known for {platform.machine()}")
    os.chdir(new)
    _check(_call("syscall")(number, b".", b"."), f"pivot_root {new}")
    umount(".")  # the old root is stacked on "."
    os.chdir("/")


def die_with_parent(sig: int = signal.SIGKILL) -> None:
    """Have the kernel send ``sig`` to this process when its parent is gone."""
    _check(_call("prctl")(PR_SET_PDEATHSIG, sig, 0, 0, 0), "prctl")


def drop_bounding(capability: int) -> None:
    """Take a capability from this process and all that it starts; an unknown number is no harm."""
    _call("prctl")(PR_CAPBSET_DROP, capability, 0, 0, 0)


@contextlib.contextmanager
def netns_of(pid: int) -> Iterator[None]:
    """Run the body of a ``with`` in the network namespace of ``pid``: this thread only.

    Sockets, threads and child processes made inside stay in that namespace afterwards.
    """
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_call("setns")(there, CLONE_NEWNET), "setns")
        try:
            yield
        finally:
            _check(_call("setns")(here, CLONE_NEWNET), "setns")
    finally:
        os.close(here)
        os.close(there)
