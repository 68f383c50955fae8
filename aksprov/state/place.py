"""Where a state in a file lies: the path, its folder, and the file systems that cannot carry it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final

from aksprov.errors import StateError

ENVIRONMENT: Final = "AKSPROV_STATE"
_MOUNTS: Final = Path("/proc/self/mountinfo")

# What coreutils' stat(1) calls remote (src/stat.c), by the names that Linux has in mountinfo,
# the network file systems that come through FUSE, and Windows' \\server\share.  SQLite's write-ahead log needs memory
# that all its users share (https://www.sqlite.org/wal.html), which a network does not give.
_NETWORK_FILE_SYSTEMS: Final = frozenset(
    {
        "afs", "beegfs", "ceph", "cifs", "coda", "fuse.ceph", "fuse.cephfs", "fuse.glusterfs", "fuse.rclone",
        "fuse.s3fs", "fuse.sshfs", "gfs", "gfs2", "glusterfs", "gpfs", "lustre", "nfs", "nfs4", "ocfs2", "panfs",
        "prl_fs", "share", "smb2", "smb3", "smbfs", "snfs", "vboxsf",
    }
)  # fmt: skip


def file_path(text: str) -> Path:
    """The state's file.

    Args:
        text: its path, as a user gives it; "" for the default one.

    Returns:
        An absolute path without links; nothing need be there.

    Raises:
        StateError: StateFolderUnusable.
    """
    try:
        return Path(text or _default()).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise _folder_error(text, str(error)) from error


def _default() -> str:
    return str(own_folder() / "state.db")


def own_folder() -> Path:
    """Where the user's programs keep what they must not lose."""
    from platformdirs import user_state_dir  # not needed where a path is given

    return Path(user_state_dir("aksprov", appauthor=False))


def exists(path: Path) -> bool:
    """Whether there is a state file.

    Raises:
        StateError: StateIsDirectory, StateNotFile, StateFolderUnusable, StateUnreadable.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _folder_error(str(path), error.strerror or str(error)) from error
    if stat.S_ISDIR(mode):
        raise StateError(
            "StateIsDirectory",
            "the state cannot be a folder",
            where=str(path),
            why="the state is one file",
            fix=f"give the path of a file, for example {path / 'state.db'}",
        )
    if not stat.S_ISREG(mode):
        raise StateError(
            "StateNotFile",
            "the state must be an ordinary file",
            where=str(path),
            why="there is a device, pipe or socket of that name",
            fix="give another path",
        )
    if not os.access(path, os.R_OK):
        raise StateError(
            "StateUnreadable",
            "the state cannot be read",
            where=str(path),
            why="this user may not read the file",
            fix="run as the user who owns it, or give the path of a state of your own",
        )
    return True


def check_writable(path: Path) -> None:
    """Refuse a state that could be read but not written.

    Raises:
        StateError: StateReadOnly.
    """
    for place in (path, path.parent):
        if place.exists() and not os.access(place, os.W_OK):
            raise read_only(path, f"{place} is on a read-only disk, or this user may not write it")


def read_only(path: Path, why: str) -> StateError:
    """The error for a state where nothing can be written."""
    return StateError(
        "StateReadOnly",
        "the state is in a place that cannot be written",
        where=str(path),
        why=why,
        fix=f"make the file and its folder writable, or set {ENVIRONMENT} to a path that is",
    )


def make_folder(path: Path) -> None:
    """Make the folder of a state that is about to be made; what is new gets mode 0700.

    Raises:
        StateError: StateFolderUnusable.
    """
    missing = [p for p in path.parents if not p.exists()]
    try:
        for folder in reversed(missing):
            folder.mkdir(0o700, exist_ok=True)
    except OSError as error:
        raise _folder_error(str(path), f"{error.filename}: {error.strerror}") from error


def _folder_error(path: str, why: str) -> StateError:
    return StateError(
        "StateFolderUnusable",
        "there is no usable folder for the state",
        where=path,
        why=why,
        fix=f"set {ENVIRONMENT} to a path in a folder that this user may use",
    )


def refuse_network_file_system(path: Path, mounts: Path = _MOUNTS) -> None:
    """Refuse a state on a file system that other machines use too.

    Linux says which one a file is on, and on Windows a path may name a server; elsewhere
    nothing is checked.

    Args:
        path: absolute and without links.
        mounts: Linux' table of what is mounted where.

    Raises:
        StateError: StateOnNetworkFileSystem.
    """
    try:
        kind = file_system_of(path, mounts.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        kind = "share" if path.drive.startswith(r"\\") else ""
    if kind in _NETWORK_FILE_SYSTEMS:
        raise StateError(
            "StateOnNetworkFileSystem",
            "the state cannot lie on a network file system",
            where=f"{path} ({kind})",
            why="SQLite's locks and shared memory do not hold between machines, so an address could be leased twice",
            fix=f"set {ENVIRONMENT} to a path on a local disk",
        )


def file_system_of(path: Path, mountinfo: str) -> str:
    """The type of the file system that ``path`` is on, "" when the table does not say.

    Args:
        path: absolute and without links.
        mountinfo: text of /proc/self/mountinfo (proc_pid_mountinfo(5)): field 5 is the mount
            point with octal escapes, the field after the lone hyphen the type.
    """
    best, kind = "", ""
    for line in mountinfo.splitlines():
        fields = line.split(" ")
        if "-" not in fields or len(fields) < fields.index("-") + 2:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m.group(1), 8)), fields[4])
        # a later line of the same mount point lies over the earlier one
        if len(point) >= len(best) and path.is_relative_to(point):
            best, kind = point, fields[fields.index("-") + 1]
    return kind
