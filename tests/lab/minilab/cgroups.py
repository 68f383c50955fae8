"""Cgroups of a lab: where this process may make groups, and making and removing them."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Hierarchy:
    """A mounted cgroup hierarchy.

    Args:
        name: "unified" for cgroup2, else the v1 controllers as the kernel writes them ("cpu,cpuacct").
        own: the directory of this process's own group in it.
        version: 1 or 2.
        options: mount options that give the same v1 hierarchy once more.
    """

    name: str
    own: Path
    version: int
    options: str


def hierarchies() -> list[Hierarchy]:
    """Every writable hierarchy.  Lab groups go below our own group, so limits set on the caller keep holding."""
    place = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        place[controllers] = path
    found: dict[str, Hierarchy] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        hierarchy = _hierarchy(line, place)
        if hierarchy and hierarchy.name not in found and os.access(hierarchy.own, os.W_OK):
            found[hierarchy.name] = hierarchy
    return list(found.values())


def _hierarchy(line: str, place: dict[str, str]) -> Hierarchy | None:
    """The hierarchy of one line of mountinfo (proc(5)), None where it is another file system."""
    left, right = line.split(" - ", 1)
    root, mountpoint = left.split()[3:5]
    fstype, _, super_options = right.split(" ", 2)
    if fstype == "cgroup2":
        controllers, name, version, options = "", "unified", 2, ""
    elif fstype == "cgroup":
        on = set(super_options.split(","))
        controllers = next((c for c in place if c and set(c.split(",")) <= on), "")
        name, version = controllers.removeprefix("name="), 1
        options = f"none,{controllers}" if controllers.startswith("name=") else controllers
        if not controllers:
            return None
    else:
        return None
    path = place.get(controllers)
    if path is None:
        return None
    relative = os.path.relpath(path, root) if path.startswith(root) else "."
    own = Path(mountpoint) if relative.startswith(".") else Path(mountpoint, relative)
    return Hierarchy(name, own, version, options)


def make(hierarchy: Hierarchy, path: Path) -> None:
    """``mkdir -p`` below our own group; a v1 cpuset is born empty and refuses tasks until it is filled."""
    missing = []
    while path != hierarchy.own and not path.exists():
        missing.append(path)
        path = path.parent
    for group in reversed(missing):
        group.mkdir()
        if hierarchy.version == 1 and "cpuset" in hierarchy.name.split(","):
            for name in ("cpuset.cpus", "cpuset.mems"):
                (group / name).write_text((group.parent / name).read_text())


def remove(path: Path, patience: float = 5.0) -> None:
    """Remove a tree of groups, children first, for at most ``patience`` seconds: its last processes may be ending."""
    deadline = time.monotonic() + patience
    while True:
        for directory, _, _ in os.walk(path, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)
        if not path.exists() or time.monotonic() > deadline:
            return
        time.sleep(0.05)
