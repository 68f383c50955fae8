"""Windows hosts for tests: winrmhost with PowerShell's own engine, and what a small node is sent."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import msgspec
from winrmhost import Config, running_host

from aksprov.errors import HostError
from aksprov.model.bundle import ADMINISTRATORS, READERS, BundleFile, Reader
from aksprov.model.facts import Manifest, ManifestFile
from aksprov.model.host import Host
from aksprov.model.transport import Connection, Delivery
from aksprov.model.windows import HOME, Features, Firewall, FirewallRule, Link, Service, Services, Task
from aksprov.transport.connect import connector

USER, PASSWORD = "Administrator", "Passw0rd!"
CONTAINERD = "C:/Program Files/containerd/containerd.exe"
KUBELET = "C:/k/kubelet.exe"
CONFIG = "C:/Program Files/containerd/config.toml"
JOIN = "C:/etc/kubernetes/aksprov/kubeadm-join.yaml"
PROGRAM = "#!/bin/sh\necho v2.2.0\n"


def pwsh() -> str:
    """PowerShell's program, which the host's engine is."""
    return os.environ["AKSPROV_TEST_PWSH"]


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that may await."""

    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(test(*arguments, **named))

    return run


class WindowsHost:
    """One pretended Windows, and the entry of the inventory that reaches it."""

    def __init__(self, served: Any, name: str) -> None:
        self.served = served
        os.environ["AKSPROV_LAB_WINDOWS_PASSWORD"] = PASSWORD
        self.entry = Host(
            name=name,
            address="127.0.0.1",
            port=int(served.https_url.split(":")[2].split("/")[0]),
            os="windows",
            connection="psrp",
            user=USER,
            password_ref="env:AKSPROV_LAB_WINDOWS_PASSWORD",
            ca_file=str(served.cert),
        )

    @property
    def state(self) -> dict[str, Any]:
        """What Windows has: services, firewall, features, tasks."""
        return dict(self.served.windows.state)

    def path(self, path: str) -> Path:
        """Where a file of the host is on this machine."""
        return Path(self.served.fs(USER).path(path.replace("/", "\\")))

    def write(self, path: str, text: str, *, program: bool = False) -> None:
        place = self.path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        if program:
            place.chmod(0o755)

    def install(self, *features: str) -> None:
        """As if these features had been there for ever."""
        with self.served.windows.edit() as state:
            for feature in features:
                state["features"][feature][1] = "Installed"

    def litter(self) -> list[str]:
        """What a change leaves only while it goes on."""
        drive = self.path("C:/x").parent
        found = [*drive.rglob("*.aksprov-*"), *drive.rglob("swap.log*"), *drive.rglob("*.part")]
        return [str(path.relative_to(drive)) for path in [*found, *(drive / "ProgramData/aksprov/run").glob("*")]]

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Connection]:
        connection = await connector()(self.entry)
        try:
            yield connection
        finally:
            await connection.close()


@contextmanager
def windows_host(root: Path, name: str = "win1", **options: Any) -> Iterator[WindowsHost]:
    """A host with the programs of a node and the feature that it needs.

    Args:
        options: of winrmhost's Config.
    """
    defaults = {"pwsh": pwsh(), "shutdown_s": 0.5, "restart_s": 1.0}
    with running_host(Config(root=root, computer=name.upper(), **(defaults | options))) as served:
        host = WindowsHost(served, name)
        host.write(CONTAINERD, PROGRAM, program=True)
        host.write(KUBELET, PROGRAM, program=True)
        host.install("Containers")
        yield host


def file(path: str, content: str, reader: Reader, mode: str = "0644") -> BundleFile:
    return BundleFile(path=path, content=content, reader=reader, cluster="demo", mode=mode, owner=ADMINISTRATORS)


def setup(reader: Reader, what: msgspec.Struct) -> BundleFile:
    return file(f"{HOME}/{reader}.json", msgspec.json.encode(what).decode(), reader)


def small_node(arguments: str = "", port: str = "10250") -> tuple[BundleFile, ...]:
    """A file of each kind that a node gets.

    Args:
        arguments: further ones of containerd's command line.
        port: of its firewall rule.
    """
    containerd = Service(
        name="containerd",
        display_name="containerd",
        binary_path_name='"C:\\Program Files\\containerd\\containerd.exe" --run-service' + arguments,
    )
    kubelet = Service(
        name="kubelet",
        display_name="Kubernetes kubelet",
        binary_path_name='"C:\\k\\kubelet.exe" --windows-service --kubeconfig=C:/etc/kubernetes/kubelet.conf',
        depends_on=("containerd",),
    )
    rule = FirewallRule(name="aksprov-kubelet", display_name="kubelet", protocol="TCP", local_port=port)
    services = Services(
        folders=("C:/etc/cni/net.d", "C:/etc/kubernetes/pki"),
        links=(Link(path="C:/var/lib/kubelet/pki", target="C:/etc/kubernetes/pki"),),
        services=(containerd, kubelet),
        tasks=(Task(name="aksprov-kube-proxy", script=f"{HOME}/sync.ps1"),),
    )
    return (
        setup("features", Features(features=("Containers",))),
        setup("firewall", Firewall(rules=(rule,))),
        setup("services", services),
        file(CONFIG, f"# {arguments}\nversion = 2\n", "containerd"),
        file(JOIN, "kind: JoinConfiguration # ü\n", "kubeadm"),
        file(f"{HOME}/sync.ps1", "exit\r\n", "named"),
        file("C:/etc/a b/x y.json", "{}", "data", "0600"),
    )


def delivery(files: tuple[BundleFile, ...], epoch: int = 1, *, state: str = "state-1") -> Delivery:
    """All of these files, and a manifest of them."""
    listed = (
        ManifestFile(
            path=f.path, sha256=hashlib.sha256((f.content or "").encode()).hexdigest(), mode=f.mode, cluster="demo"
        )
        for f in files
    )
    readers = {f.reader for f in files}
    return Delivery(
        files=files,
        removes=(),
        steps=tuple(r for r in READERS if r in readers),
        listens=(),
        manifest=Manifest(state_id=state, epoch=epoch, bundle="b", files=tuple(listed)),
    )


def removal(files: tuple[BundleFile, ...], epoch: int) -> Delivery:
    """Nothing of these files stays."""
    readers = {f.reader for f in files} & {"services", "containerd", "firewall", "features"}
    return Delivery(
        files=(),
        removes=tuple(f.path for f in files),
        steps=tuple(r for r in READERS if r in readers),
        listens=(),
        manifest=Manifest(state_id="state-1", epoch=epoch, bundle="b"),
        leaving="demo",
    )


async def refused(connection: Connection, what: Delivery) -> HostError:
    """The error of a delivery that must fail."""
    try:
        await connection.put_bundle(what)
    except HostError as error:
        return error
    raise AssertionError("the host took it")
