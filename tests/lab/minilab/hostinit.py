"""From a fork of the holder to PID 1 of a host: its namespaces, mounts and address, then systemd or sshd."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import traceback
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from minilab import sysns
from minilab.cgroups import Hierarchy
from minilab.network import ip_batch
from minilab.spec import HostSpec
from minilab.sysns import MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REMOUNT, bind, mount

# What an ordinary container is not given: clock, modules, raw I/O, kernel log, MAC,
# wake alarm stay with the machine.  (Numbers: linux/capability.h.)
DROPPED_CAPS = {
    "sys_module": 16,
    "sys_rawio": 17,
    "sys_time": 25,
    "mac_override": 32,
    "mac_admin": 33,
    "syslog": 34,
    "wake_alarm": 35,
}
_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
_LINKS = {
    "ptmx": "pts/ptmx",
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "core": "/proc/kcore",
}
# Machine-wide settings that a provisioning tool likes to write.  Each host gets a private
# file in their place: `sysctl -w` and reading back work, the machine is not changed.
_PRIVATE_SYSCTLS = """vm/swappiness vm/overcommit_memory vm/max_map_count vm/panic_on_oom
vm/dirty_ratio vm/dirty_background_ratio kernel/panic kernel/panic_on_oops
kernel/keys/root_maxkeys kernel/keys/root_maxbytes kernel/pid_max kernel/threads-max
kernel/printk kernel/sysrq fs/file-max fs/nr_open fs/inotify/max_user_instances
fs/inotify/max_user_watches fs/inotify/max_queued_events fs/aio-max-nr""".split()
_SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC


@dataclass(frozen=True)
class Place:
    """Where a host lives.

    Args:
        directory: its own, on the lab's private tmpfs: notify socket, console log, private sysctls.
        data: for directories that must not be on its overlay.
        groups: its cgroup in each hierarchy.
        console: file descriptor of the terminal that is its /dev/console.
    """

    directory: Path
    data: Path
    groups: tuple[tuple[Hierarchy, Path], ...]
    console: int
    gateway: str
    prefix: int

    @property
    def root(self) -> Path:
        """The overlay, mounted once and kept over reboots."""
        return self.directory / "root"

    @property
    def shared(self) -> Path:
        """What the host sees as /run/host."""
        return self.directory / "host"


def become(spec: HostSpec, place: Place, report: int, gate: int) -> NoReturn:
    """Turn this process (PID 1 of a new PID namespace) into the host.

    Args:
        report: a pipe that is told "ns" when the network namespace is there to be plugged in.
        gate: a pipe that is read before the network is used.
    """
    log = os.open(place.directory / "console.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.setsid()
        for _, group in place.groups:  # before CLONE_NEWCGROUP, or the host's "/" is the machine's root group
            (group / "cgroup.procs").write_text("0")  # "0": myself
        sysns.unshare(
            sysns.CLONE_NEWNS | sysns.CLONE_NEWUTS | sysns.CLONE_NEWIPC | sysns.CLONE_NEWNET | sysns.CLONE_NEWCGROUP
        )
        os.write(report, b"ns\n")
        os.close(report)
        socket.sethostname(spec.name)
        _mounts(spec, place)
        os.read(gate, 2)
        ip_batch(
            [
                "link set lo up",
                # with its broadcast address, as network managers do: networkd 252 asks without end where it lacks
                f"addr add {spec.ip}/{place.prefix} brd + dev eth0",
                "link set eth0 up",
                f"route add default via {place.gateway}",
                *([f"addr add {spec.second_ip} brd + dev eth1"] if spec.second_ip else []),
                *(["link set eth1 up"] if spec.bridge else []),
            ]
        )
        sysns.pivot_root(place.root)
        _exec_init(spec, log)
    except BaseException:  # noqa: BLE001  # its only report is the console log
        os.write(log, traceback.format_exc().encode())
        os._exit(1)


def _exec_init(spec: HostSpec, log: int) -> NoReturn:
    for name, number in DROPPED_CAPS.items():
        if name not in spec.keep_caps:
            sysns.drop_bounding(number)
    os.dup2(os.open("/dev/null", os.O_RDWR), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3, 4096)
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these, and exec keeps that
        signal.signal(ignored, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "container": "minilab",
        "LANG": "C.UTF-8",
        "NOTIFY_SOCKET": "/run/host/notify",
    }
    if spec.kind == "full":
        os.execve("/lib/systemd/systemd", ["systemd", *spec.init_args], environment)
    os.makedirs("/run/sshd", exist_ok=True)
    os.execve("/usr/sbin/sshd", ["/usr/sbin/sshd", "-D", "-e"], environment)  # sshd re-executes argv[0]


def _mounts(spec: HostSpec, place: Place) -> None:
    root = place.root
    mount(None, "/", None, sysns.MS_REC | sysns.MS_PRIVATE)
    mount("proc", root / "proc", "proc", _SAFE)
    mount("sysfs", root / "sys", "sysfs", _SAFE)
    mount("tmpfs", root / "run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=256m")
    mount("tmpfs", root / "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=1g")
    _dev(root / "dev", spec, place.console)
    (root / "run/host").mkdir()
    bind(place.shared, root / "run/host")
    for directory in spec.data_dirs:
        bind(place.data / directory.strip("/"), root / directory.strip("/"))
    modules = Path("/lib/modules", os.uname().release)
    if modules.is_dir():
        (root / "usr/lib/modules" / modules.name).mkdir(parents=True, exist_ok=True)
        bind(modules, root / "usr/lib/modules" / modules.name, readonly=True)
    if spec.kind == "full":
        _cgroups(root / "sys/fs/cgroup", spec, place)
    # after the cgroups; read-only /sys keeps udev from starting and hosts from touching devices
    mount(None, root / "sys", None, MS_REMOUNT | sysns.MS_BIND | MS_RDONLY | _SAFE)
    _sysctls(root / "proc/sys", place.shared)


def _dev(dev: Path, spec: HostSpec, console: int) -> None:
    mount("tmpfs", dev, "tmpfs", MS_NOSUID, "mode=755,size=64k")
    os.umask(0)
    nodes = dict(_DEVICES)
    for name in ("net/tun", "fuse", *spec.devices):
        with contextlib.suppress(OSError):
            device = os.stat("/dev/" + name).st_rdev
            nodes[name] = (os.major(device), os.minor(device))
    for name, (major, minor) in nodes.items():
        (dev / name).parent.mkdir(exist_ok=True, mode=0o755)
        os.mknod(dev / name, 0o020666, os.makedev(major, minor))
    (dev / "console").touch()
    bind(os.ttyname(console), dev / "console")
    for directory in ("pts", "shm", "mqueue"):
        (dev / directory).mkdir(mode=0o755)
    mount("devpts", dev / "pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,gid=5")
    mount("tmpfs", dev / "shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    with contextlib.suppress(OSError):
        mount("mqueue", dev / "mqueue", "mqueue", _SAFE)
    for link, target in _LINKS.items():
        (dev / link).symlink_to(target)
    os.umask(0o022)


def _sysctls(tree: Path, shared: Path) -> None:
    """/proc/sys read-only, except net (the host's own) and the private copies; a boot id of this boot."""
    bind(tree, tree)
    bind(tree / "net", tree / "net")
    for name in _PRIVATE_SYSCTLS:
        copy = shared / "sysctl" / name
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(OSError):
                copy.write_text((tree / name).read_text())
        if copy.exists():
            bind(copy, tree / name)
    boot_id = shared / "boot_id"  # tools compare it to see that a reboot happened
    boot_id.write_text(f"{uuid.uuid4()}\n")
    bind(boot_id, tree / "kernel/random/boot_id", readonly=True)
    mount(None, tree, None, MS_REMOUNT | sysns.MS_BIND | MS_RDONLY | _SAFE)


def _cgroups(top: Path, spec: HostSpec, place: Place) -> None:
    """The host's own cgroups, seen through its cgroup namespace ("/" in there is its own group).

    "unified" is what Debian has.  "v1" adds the controllers, where the machine has them in v1 hierarchies:
    container runtimes need cpu and memory.
    """
    if spec.cgroups == "unified":
        mount("cgroup2", top, "cgroup2", _SAFE)
        return
    mount("tmpfs", top, "tmpfs", _SAFE, "mode=755,size=64k")
    for hierarchy, _ in place.groups:
        (top / hierarchy.name).mkdir()
        if hierarchy.version == 2:
            mount("cgroup2", top / hierarchy.name, "cgroup2", _SAFE)
        else:
            mount("cgroup", top / hierarchy.name, "cgroup", _SAFE, hierarchy.options)
    # Read-only, or systemd makes mount points for every other controller that the kernel
    # has and mounts them: that takes them away from the machine's own hierarchies.
    mount(None, top, None, MS_REMOUNT | sysns.MS_BIND | MS_RDONLY | _SAFE)
