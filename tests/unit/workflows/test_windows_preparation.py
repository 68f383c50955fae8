"""Which way a bundle's files go to Windows hosts: served by a Linux node, fetched from the site's server, or pushed.

What each way does on a host is tested on lab hosts (tests/lab/test_windows_programs.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sample_cluster import windows_cluster

from aksprov.errors import HostError
from aksprov.model.host import Host
from aksprov.model.offline_bundle import BundleFile, OfflineBundle, OpenedBundle
from aksprov.model.programs import ProgramSource
from aksprov.transport.windows.connection import WindowsConnection
from aksprov.transport.windows.programs import Lack, Shipped
from aksprov.workflows.bring_up.long_step import Holder
from aksprov.workflows.prepare import windows

KUBELET = BundleFile(
    path="windows/bin/kube let.exe", sha256="ab" * 32, size=7, kind="program", os="windows", roles=("worker",)
)
HOLDER = Holder(run="run-1", state_id="s", epoch=1)


class Run:
    """Hosts, what they lack and which of them reach a server; and what was done with them."""

    def __init__(self, lacks: Iterable[str], away: Iterable[str] = ()) -> None:
        self.lacks, self.away = set(lacks), set(away)
        self.fleet, self.done = self, list[tuple[str, ...]]()
        self.failures: dict[str, HostError] = {}
        self.epochs = {"cp1": 1}

    async def each(self, keys: Iterable[str], *named: Any) -> Any:
        """As Fleet.each, or with a step's name as Steps.each."""
        *step, action = named
        answers = {}
        for key in [k for k in keys if k not in self.failures]:
            connection: Any = WindowsConnection(Host(name=key, address="10.0.0.1", os="windows"), None, None)  # type: ignore[arg-type]
            try:
                answers[key] = await action(connection, *[HOLDER for _ in step])
            except HostError as error:
                self.failures[key] = error
        return answers

    async def lacking(self, connection: WindowsConnection, files: tuple[Shipped, ...]) -> tuple[Lack, ...]:
        return tuple(Lack(file=file) for file in files) if connection.host.name in self.lacks else ()

    async def fetch(self, connection: WindowsConnection, _: Any, file: Shipped, url: str) -> None:
        if connection.host.name in self.away:
            raise HostError("DownloadFailed", "no route")
        self.done.append(("fetch", connection.host.name, url))

    async def push(self, connection: WindowsConnection, _: Any, lack: Lack, hashes: Any) -> None:
        self.done.append(("push", connection.host.name, lack.file.path))

    async def place(self, connection: WindowsConnection, _: Any, files: list[Shipped]) -> None:
        self.done.append(("place", connection.host.name, files[0].path))

    @asynccontextmanager
    async def served(self, _: Any, bundle: Any, needed: Any, server: str, address: str) -> AsyncIterator[str]:
        self.done.append(("serve", server, address))
        yield "http://10.77.0.10:18473"

    async def drop_files(self, _: Any, keys: list[str]) -> None:
        self.done.append(("drop", *keys))


Prepare = Callable[..., tuple[str, ...]]


@pytest.fixture
def prepare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Prepare:
    def run(made: Run, url: str = "") -> tuple[str, ...]:
        for name in ("lacking", "fetch", "push", "place", "served", "drop_files"):
            monkeypatch.setattr(windows, name, getattr(made, name))
        place = tmp_path / KUBELET.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("kubelet")
        listed = OfflineBundle(schema=1, kubernetes_version="v1.36.4", files=(KUBELET,))
        sample = windows_cluster()
        programs = ProgramSource(source="bundle", bundle_url=url)
        desired = msgspec.structs.replace(sample, cluster=msgspec.structs.replace(sample.cluster, programs=programs))
        steps: Any = made
        opened = OpenedBundle(folder=tmp_path, bundle=listed)
        return asyncio.run(windows.install_on_windows(desired, steps, ["a", "b", "c"], opened))

    return run


PLACE = "C:/k/kube let.exe"


def test_several_hosts_are_served_by_a_linux_node_and_who_does_not_reach_it_is_pushed_to(prepare: Prepare) -> None:
    run = Run(lacks="ab", away="a")
    assert prepare(run) == ("a", "b", "c")
    address = next(node.address for node in windows_cluster().nodes if node.name == "cp1")
    assert run.done == [
        ("serve", "cp1", address),
        ("fetch", "b", f"http://10.77.0.10:18473/sha256/{KUBELET.sha256}"),
        ("drop", "cp1"),
        ("push", "a", PLACE),
        ("place", "a", PLACE),
        ("place", "b", PLACE),
    ]
    assert run.failures == {}


def test_one_host_is_pushed_to(prepare: Prepare) -> None:
    run = Run(lacks="b")
    assert prepare(run) == ("a", "b", "c")
    assert run.done == [("push", "b", PLACE), ("place", "b", PLACE)]


def test_a_server_of_the_site_that_a_host_does_not_reach_is_its_failure(prepare: Prepare) -> None:
    run = Run(lacks="abc", away="a")
    assert prepare(run, "http://files.example/b") == ("b", "c")
    assert [done for done in run.done if done[0] == "fetch"] == [
        ("fetch", name, "http://files.example/b/windows/bin/kube%20let.exe") for name in "bc"
    ]
    assert not {"push", "serve"} & {done[0] for done in run.done}
    assert run.failures["a"].code == "DownloadFailed"
