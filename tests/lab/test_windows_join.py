"""A Windows host joins a cluster and leaves it: our scripts in PowerShell's own engine, with stand-ins for kubeadm.exe,
kubelet.exe and containerd.exe that check what they are given.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sample_cluster import windows_cluster
from site_server import site
from trio import until
from windows_lab import WindowsHost, delivery, in_loop, windows_host
from windows_node import PROGRAMS, WindowsNode

from aksprov.errors import HostError
from aksprov.facts.windows_programs import windows_lacking
from aksprov.model.offline_bundle import BundleFile, OfflineBundle, OpenedBundle
from aksprov.model.programs import ProgramSource
from aksprov.model.transport import Connection
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates
from aksprov.transport.connect import connector
from aksprov.workflows.bring_up.end_kubernetes import end_kubernetes
from aksprov.workflows.bring_up.join_secrets import make_secrets
from aksprov.workflows.bring_up.join_windows import join_windows
from aksprov.workflows.bring_up.long_step import Holder
from aksprov.workflows.bring_up.windows_accounts import KUBE_PROXY
from aksprov.workflows.certificate_authority import make_pair
from aksprov.workflows.prepare.windows import install_on_windows

pytestmark = pytest.mark.pwsh

CLUSTER = windows_cluster()
SECRETS = make_secrets(control_planes=False)
ACCOUNT = "eyJhbGciOi.the.account"
HOLDER = Holder(run="run-1", state_id="state-1", epoch=1)
CONF = "etc/kubernetes"


@cache
def certificate(of: str) -> str:
    """Of a cluster's CA."""
    return make_pair(datetime.now(UTC))[1].decode()


class Joining:
    """A host whose files are pushed, and its connection over one of the wires."""

    def __init__(self, host: WindowsHost, wire: str) -> None:
        self.host, self.node = host, WindowsNode(Path(host.path("C:/")).parent)
        self.entry = msgspec.structs.replace(host.entry, connection=wire)

    async def connect(self) -> Connection:
        return await connector()(self.entry)

    async def push(self) -> None:
        files = render_bundle(CLUSTER, "w2", {}, {"ca": certificate("demo")}, Templates.load()).files
        connection = await self.connect()
        await connection.put_bundle(delivery(files))
        await connection.close()

    async def join(self, run: str = "run-1") -> None:
        connection = await self.connect()
        try:
            join = join_windows(CLUSTER, SECRETS, certificate("demo"), {KUBE_PROXY: ACCOUNT})
            await join(connection, msgspec.structs.replace(HOLDER, run=run))
        finally:
            await connection.close()

    async def refused(self, run: str = "run-1") -> HostError:
        with pytest.raises(HostError) as raised:
            await self.join(run)
        return raised.value

    @property
    def services(self) -> dict[str, str]:
        return {name: self.host.state["services"][name]["status"] for name in ("containerd", "kubelet")}

    def said(self) -> str:
        """All that the host was sent, ran and logged, but for what came sealed."""
        return json.dumps(
            [r for r in self.host.served.records if r["event"] in ("windows", "command", "script", "task")]
        )


WIRES = pytest.mark.parametrize("joining", ["psrp", "winrm"], indirect=True)


@pytest.fixture(params=["psrp"])
def joining(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Joining]:
    with windows_host(tmp_path) as host:
        made = Joining(host, request.param)
        made.node.install()
        made.node.knows(certificate("demo"))
        yield made


@in_loop
async def test_a_host_joins_once_and_leaves(joining: Joining) -> None:
    node = joining.node
    await joining.push()
    await joining.join()
    (call,) = node.calls("join")
    assert call[1] == "--config" and call[2].endswith(".yaml")
    assert joining.services == {"containerd": "Running", "kubelet": "Running"}
    assert (node.drive / CONF / "kubelet.conf").exists()
    proxy = json.loads((node.drive / CONF / "kube-proxy.conf").read_text())
    assert proxy["users"][0]["user"] == {"token": ACCOUNT}
    assert proxy["clusters"][0]["cluster"]["server"] == "https://10.77.0.200:6443"
    # the token is nowhere, the account's in its one file, which was closed before it was there
    assert node.secrets(SECRETS.token) == []
    assert node.secrets(ACCOUNT) == [f"{CONF}/kube-proxy.conf"]
    assert node.left == []
    assert not [name for name in node.windows["tasks"] if "aksprov-step" in name]
    closed = [r["parameters"]["Arguments"] for r in joining.host.served.records if r.get("command") == "icacls.exe"]
    for ending in (".secret", ".yaml", "kube-proxy.conf.new"):
        (grant,) = [words for words in closed if words[0].endswith(ending) and "/grant:r" in words]
        assert grant[1:] == ["/inheritance:r", "/grant:r", "*S-1-5-18:F", "*S-1-5-32-544:F"]
    assert SECRETS.token not in joining.said() and ACCOUNT not in joining.said()

    await joining.join("run-2")  # it is recognised
    assert len(node.calls("join")) == 1
    assert node.calls("reset") == []

    connection = await joining.connect()
    await end_kubernetes(connection, HOLDER)
    await connection.close()
    assert len(node.calls("reset")) == 1
    assert joining.services["kubelet"] == "Stopped"
    assert node.windows["hns"] == {}
    left = [str(p.relative_to(node.drive / CONF)) for p in (node.drive / CONF).rglob("*") if p.is_file()]
    assert left == ["aksprov/kubeadm-join.yaml"]
    assert not (node.drive / "var/lib").exists()


