"""The machine that a lab runs on: what it lacks, room for inotify, leftovers of labs that were killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from minilab import cgroups
from minilab.spec import LabError

_TOOLS = {"ip": "iproute2", "nsenter": "util-linux", "ssh": "openssh-client", "ssh-keygen": "openssh-client"}
_INOTIFY_INSTANCES = 4096  # for 800 hosts


def missing() -> list[str]:
    """Why a lab cannot run here, one reason an entry; empty: it can."""
    if sys.platform != "linux":
        return [f"lab hosts need Linux, this is {sys.platform}"]
    why = [] if os.geteuid() == 0 else ["not root"]
    why += [f"no {tool} (apt-get install {package})" for tool, package in _TOOLS.items() if not shutil.which(tool)]
    if not (shutil.which("mmdebstrap") or shutil.which("debootstrap")):
        why.append("no mmdebstrap (apt-get install mmdebstrap)")
    if "\toverlay\n" not in Path("/proc/filesystems").read_text():
        why.append("no overlayfs in this kernel")
    return why or _refused()


def own_path() -> dict[str, str]:
    """The environment in which a child finds this package."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}


def _refused() -> list[str]:
    """Tried, not guessed: a container's root may be refused namespaces, mounts or cgroups."""
    command = [sys.executable, "-m", "minilab.probe"]
    probe = subprocess.run(command, env=own_path(), capture_output=True, text=True, check=False)
    if probe.returncode == 0:
        return []
    return ["this machine refuses what a lab is made of: " + (probe.stderr.strip().splitlines() or ["?"])[-1]]


def inotify_room(hosts: int) -> None:
    """Let ``hosts`` systemd hosts have inotify instances, beside those of other labs.

    systemd holds 5 and the kernel's default is 128 per user, which hosts share with everything that root runs; without
    room they come up "degraded", hang or fail.  So the machine's limit is raised, and left so: another lab may count
    on it.  An instance that nobody makes costs nothing.

    Raises:
        LabError: there is no room and it cannot be made.
    """
    limit = Path("/proc/sys/fs/inotify/max_user_instances")
    now = int(limit.read_text())
    if now >= _INOTIFY_INSTANCES:
        return
    try:
        limit.write_text(str(_INOTIFY_INSTANCES))
    except OSError as error:
        if now < 28 + 5 * hosts:
            raise LabError(f"{hosts} systemd hosts need a larger {limit} than {now}: {error}") from error


def sweep() -> None:
    """Remove the cgroups (empty ones) of labs whose janitor was itself killed with SIGKILL."""
    for hierarchy in cgroups.hierarchies():
        for group in hierarchy.own.glob("minilab-*"):
            pid = group.name.split("-")[1]
            if not Path("/proc", pid).exists() and not any(
                (Path(directory) / "cgroup.procs").read_text().strip() for directory, _, _ in os.walk(group)
            ):
                cgroups.remove(group, 1.0)
