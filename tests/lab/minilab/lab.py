"""Throw-away Linux hosts for tests: ``with Lab(["cp1", "cp2", "lb1"]) as lab: ...``"""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from minilab import baseroot, machine, sysns
from minilab.spec import HostOptions, HostSpec, LabError, LabSpec, host_specs

POWER_OFF, POWER_CUT = 34 + 4, int(signal.SIGKILL)  # SIGRTMIN+4 is systemd's clean power off

# For one host more: what sshd's defaults refuse, hundreds of logins at the same time.
MANY_LOGINS = "MaxStartups 200:30:400\nMaxSessions 100\n"


class Host:
    """A host of a lab that is up."""

    def __init__(self, lab: Lab, spec: HostSpec) -> None:
        self.lab, self.spec = lab, spec
        self.name, self.ip = spec.name, spec.ip

    @property
    def host_key(self) -> str:
        """Its SSH host key in OpenSSH's form, "ssh-ed25519 AAAA..."."""
        return " ".join(self.spec.host_key_public.split()[:2])

    def ssh(
        self, command: str, *, user: str = "root", check: bool = True, input: str | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command over the real ssh client."""
        argv = ["ssh", "-F", str(self.lab.ssh_config), "-l", user, self.name, command]
        return self.lab.run(argv, check=check, input=input, timeout=timeout)

    def shell(self, command: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the host without ssh: works when its network is down."""
        inside = ["nsenter", "--all", "--root", "-t", str(self.info()["pid"]), "sh", "-c", command]
        return run(["nsenter", "--mount", "--root", "--pid", "-t", str(self.lab.holder), *inside], check=check)

    def write(self, path: str, text: str) -> None:
        """Put a file there, over ssh, its folders too."""
        self.ssh(f"mkdir -p $(dirname {path}) && cat > {path}", input=text)

    def info(self) -> dict[str, Any]:
        """name, state (starting, running, off, failed), pid, boots, ready_after."""
        return self.lab.status()[self.name]

    def off(self, *, cut: bool = False, timeout: float = 30) -> None:
        """Power it off cleanly, or pull the plug."""
        self.lab.ask(op="signal", names=[self.name], signal=POWER_CUT if cut else POWER_OFF)
        self.lab.wait([self.name], {"off", "failed"}, timeout)

    def on(self, timeout: float = 60) -> None:
        """Boot it again; the disk is as it was left."""
        self.lab.ask(op="start", names=[self.name])
        self.lab.wait([self.name], {"running"}, timeout)

    def cable(self, *, plugged: bool) -> None:
        """Pull or plug its network cable."""
        self.lab.ask(op="cable", names=[self.name], to="up" if plugged else "down")

    @property
    def console(self) -> str:
        """What it wrote to its console since its first boot."""
        path = f"/proc/{self.lab.holder}/root{self.lab.state}/run/{self.name}/console.log"
        return Path(path).read_text(errors="replace")


class Lab:
    """Hosts on one network that nothing else sees; the machine itself is the network's first address.

    Args:
        hosts: names, or a :class:`HostOptions` each.
        network: an IPv4 prefix.
        suite: Debian release of the hosts, "bookworm" (12) or "trixie" (13).
        packages: more Debian packages than ``baseroot.PACKAGES``, e.g. "containerd".
        bare: hosts without HAProxy, keepalived and all that a node needs.
        sshd_config: lines for sshd_config on every host; else it is as Debian has it.
        extra_hosts: name -> address, more names for every host's /etc/hosts.
        upper: "tmpfs" keeps what hosts write in memory, "disk" in the state directory.
        tmpfs_size: room for what all hosts together write to the tmpfs.
        state: directory for the lab's files; it is removed with the lab.
        keep: the lab outlives this process (`python -m minilab up`).
        cache: where the shared roots are; None is ``baseroot.default_cache()``.
    """

    state: Path  # set by up() where the caller did not choose one
    holder: int

    def __init__(
        self,
        hosts: Sequence[str | HostOptions],
        *,
        network: str = "10.77.0.0/16",
        suite: str = baseroot.SUITES[0],
        packages: Collection[str] = (),
        bare: bool = False,
        sshd_config: str = "",
        extra_hosts: Mapping[str, str] | None = None,
        upper: Literal["tmpfs", "disk"] = "tmpfs",
        tmpfs_size: str = "8g",
        state: Path | None = None,
        keep: bool = False,
        cache: Path | None = None,
    ) -> None:
        self.network = ipaddress.IPv4Network(network)
        self.suite, self.packages, self.bare, self.sshd_config = suite, packages, bare, sshd_config
        self.extra_hosts = dict(extra_hosts or {})
        self.upper, self.tmpfs_size, self.keep, self.cache = upper, tmpfs_size, keep, cache
        if state:
            self.state = state
        specs = host_specs([{"name": host} if isinstance(host, str) else host for host in hosts], self.network)
        self.hosts = {spec.name: Host(self, spec) for spec in specs}
        self.timings: dict[str, float] = {}
        self._janitor: subprocess.Popen[bytes] | None = None

    # ---- life ----------------------------------------------------------------

    def up(self, timeout: float = 120) -> Self:
        """Build the root where it is not there yet, boot all hosts, wait until they are ready.

        Raises:
            LabError: with what the machine lacks, or the console of a host that did not come up.
        """
        why = machine.missing()
        if why:
            raise LabError("a lab cannot run here: " + "; ".join(why))
        machine.sweep()
        machine.inotify_room(sum(host.spec.kind == "full" for host in self.hosts.values()))
        began = time.monotonic()
        lower = baseroot.ensure(self.suite, self.packages, self.cache, bare=self.bare)
        self.timings["root"] = time.monotonic() - began
        self._make_state()
        self._make_keys()
        self._write_ssh_files()
        self._spec(lower).write(self.state)
        began = time.monotonic()
        try:
            self._start_janitor()
            self.timings["lab"] = time.monotonic() - began
            began = time.monotonic()
            self.ask(op="create")
            self.wait(list(self.hosts), {"running"}, timeout)
            self.timings["hosts"] = time.monotonic() - began
        except BaseException:
            self.down()  # a half-made lab is of no use: leave nothing behind
            raise
        return self

    @classmethod
    def attach(cls, state: Path) -> Self:
        """The lab that another process made with ``keep``."""
        spec = LabSpec.read(state)
        lab = cls([], state=state, keep=True)
        lab.hosts = {host.name: Host(lab, host) for host in spec.hosts}
        lab.holder = json.loads((state / "lab.json").read_text())["holder"]
        return lab

    def down(self, timeout: float = 30) -> None:
        """Remove it: hosts, namespaces, cgroups, files."""
        if self._janitor is None:
            self._down_attached(timeout)
            return
        if self._janitor.stdin:
            self._janitor.stdin.close()
        else:
            self._janitor.terminate()
        self._janitor.wait(timeout)
        if self._janitor.stdout:
            self._janitor.stdout.close()

    def __enter__(self) -> Self:
        return self.up()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.down()

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    # ---- use -----------------------------------------------------------------

    @property
    def key(self) -> Path:
        """The private key that root and `ops` (who may sudo) accept on every host."""
        return self.state / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """Every host's key under its name and its address."""
        return self.state / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        """For ssh -F, Ansible, asyncssh: users, key, names, known hosts."""
        return self.state / "ssh_config"

    def inside(self, argv: Sequence[str | Path]) -> list[str]:
        """The command that runs ``argv`` of this machine inside the lab's network."""
        return ["nsenter", f"--net=/proc/{self.holder}/ns/net", "--", *map(str, argv)]

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        check: bool = True,
        input: str | None = None,
        timeout: float = 60,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of this machine inside the lab's network, as its controller."""
        return run(self.inside(argv), check=check, input=input, timeout=timeout, env=env, cwd=cwd)

    def netns(self) -> contextlib.AbstractContextManager[None]:
        """``with lab.netns(): ...``: this thread's new sockets and children are in the lab."""
        return sysns.netns_of(self.holder)

    def connect(self, host: str, port: int, timeout: float = 5) -> socket.socket:
        """A connected socket into the lab, usable from outside it."""
        with self.netns():  # a socket stays in the namespace that it was made in
            return socket.create_connection((host, port), timeout)

    # ---- the holder ----------------------------------------------------------

    def ask(self, **request: object) -> dict[str, Any]:
        """One request to the holder (see holder.py).

        Raises:
            LabError: with its traceback.
        """
        with socket.socket(socket.AF_UNIX) as channel:
            channel.connect(str(self.state / "ctl.sock"))
            with channel.makefile("rw") as stream:
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                answer: dict[str, Any] = json.loads(stream.readline() or '{"error": "the lab is gone"}')
        if "error" in answer:
            raise LabError(answer["error"])
        return answer

    def status(self) -> dict[str, dict[str, Any]]:
        """name -> what :meth:`Host.info` says."""
        return {host["name"]: host for host in self.ask(op="status")["hosts"]}

    def wait(self, names: Sequence[str], states: set[str], timeout: float) -> None:
        """Until every named host is in one of ``states``.

        Raises:
            LabError: with the console of a host that failed or took longer.
        """
        deadline = time.monotonic() + timeout
        waiting = set(names)
        while waiting:
            now = self.status()
            waiting = {name for name in waiting if now[name]["state"] not in states}
            late = time.monotonic() > deadline
            for name in sorted(waiting):
                if late or now[name]["state"] == "failed":
                    console = self.hosts[name].console[-3000:]
                    raise LabError(f"{name} is {now[name]['state']}, not {states}, within {timeout} s:\n{console}")
            if waiting:
                time.sleep(0.05)

    # ---- parts of up and down --------------------------------------------------

    def _make_state(self) -> None:
        if not hasattr(self, "state"):
            self.state = Path(tempfile.mkdtemp(prefix="minilab-"))
        if (self.state / "spec.json").exists():
            if _janitor_of(self.state):
                raise LabError(f"a lab is already up in {self.state}")
            shutil.rmtree(self.state)  # of one that was killed
        self.state.mkdir(parents=True, exist_ok=True)

    def _make_keys(self) -> None:
        """The client's key, and one host key for each host (5 ms each)."""
        directory = self.state / "keys"
        directory.mkdir()
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", ""]
        run([*keygen, "-C", "lab", "-f", self.key])
        for name, host in self.hosts.items():
            run([*keygen, "-C", name, "-f", directory / name])
            public = (directory / f"{name}.pub").read_text()
            host.spec = dataclasses.replace(host.spec, host_key=(directory / name).read_text(), host_key_public=public)
        shutil.rmtree(directory)

    def _write_ssh_files(self) -> None:
        names = "".join(
            f"Host {host.name} {host.ip}\n  HostName {host.ip}\n  HostKeyAlias {host.name}\n"
            for host in self.hosts.values()
        )
        self.ssh_config.write_text(
            f"{names}Host *\n  User root\n  IdentityFile {self.key}\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.known_hosts}\n  GlobalKnownHostsFile /dev/null\n"
            "  StrictHostKeyChecking yes\n  BatchMode yes\n  LogLevel ERROR\n  ConnectTimeout 10\n"
        )
        self.known_hosts.write_text("".join(f"{host.name},{host.ip} {host.host_key}\n" for host in self.hosts.values()))

    def _spec(self, lower: Path) -> LabSpec:
        names = {"localhost": "127.0.0.1", **{h.name: h.ip for h in self.hosts.values()}, **self.extra_hosts}
        return LabSpec(
            id=f"minilab-{os.getpid()}-{secrets.token_hex(3)}",
            lower=str(lower),
            upper=self.upper,
            tmpfs_size=self.tmpfs_size,
            gateway=str(self.network[1]),
            prefix=self.network.prefixlen,
            public_key=self.key.with_suffix(".pub").read_text(),
            etc_hosts="".join(f"{address} {name}\n" for name, address in names.items()),
            sshd_config=self.sshd_config,
            keep=self.keep,
            hosts=tuple(host.spec for host in self.hosts.values()),
        )

    def _start_janitor(self) -> None:
        with open(self.state / "lab.log", "w+b") as log:
            self._janitor = subprocess.Popen(
                [sys.executable, "-m", "minilab.janitor", str(self.state)],
                env=machine.own_path(),
                start_new_session=True,
                stdin=subprocess.DEVNULL if self.keep else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
            assert self._janitor.stdout
            if self._janitor.stdout.readline() != b"ok\n":
                log.seek(0)  # by the open file: the janitor has removed the name
                raise LabError("the lab did not start:\n" + log.read().decode(errors="replace"))
        self.holder = json.loads((self.state / "lab.json").read_text())["holder"]

    def _down_attached(self, timeout: float) -> None:
        janitor = _janitor_of(self.state)
        if not janitor:  # killed: only files and cgroups are left
            shutil.rmtree(self.state)
            machine.sweep()
            return
        os.kill(janitor, signal.SIGTERM)
        deadline = time.monotonic() + timeout
        while self.state.exists() and time.monotonic() < deadline:
            time.sleep(0.05)


def run(
    argv: Sequence[str | Path],
    *,
    check: bool = True,
    input: str | None = None,
    timeout: float = 60,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, its output kept as text.

    Raises:
        LabError: it failed, where ``check``; what it said is in the text.
    """
    words = [str(word) for word in argv]
    stdin = subprocess.DEVNULL if input is None else None
    done = subprocess.run(
        words,
        input=input,
        stdin=stdin,
        text=True,
        capture_output=True,
        timeout=timeout,
        env=env,
        cwd=cwd,
        check=False,
    )
    if check and done.returncode:
        raise LabError(f"{' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def _janitor_of(state: Path) -> int:
    """Its pid, or 0 when it is gone (a pid can be used again: look at what runs)."""
    try:
        pid: int = json.loads((state / "lab.json").read_text())["janitor"]
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return 0
    return pid if os.fsencode(state) in argv else 0