@pytest.mark.slow
@WIRES
@in_loop
async def test_a_bare_host_gets_its_programs_and_images_from_a_bundle(joining: Joining, tmp_path: Path) -> None:
    """Pushed over one wire, fetched by the host over the other; a second preparation brings nothing."""
    node, connection = joining.node, await joining.connect()
    for program in PROGRAMS:
        (node.drive / program).unlink()
    bundle = _bundle(tmp_path / "bundle")
    imported = node.standin / "imported"
    with site(bundle.folder) as url:
        programs = ProgramSource(source="bundle", bundle_url=url if joining.entry.connection == "winrm" else "")
        desired = msgspec.structs.replace(CLUSTER, cluster=msgspec.structs.replace(CLUSTER.cluster, programs=programs))
        steps: Any = OneHost(connection)
        prepare = partial(install_on_windows, desired, steps, ["win1"], bundle)
        assert await prepare() == ("win1",)
        seen = await connection.observe(())
        assert windows_lacking(CLUSTER.cluster, seen.facts) == ()
        await joining.push()
        with pytest.raises(HostError) as raised:
            await joining.join()
        assert (raised.value.code, "no such platform" in raised.value.why) == ("ImageRefused", True)
        (node.standin / "platform").touch()
        await joining.join("run-2")
        assert [line.split()[:4] for line in imported.read_text().splitlines()] == [
            ["--namespace", "k8s.io", "images", "import"]
        ]
        assert not list((node.drive / "ProgramData/aksprov/images").iterdir())
        assert joining.services == {"containerd": "Running", "kubelet": "Running"}
        before = joining.host.served.stats["bytes_in"]
        assert await prepare() == ("win1",)
        assert joining.host.served.stats["bytes_in"] - before < 30_000
    await connection.close()


class OneHost:
    """The steps of a run on the one host, and its fleet."""

    epochs: Mapping[str, int] = {}
    failures: Mapping[str, HostError] = {}

    def __init__(self, connection: Connection) -> None:
        self.fleet, self.connection = self, connection

    async def each(self, keys: Iterable[str], *named: Any) -> Any:
        """As Fleet.each, or with a step's name as Steps.each."""
        *step, action = named
        return {key: await action(self.connection, *[HOLDER for _ in step]) for key in keys}


def _bundle(folder: Path) -> OpenedBundle:
    """With stand-ins for what a node runs, and an archive of images."""
    text = f"#!{sys.executable}\n{Path(__file__).with_name('kubernetes_exe.py').read_text()}"
    ctr = (
        '#!/bin/sh\nOURS="$WINRMHOST_ROOT/.standin"\n'
        '[ -e "$OURS/platform" ] || { echo no such platform >&2; exit 1; }\necho "$@" >>"$OURS/imported"\n'
    )
    contents = {f"windows/bin/{program.rpartition('/')[2]}": text for program in PROGRAMS}
    contents |= {"windows/bin/ctr.exe": ctr, "windows/images/pause+3.tar": "images"}
    files = []
    for path, content in contents.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
        files.append(
            BundleFile(
                path=path,
                sha256=hashlib.sha256(content.encode()).hexdigest(),
                size=len(content.encode()),
                kind="image" if path.endswith(".tar") else "program",
                os="windows",
                roles=("worker",),
            )
        )
    listed = OfflineBundle(schema=1, kubernetes_version="v1.36.4", files=tuple(files))
    return OpenedBundle(folder=folder, bundle=listed)


