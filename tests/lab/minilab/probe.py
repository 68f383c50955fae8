"""Can this machine do it?  `python -m minilab.probe` ends with 0, or says what was refused."""

from __future__ import annotations

import os
import sys

from minilab import cgroups, sysns


def _try_all() -> None:
    """What a lab does first, in a process that ends right after: a cgroup, namespaces, an overlay, a device."""
    hierarchy = next((h for h in cgroups.hierarchies() if h.version == 2), None)
    if hierarchy is None:
        raise OSError("no writable cgroup2 mount (systemd hosts need one, controllers or not)")
    group = hierarchy.own / f"minilab-{os.getpid()}-probe"
    group.mkdir()
    group.rmdir()
    sysns.unshare(
        sysns.CLONE_NEWNS | sysns.CLONE_NEWNET | sysns.CLONE_NEWIPC
        | sysns.CLONE_NEWUTS | sysns.CLONE_NEWPID | sysns.CLONE_NEWCGROUP
    )  # fmt: skip
    sysns.mount(None, "/", None, sysns.MS_REC | sysns.MS_PRIVATE)
    sysns.mount("tmpfs", "/mnt", "tmpfs", sysns.MS_NOSUID | sysns.MS_NODEV)
    for directory in ("lower", "upper", "work", "all"):
        os.mkdir(f"/mnt/{directory}")
    sysns.mount("overlay", "/mnt/all", "overlay", 0, "lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work")
    os.mknod("/mnt/null", 0o020666, os.makedev(1, 3))  # refused in a user namespace


if __name__ == "__main__":
    try:
        _try_all()
    except OSError as error:
        sys.exit(str(error))
