"""PID 1 of a lab: holds its namespaces and bridge, starts and restarts hosts, answers on a UNIX socket."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from minilab import cgroups, hostinit, layer, sysns
from minilab.network import ip_batch
from minilab.spec import HostSpec, LabSpec
from minilab.sysns import mount


class Host:
    """A host as the holder sees it.

    Args:
        spec: what it is.
        place: where it lives.
        console: the pty's end that is read here.
    """

    def __init__(self, spec: HostSpec, place: hostinit.Place, console: int) -> None:
        self.spec, self.place, self.console = spec, place, console
        self.pid = 0  # of its init, in the holder's PID namespace; 0: none
        self.state = "new"  # starting | running | off | failed
        self.boots = 0
        self.started = self.ready_after = 0.0
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.notify.bind(str(place.shared / "notify"))

    def info(self) -> dict[str, str | int | float]:
        """What a caller is told: ready_after in seconds since its last start."""
        return {
            "name": self.spec.name,
            "state": self.state,
            "pid": self.pid,
            "boots": self.boots,
            "ready_after": round(self.ready_after, 3),
        }


class Holder:
    """All hosts of one lab."""

    def __init__(self, spec: LabSpec, state: Path) -> None:
        self.spec, self.state = spec, state
        self.run = state / "run"
        self.data = (self.run if spec.upper == "tmpfs" else state) / "data"
        self.hosts: dict[str, Host] = {}
        self.selector = selectors.DefaultSelector()
        self.groups = [(hierarchy, hierarchy.own / spec.id) for hierarchy in used_hierarchies(spec)]

    def setup(self) -> None:
        """Make the lab's namespaces, tmpfs, shared layer and bridge; from the end of this on, asking works."""
        # made here, not in the janitor, so that they end with the last lab process
        sysns.unshare(sysns.CLONE_NEWNS | sysns.CLONE_NEWNET | sysns.CLONE_NEWIPC | sysns.CLONE_NEWUTS)
        socket.sethostname("lab")
        mount(None, "/", None, sysns.MS_REC | sysns.MS_PRIVATE)
        mount("proc", "/proc", "proc", sysns.MS_NOSUID | sysns.MS_NODEV | sysns.MS_NOEXEC)
        self.run.mkdir(exist_ok=True)
        mount("minilab", self.run, "tmpfs", 0, f"mode=755,size={self.spec.tmpfs_size}")
        layer.write(self.run / "layer", self.spec)
        ip_batch(
            [
                "link set lo up",
                "link add br0 type bridge forward_delay 0 mcast_snooping 0",
                f"addr add {self.spec.gateway}/{self.spec.prefix} dev br0",
                "link set br0 up",
                *(
                    line
                    for bridge in sorted({host.bridge for host in self.spec.hosts if host.bridge})
                    for line in (
                        f"link add {bridge} type bridge forward_delay 0 mcast_snooping 0",
                        f"link set {bridge} up",
                    )
                ),
            ]
        )
        for path, value in {
            "ipv4/ip_forward": "1",
            "bridge/bridge-nf-call-iptables": "0",
            "bridge/bridge-nf-call-ip6tables": "0",
        }.items():
            with contextlib.suppress(OSError):  # a kernel without br_netfilter
                Path("/proc/sys/net", path).write_text(value)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.state / "ctl.sock"))
        listener.listen(64)
        self._watch(listener, lambda: self._on_request(listener))

    def loop(self) -> None:
        """Serve until this process is killed."""
        wake_read, wake_write = socket.socketpair()
        for end in (wake_read, wake_write):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write.fileno(), warn_on_full_buffer=False)
        self._watch(wake_read, lambda: self._on_child(wake_read))
        while True:
            for key, _ in self.selector.select():
                key.data()

    def _watch(self, source: socket.socket | int, action: Callable[[], None]) -> None:
        self.selector.register(source, selectors.EVENT_READ, action)

    # ---- hosts ---------------------------------------------------------------

    def _create(self, spec: HostSpec) -> Host:
        own = self.data / spec.name
        master, slave = os.openpty()  # without /dev/console a failing systemd says nothing
        place = hostinit.Place(
            directory=self.run / spec.name,
            data=own / "dirs",
            groups=tuple((hierarchy, base / spec.name) for hierarchy, base in self.groups),
            console=slave,
            gateway=self.spec.gateway,
            prefix=self.spec.prefix,
        )
        for directory in (place.root, place.shared, own / "upper", own / "work"):
            directory.mkdir(parents=True)
        layers = f"lowerdir={self.run / 'layer'}:{self.spec.lower},upperdir={own / 'upper'},workdir={own / 'work'}"
        mount("overlay", place.root, "overlay", 0, layers)
        for path, text, mode in (
            ("etc/hostname", spec.name + "\n", 0o644),
            ("etc/machine-id", spec.machine_id + "\n", 0o644),
            ("etc/ssh/ssh_host_ed25519_key", spec.host_key, 0o600),
            ("etc/ssh/ssh_host_ed25519_key.pub", spec.host_key_public, 0o644),
        ):
            (place.root / path).write_text(text)
            (place.root / path).chmod(mode)
        for name in spec.data_dirs:
            (place.data / name.strip("/")).mkdir(parents=True)
            (place.root / name.strip("/")).mkdir(parents=True, exist_ok=True)
        host = Host(spec, place, master)
        # systemd, and Debian's sshd, say when they are ready: no polling of port 22
        self._watch(host.notify, lambda: self._on_notify(host))
        self._watch(host.console, lambda: self._on_console(host))
        self.hosts[spec.name] = host
        return host

    def _start(self, hosts: Iterable[Host]) -> None:
        """Fork all inits, plug all cables with one ip(8), then let them go on."""
        cables, gates = [], []
        for host in hosts:
            host.state, host.started, host.ready_after = "starting", time.monotonic(), 0.0
            host.boots += 1
            gate = self._fork(host)
            if gate is None:
                host.state = "failed"
                continue
            if host.boots > 1:  # the kernel removes a dead namespace's veth a little later
                ip_batch([f"link del {host.spec.veth}"], check=False)
                if host.spec.bridge:
                    ip_batch([f"link del {host.spec.veth}b"], check=False)
            end = f"peer name eth0 address {host.spec.mac} netns {host.pid}"
            cables += [f"link add {host.spec.veth} type veth {end}", f"link set {host.spec.veth} master br0 up"]
            if host.spec.bridge:
                second = f"{host.spec.veth}b"
                cables.append(f"link add {second} type veth peer name eth1 netns {host.pid}")
                cables.append(f"link set {second} master {host.spec.bridge} up")
            gates.append(gate)
        ip_batch(cables)
        for gate in gates:
            os.write(gate, b"go")
            os.close(gate)

    def _fork(self, host: Host) -> int | None:
        """Start its init in a PID namespace of its own; the pipe that lets it go on, None when it failed."""
        for hierarchy, group in host.place.groups:
            cgroups.remove(group, 1.0)  # of an earlier boot
            cgroups.make(hierarchy, group)
        report_read, report_write = os.pipe()
        gate_read, gate_write = os.pipe()
        middle = os.fork()
        if middle == 0:
            try:
                sysns.unshare(sysns.CLONE_NEWPID)
                pid = os.fork()
                if pid == 0:
                    hostinit.become(host.spec, host.place, report_write, gate_read)
                os.write(report_write, b"%d\n" % pid)
            finally:
                os._exit(0)
        os.close(report_write)
        os.close(gate_read)
        os.waitpid(middle, 0)
        with os.fdopen(report_read, "rb") as report:
            words = report.read().split()  # until both have closed it: the pid, and "ns"
        host.pid = next((int(word) for word in words if word.isdigit()), 0)
        if b"ns" in words:
            return gate_write
        os.close(gate_write)
        return None

    # ---- events --------------------------------------------------------------

    def _on_notify(self, host: Host) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                lines = host.notify.recv(4096).decode(errors="replace").splitlines()
                if "READY=1" in lines and host.state == "starting":
                    host.state = "running"
                    host.ready_after = time.monotonic() - host.started

    def _on_console(self, host: Host) -> None:
        text = os.read(host.console, 65536)
        with open(host.place.directory / "console.log", "ab") as log:
            log.write(text)

    def _on_child(self, wake: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            wake.recv(4096)
        again = []
        for pid, status in _reap():
            host = next((host for host in self.hosts.values() if host.pid == pid), None)
            if host is None:
                continue
            host.pid = 0
            end = os.waitstatus_to_exitcode(status)
            if end == -signal.SIGHUP:  # reboot(2) inside a PID namespace
                again.append(host)
            elif end in (0, -signal.SIGINT, -signal.SIGKILL):  # powered off, or the plug was pulled
                host.state = "off"
            else:
                host.state = "failed"
        try:
            self._start(again)
        except Exception:  # noqa: BLE001  # one host's trouble is not the lab's
            traceback.print_exc()  # to lab.log
            for host in again:
                host.state = "failed"

    def _on_request(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the asker may be gone before the answer
            connection, _ = listener.accept()
            with connection, connection.makefile("rw") as stream:
                try:
                    answer = self._answer(json.loads(stream.readline()))
                except Exception:  # noqa: BLE001  # the asker is told
                    answer = {"error": traceback.format_exc()}
                stream.write(json.dumps(answer) + "\n")

    def _answer(self, ask: dict[str, Any]) -> dict[str, Any]:
        operation = ask["op"]
        hosts = [self.hosts[name] for name in ask.get("names", [])]
        if operation == "create":
            self._start([self._create(spec) for spec in self.spec.hosts])
        elif operation == "start":
            on = [host.spec.name for host in hosts if host.pid]
            if on:
                raise RuntimeError(f"already on: {', '.join(on)}")
            self._start(hosts)
        elif operation == "signal":  # KILL is a power cut, RTMIN+4 systemd's power off
            for host in hosts:
                if host.pid:
                    os.kill(host.pid, ask["signal"])
        elif operation == "cable":
            ip_batch([f"link set {host.spec.veth} {ask['to']}" for host in hosts])
        elif operation != "status":
            raise ValueError(f"no such operation: {operation!r}")
        return {"hosts": [host.info() for host in self.hosts.values()]}


def used_hierarchies(spec: LabSpec) -> list[cgroups.Hierarchy]:
    """Only those that the hosts will use: each costs a directory per service."""
    found = cgroups.hierarchies()
    if any(host.cgroups == "v1" for host in spec.hosts):
        return found
    return [hierarchy for hierarchy in found if hierarchy.version == 2]


def _reap() -> Iterable[tuple[int, int]]:
    """(pid, status) of every child that has ended."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            yield pid, status
