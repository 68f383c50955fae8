"""What tests of the transport share: deliveries made by hand, a connection to a lab host, a counting wire."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from minilab import Lab
from trio import until

from aksprov.errors import HostError
from aksprov.model.bundle import BundleFile, Listen, Reader
from aksprov.model.facts import Manifest, ManifestFile
from aksprov.model.host import Host
from aksprov.model.transport import Connection, Delivery
from aksprov.transport import TransportOptions, connector

T = TypeVar("T")
VIP = "10.77.0.200"
HAPROXY = """global
    maxconn 500
defaults
    mode tcp
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {bind}
    default_backend be
backend be
    server s1 127.0.0.1:22
"""
KEEPALIVED = """global_defs {{
    script_user root
    enable_script_security
}}
vrrp_instance vi {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {{
        {vip}/32
    }}
}}
"""
NONLOCAL = "# VIPs that are elsewhere now\nnet.ipv4.ip_nonlocal_bind = 1\nnet.ipv4.tcp_rmem = 4096 131072 6291456\n"


def file(path: str, content: str, reader: Reader = "data", mode: str = "0644", owner: str = "root:root") -> BundleFile:
    """A file of cluster c."""
    return BundleFile(path=path, content=content, reader=reader, cluster="c", mode=mode, owner=owner)


def haproxy(bind: str = f"{VIP}:6443", more: str = "") -> BundleFile:
    """haproxy.cfg with one frontend."""
    return file("/etc/haproxy/haproxy.cfg", HAPROXY.format(bind=bind) + more, "haproxy")


def load_balancer() -> Delivery:
    """What a load balancer gets, of every reader that it has."""
    return deliver(
        [
            file("/etc/sysctl.d/99-x.conf", NONLOCAL, "sysctl"),
            haproxy(),
            file("/etc/keepalived/keepalived.conf", KEEPALIVED.format(vip=VIP), "keepalived"),
            file("/etc/keepalived/check", "#!/bin/sh\ntrue\n", "named", mode="0755"),
            file("/srv/new/folder/objects.json", "{}\n", mode="0600"),
        ],
        steps=("sysctl", "haproxy", "keepalived"),
    )


def deliver(
    files: Iterable[BundleFile] = (),
    steps: tuple[Reader, ...] = (),
    *,
    removes: tuple[str, ...] = (),
    unchanged: Iterable[BundleFile] = (),
    epoch: int = 1,
    state: str = "state-a",
    listen: bool = True,
) -> Delivery:
    """A delivery with the manifest that goes with it."""
    files = tuple(files)
    managed = tuple(
        ManifestFile(path=f.path, sha256=sha256(f), mode=f.mode, cluster=f.cluster)
        for f in sorted([*files, *unchanged], key=lambda f: f.path)
    )
    return Delivery(
        files=files,
        removes=removes,
        steps=steps,
        listens=(Listen(unit="haproxy", address=VIP, port=6443),) if listen and "haproxy" in steps else (),
        manifest=Manifest(state_id=state, epoch=epoch, bundle="b" * 64, files=managed),
    )


def sha256(file: BundleFile) -> str:
    """Of the content of a file that has one."""
    return hashlib.sha256((file.content or "").encode()).hexdigest()


def entry(lab: Lab, name: str, **values: object) -> Host:
    """The inventory's entry for a lab host, its key pinned."""
    host = lab[name]
    given = {"address": host.ip, "user": "root", "key_file": str(lab.key), "host_key": host.host_key, **values}
    return Host(name=name, os="linux", **given)  # type: ignore[arg-type]


def on_host(host: Host, action: Callable[[Connection], Awaitable[T]]) -> T:
    """Connect, do something, close."""

    async def work() -> T:
        connection = await connector(TransportOptions(known_hosts=(), agent_path=""))(host)
        try:
            return await action(connection)
        finally:
            await connection.close()

    return asyncio.run(work())


def error_of(host: Host, action: Callable[[Connection], Awaitable[object]]) -> HostError:
    """The error that connecting or an action ends with."""
    try:
        on_host(host, action)
    except HostError as error:
        return error
    raise AssertionError("it did not fail")


class Wire:
    """A TCP relay that counts: connections, bytes, and turns (the client speaks after the server spoke).

    Args:
        cut_after: bytes from the client after which both sides are cut off; None for never.
    """

    def __init__(self, cut_after: int | None = None) -> None:
        self.connections = self.up = self.turns = 0
        self._cut_after = cut_after
        self._server_spoke = False

    @contextlib.asynccontextmanager
    async def to(self, address: str, port: int = 22) -> AsyncIterator[int]:
        """The port of this machine, in the lab's network, that leads to ``address:port``."""

        relays: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            relays.add(asyncio.create_task(self._relay(reader, writer, address, port)))

        server = await asyncio.start_server(accept, "10.77.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for relay in relays:
                relay.cancel()
            await asyncio.gather(*relays, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, port: int) -> None:
        there = await asyncio.open_connection(address, port)
        pumps = [asyncio.create_task(self._up(reader, there[1])), asyncio.create_task(self._down(there[0], writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for end in (writer, there[1]):
                end.transport.abort()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536 if self._cut_after is None else 1024):
            self.turns += self._server_spoke
            self._server_spoke = False
            self.up += len(data)
            if self._cut_after is not None and self.up > self._cut_after:
                return
            writer.write(data)
            await writer.drain()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self._server_spoke = True
            writer.write(data)
            await writer.drain()


@contextlib.contextmanager
def traced(lab: Lab, calls: str, log: Path) -> Iterator[Path]:
    """What the sessions of h1's sshd do meanwhile, as strace sees it: these system calls, in ``log``."""
    sshd = machine_pid(lab)
    argv = ["strace", "-f", "-qq", "-y", "-s", "300", "-e", f"trace={calls}", "-o", str(log), "-p", str(sshd)]
    tracer = subprocess.Popen(argv)
    try:
        until(lambda: "TracerPid:\t0" not in Path(f"/proc/{sshd}/status").read_text())
        yield log
    finally:
        tracer.terminate()
        tracer.wait(30)


def machine_pid(lab: Lab) -> int:
    """The host's listening sshd, as this machine numbers it."""
    processes = (p for p in Path("/proc").iterdir() if p.name.isdigit())
    parents = {int(p.name): int(stat[1]) for p in processes if (stat := stat_of(p))}
    for pid in sorted(parents):
        if (stat := stat_of(Path(f"/proc/{pid}"))) and stat[0] == "sshd":
            above = pid
            while above in parents and above != lab.holder:
                above = parents[above]
            if above == lab.holder:
                return pid
    raise AssertionError("no sshd")


def stat_of(process: Path) -> tuple[str, str] | None:
    """(name, parent) of a process, None when it is gone."""
    try:
        head, _, tail = (process / "stat").read_text().rpartition(") ")
    except OSError:
        return None
    return head.partition("(")[2], tail.split()[1]