@pytest.mark.slow
@WIRES
@in_loop
async def test_what_kubeadm_says_is_told_without_secrets_and_the_next_run_goes_on(joining: Joining) -> None:
    node = joining.node
    await joining.push()
    (node.standin / "fail").write_text("error: the cluster said no to")
    error = await joining.refused()
    assert error.code == "StepFailed"
    assert "error: the cluster said no to [secret]; kubeadm join ended with 1" in error.why
    assert SECRETS.token not in error.why
    assert (node.secrets(SECRETS.token), node.left) == ([], [])
    (node.standin / "fail").unlink()
    # what kubeadm left half done is cleaned, and done again
    await joining.join("run-2")
    assert (len(node.calls("reset")), len(node.calls("join"))) == (1, 2)
    assert joining.services["kubelet"] == "Running"
    assert node.secrets(SECRETS.token) == []


@pytest.mark.slow
@pytest.mark.parametrize(("joining", "run"), [("psrp", "run-1"), ("winrm", "run-2")], indirect=["joining"])
@in_loop
async def test_a_step_of_a_run_that_was_killed_is_found_again(joining: Joining, run: str) -> None:
    """The same run waits for its end; another one does so, too, and then sees that the host has joined."""
    node = joining.node
    await joining.push()
    (node.standin / "pause").touch()
    killed = asyncio.create_task(joining.join())
    await eventually(lambda: node.calls("join"))
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    again = asyncio.create_task(joining.join(run))
    await asyncio.sleep(3)
    assert not again.done()
    (node.standin / "pause").unlink()
    await again
    assert (len(node.calls("join")), node.calls("reset")) == (1, [])
    assert node.left == []


@pytest.mark.slow
@in_loop
async def test_secrets_go_with_the_step_though_nobody_waits_for_its_end(joining: Joining) -> None:
    node = joining.node
    await joining.push()
    (node.standin / "pause").touch()
    killed = asyncio.create_task(joining.join())
    await eventually(lambda: node.calls("join"))
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    assert len(node.secrets(SECRETS.token)) == 3  # kubeadm's own bootstrap file is the third
    (node.standin / "pause").unlink()
    await eventually(lambda: any(name.endswith(".result") for name in node.left))
    assert node.secrets(SECRETS.token) == []
    await joining.join()
    assert (len(node.calls("join")), node.left) == (1, [])


@pytest.mark.slow
@in_loop
async def test_a_host_that_restarts_meanwhile_keeps_no_secret_and_joins_with_the_next_run(joining: Joining) -> None:
    node = joining.node
    await joining.push()
    (node.standin / "pause").touch()
    broken = asyncio.create_task(joining.join())
    await eventually(lambda: node.calls("join"))
    asyncio.run_coroutine_threadsafe(joining.host.served.restart(), joining.host.served.loop)
    result = (await asyncio.gather(broken, return_exceptions=True))[0]
    assert isinstance(result, HostError) and result.code == "StepFailed", result
    assert "restarted" in result.why
    (node.standin / "pause").unlink()
    await joining.join("run-2")
    assert (len(node.calls("reset")), len(node.calls("join"))) == (1, 2)


@pytest.mark.slow
@in_loop
async def test_secrets_of_a_step_whose_host_lost_power_go_at_the_next_contact(joining: Joining) -> None:
    await joining.push()
    run = joining.node.drive / "ProgramData/aksprov/run"
    for ending in ("secret", "yaml", "ps1"):
        (run / f"aksprov-step-join-worker-0123456789ab.{ending}").write_text(SECRETS.token)
    connection = await joining.connect()
    await connection.observe(())
    await connection.close()
    assert joining.node.left == ["aksprov-step-join-worker-0123456789ab.ps1"]


@pytest.mark.slow
@in_loop
async def test_a_node_of_another_cluster_is_left_alone(joining: Joining) -> None:
    node = joining.node
    await joining.push()
    (node.drive / CONF / "pki/ca.crt").write_text(certificate("other"))
    (node.drive / CONF / "kubelet.conf").write_text("another cluster's\n")
    error = await joining.refused()
    assert error.code == "HostInOtherCluster"
    assert node.calls("join") == node.calls("reset") == []
    assert (node.drive / CONF / "kubelet.conf").read_text() == "another cluster's\n"
    assert not (node.drive / CONF / "kube-proxy.conf").exists()


@pytest.mark.slow
@in_loop
async def test_a_run_that_another_one_took_the_host_from_begins_nothing(joining: Joining) -> None:
    await joining.push()
    (joining.node.drive / "ProgramData/aksprov/epoch").write_text("7 state-1")
    error = await joining.refused()
    assert error.code == "HostEpochRefused"
    assert joining.node.calls("join") == []
    assert joining.node.left == []


async def eventually(true: Callable[[], object]) -> None:
    await asyncio.to_thread(until, true)
