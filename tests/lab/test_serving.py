"""A bundle's files reach many hosts of a site through one link once: one host serves them to the others."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from minilab import Lab
from serving_run import steps_of
from transport_lab import Wire, entry

from aksprov.errors import HostError
from aksprov.events import EventStream
from aksprov.model.host import Host
from aksprov.model.offline_bundle import BUNDLE_SCHEMA, BundleFile, OfflineBundle, OpenedBundle
from aksprov.state import open_store
from aksprov.state.store import utc_now
from aksprov.workflows.bring_up.steps import Steps
from aksprov.workflows.prepare import serve, store
from aksprov.workflows.prepare.serve import PORT, Wanted, bring_files, drop_files
from aksprov.workflows.prepare.store import STORE

MB = 1 << 20
SIZES = {"linux/bin/kubelet": 20 * MB + 17, "linux/images/kube-proxy.tar": 9 * MB, "linux/cni/bridge": 1, "empty": 0}
T = TypeVar("T")
# On hosts that have neither curl nor wget: what curl is asked for, by bash.
CURL = r"""#!/bin/bash
url=${!#} rest=${url#http://}
exec 3<>"/dev/tcp/${rest%%:*}/$(expr "$rest" : '[^:]*:\([0-9]*\)')"
printf 'GET /%s HTTP/1.1\r\n\r\n' "${rest#*/}" >&3
while IFS= read -r line <&3 && [ "$line" != $'\r' ]; do :; done
cat <&3
"""


class Site:
    """Hosts, and a bundle for them; one called "far" is at another site."""

    def __init__(self, lab: Lab, folder: Path, *names: str) -> None:
        self.lab, self.folder, self.names = lab, folder, names
        listed = []
        for path, size in SIZES.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content := os.urandom(size))
            digest = hashlib.sha256(content).hexdigest()
            listed.append(
                BundleFile(path=path, sha256=digest, size=size, kind="program", os="linux", roles=("worker",))
            )
        self.files = tuple(listed)
        bundle = OfflineBundle(schema=BUNDLE_SCHEMA, kubernetes_version="v1.36.4", files=self.files)
        self.bundle = OpenedBundle(folder=folder, bundle=bundle)
        self.failures: dict[str, HostError] = {}
        self.store = open_store(str(folder / "state.db"))

    def wanted(self, *names: str, first: str = "first") -> dict[str, Wanted]:
        """Everything for hosts of one site; the one that serves has a file more to have."""
        more = {name: self.files if name == first else self.files[:-1] for name in names}
        return {
            name: Wanted(files=files, site="far" if name == "far" else "", address=self.lab[name].ip)
            for name, files in more.items()
        }

    def run(self, work: Callable[[Steps], Awaitable[T]], hosts: dict[str, Host] | None = None) -> T:
        """Work with the steps of a new run.

        Args:
            hosts: filled here; work may change how one is reached.
        """
        hosts = {} if hosts is None else hosts
        hosts |= self.hosts()

        async def inside() -> T:
            async with steps_of(self.store, hosts, EventStream(utc_now)) as steps:
                self.failures = steps.fleet.failures
                return await work(steps)

        with self.lab.netns():
            return asyncio.run(inside())

    def hosts(self) -> dict[str, Host]:
        """The inventory."""
        return {name: entry(self.lab, name) for name in self.names}

    def bring_until_it_fetches(self, wanted: Mapping[str, Wanted]) -> None:
        """The same by another process, which is killed when the first host is to fetch."""
        values = [msgspec.json.encode(value).decode() for value in (wanted, self.bundle.bundle, self.hosts())]
        program = Path(__file__).with_name("serving_run.py")
        argv = [sys.executable, program, self.store.location, str(self.folder), *values]
        assert self.lab.run(argv, check=False, timeout=120).returncode == -signal.SIGKILL

    def bring(self, wanted: Mapping[str, Wanted]) -> tuple[str, ...]:
        return self.run(lambda steps: bring_files(steps, self.bundle, wanted))

    def sent(self) -> int:
        """Bytes that this machine has sent into the lab so far."""
        counters = self.lab.run(["cat", "/proc/net/dev"]).stdout
        return next(int(line.split()[9]) for line in counters.splitlines() if line.lstrip().startswith("br0:"))

    def has(self, name: str) -> bool:
        """Whether a host has every file that it wants, by its own sha256sum."""
        listed = "".join(f"{f.sha256}  {STORE}/{f.sha256}\n" for f in self.wanted(name)[name].files)
        return self.lab[name].ssh("sha256sum -c --quiet -", input=listed, check=False).returncode == 0

    def forget(self) -> None:
        """All hosts as they were."""
        self.run(lambda steps: drop_files(steps, self.names))

    def serving(self, name: str) -> bool:
        """Whether anything of the server is left on a host."""
        said = self.lab[name].ssh(
            "systemctl list-units --all --plain --no-legend 'aksprov-serve*'; ls -d /run/aksprov-serve* "
            "/run/systemd/system/aksprov-serve* 2>/dev/null; ss -Hltn",
            check=False,
        )
        return "aksprov-serve" in said.stdout or f":{PORT}" in said.stdout


@pytest.fixture(scope="module")
def a_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two hosts can fetch, one with curl and one with wget; "bare" has neither."""
    names = ("first", "curl", "wget", "bare", "far")
    with Lab(list(names), packages=["curl", "wget"]) as lab:
        for name, gone in (("curl", "wget"), ("wget", "curl"), ("bare", "curl /usr/bin/wget"), ("first", "curl")):
            lab[name].ssh(f"rm /usr/bin/{gone}")
        yield Site(lab, tmp_path_factory.mktemp("bundle"), *names)


@pytest.fixture
def site(a_site: Site) -> Iterator[Site]:
    yield a_site
    a_site.forget()


def test_a_host_serves_another_one(lab: Lab, tmp_path: Path) -> None:
    """On the hosts that every test has, so that each run of the tests sees a server begin and end."""
    site = Site(lab, tmp_path, "cp1", "w1", "w2")
    lab["w1"].write("/usr/local/bin/curl", CURL)
    lab["w1"].ssh("chmod 755 /usr/local/bin/curl")
    try:
        before = site.sent()
        assert set(site.bring(site.wanted("cp1", "w1", "w2", first="cp1"))) == {"cp1", "w1", "w2"}
        assert all(map(site.has, site.names)) and not site.serving("cp1")
        assert 2 * sum(SIZES.values()) < site.sent() - before < 2.2 * sum(SIZES.values())  # w2 cannot fetch
    finally:
        lab["w1"].ssh("rm /usr/local/bin/curl")
        site.forget()


@pytest.mark.slow
def test_two_hosts_of_a_site_fetch_from_the_first(site: Site) -> None:
    before = site.sent()
    assert set(site.bring(site.wanted("first", "curl", "wget"))) == {"first", "curl", "wget"}
    sent = site.sent() - before
    assert all(map(site.has, ("first", "curl", "wget")))
    assert sum(SIZES.values()) < sent < 1.2 * sum(SIZES.values())
    assert not site.serving("first")
    before = site.sent()
    assert site.bring(site.wanted("first", "curl", "wget"))
    assert site.sent() - before < MB / 4


@pytest.mark.slow
def test_who_cannot_fetch_is_pushed_to_and_another_site_has_its_own(site: Site) -> None:
    before = site.sent()
    assert set(site.bring(site.wanted("first", "bare", "far"))) == {"first", "bare", "far"}
    assert all(map(site.has, ("first", "bare", "far")))
    assert site.sent() - before > 3 * sum(SIZES.values())
    assert not any(map(site.serving, ("first", "far")))


@pytest.mark.slow
def test_other_content_under_a_hash_is_a_row_and_is_not_kept(site: Site) -> None:
    """A file of the same size, so that the host that serves it takes it for what it is called."""
    site.bring(site.wanted("first"))
    kubelet = site.files[0]
    site.lab["first"].ssh(f"head -c {kubelet.size} /dev/urandom > {STORE}/{kubelet.sha256}")
    assert set(site.bring(site.wanted("first", "curl", "wget", "bare"))) == {"first", "bare"}
    assert {name: error.code for name, error in site.failures.items()} == dict.fromkeys(
        ("curl", "wget"), "ServedFileWrong"
    )
    assert kubelet.sha256 in site.failures["curl"].why and site.lab["first"].ip in site.failures["curl"].why
    for name in ("curl", "wget"):
        assert kubelet.sha256 not in site.lab[name].ssh(f"ls -A {STORE}").stdout
    assert site.has("bare") and not site.serving("first")


def ask(site: Site, request: bytes) -> bytes:
    """The server's whole answer."""
    with site.lab.connect(site.lab["first"].ip, PORT) as connection:
        connection.sendall(request)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return answer


@pytest.fixture
def abandoned(site: Site) -> Site:
    """A server that a killed run left."""
    site.bring(site.wanted("first"))
    assert site.run(lambda steps: serve._serve(steps, "first", site.lab["first"].ip))
    assert site.serving("first")
    return site


@pytest.mark.slow
def test_the_server_gives_files_by_their_hashes_and_nothing_else(abandoned: Site) -> None:
    kubelet = abandoned.files[0].sha256
    path = f"/sha256/{kubelet}"
    head, _, body = ask(abandoned, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK") and hashlib.sha256(body).hexdigest() == kubelet
    others = ["/", "/sha256/", "/sha256", "/sha256/../../etc/passwd", "/etc/passwd", f"/{kubelet}", f"{path}x"]
    others += [f"/sha256/{'0' * 64}", f"/sha256/{kubelet[:-1]}", f"/sha256/{kubelet.upper()}", f"//sha256/{kubelet}"]
    others += [f"/sha256/{kubelet}/../{kubelet}", f"/sha256/{'.' * 64}", f"/sha256/$(cat${{IFS}}/etc/passwd){'0' * 40}"]
    asked = [f"GET {other} HTTP/1.1\r\n\r\n" for other in others]
    asked += [f"{verb} {path} HTTP/1.1\r\n\r\n" for verb in ("HEAD", "PUT", "POST", "DELETE", "get")]
    asked += [f"GET {path}\r\n\r\n", "\r\n", "x" * 4000, "GET /sha256/" + "a" * 4000]
    answers = {request: ask(abandoned, request.encode()) for request in asked}
    assert {answer for answer in answers.values()} == {
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    }


@pytest.mark.slow
def test_a_killed_run_leaves_a_server_that_ends_at_the_next_contact(site: Site) -> None:
    wanted = site.wanted("first", "curl", "wget")
    site.bring_until_it_fetches(wanted)
    assert site.serving("first") and site.has("first") and not site.has("curl")
    before = site.sent()
    assert site.bring({"first": wanted["first"]})
    assert not site.serving("first")
    assert set(site.bring(wanted)) == {"first", "curl", "wget"}
    assert site.has("curl") and site.sent() - before < MB


@pytest.mark.slow
def test_what_a_killed_run_left_serving_ends_by_itself(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "LIFETIME", 4)
    site.bring(site.wanted("first"))
    assert site.run(lambda steps: serve._serve(steps, "first", site.lab["first"].ip))
    deadline = time.monotonic() + 30
    while site.serving("first") and time.monotonic() < deadline:
        time.sleep(1)
    assert not site.serving("first")
    assert site.lab["first"].ssh("systemctl --failed --no-legend").stdout == ""


@pytest.mark.slow
def test_a_push_that_was_cut_goes_on_where_it_stopped(site: Site) -> None:
    wire = Wire(cut_after=12 * MB)

    hosts: dict[str, Host] = {}

    async def through(steps: Steps) -> None:
        async with wire.to(site.lab["far"].ip) as port:
            hosts["far"] = entry(site.lab, "far", address="10.77.0.1", port=port)
            await bring_files(steps, site.bundle, site.wanted("far", first="far"))

    site.run(through, hosts)
    assert site.failures["far"].code == "HostDisconnected"
    there = int(site.lab["far"].ssh(f"cat {STORE}/*.part | wc -c").stdout)
    assert 8 * MB <= there <= 12 * MB
    before = site.sent()
    assert site.bring(site.wanted("far", first="far")) == ("far",)
    assert site.sent() - before < 1.1 * (sum(SIZES.values()) - there) + MB
    assert site.has("far")


@pytest.mark.slow
@pytest.mark.parametrize("size", [3 * MB, SIZES["linux/bin/kubelet"], 30 * MB])
def test_a_beginning_that_is_none_is_sent_again(size: int, site: Site) -> None:
    kubelet = site.files[0].sha256
    site.lab["far"].ssh(f"mkdir -p {STORE} && head -c {size} /dev/urandom > {STORE}/{kubelet}.part")
    assert site.bring(site.wanted("far")) == ("far",)
    assert site.has("far")


@pytest.mark.slow
def test_a_port_that_is_taken_costs_no_more_than_time(site: Site) -> None:
    site.lab["first"].ssh(
        f"systemd-run --unit taken --socket-property ListenStream={PORT} --socket-property Accept=yes true"
    )
    try:
        assert set(site.bring(site.wanted("first", "curl"))) == {"first", "curl"}
        assert site.has("curl")
    finally:
        site.lab["first"].ssh("systemctl stop taken.socket")


@pytest.mark.slow
def test_a_firewall_between_hosts_is_tried_once_and_not_for_each_file(site: Site) -> None:
    chain = "nft add table ip x && nft add chain ip x in '{ type filter hook input priority 0; }'"
    site.lab["first"].ssh(f"{chain} && nft add rule ip x in tcp dport {PORT} counter drop")
    try:
        assert set(site.bring(site.wanted("first", "curl", "wget"))) == {"first", "curl", "wget"}
        assert all(map(site.has, ("curl", "wget")))
        counted = site.lab["first"].ssh("nft list chain ip x in").stdout.partition("packets ")[2]
        # a try of 5 seconds is 3 to 5 packets, and there are 3 files for each host
        assert 2 <= int(counted.split()[0]) < 20
    finally:
        site.lab["first"].ssh("nft delete table ip x")


@pytest.mark.slow
def test_where_the_first_is_away_the_next_one_serves(site: Site) -> None:
    site.lab["first"].off(cut=True)
    try:
        before = site.sent()
        assert set(site.bring(site.wanted("first", "curl", "wget"))) == {"curl", "wget"}
        assert site.sent() - before < 1.2 * sum(SIZES.values())
    finally:
        site.lab["first"].on()


@pytest.mark.slow
def test_a_host_without_room_is_a_row(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.lab["far"].ssh(f"mkdir -p {STORE} && mount -t tmpfs -o size=12m tmpfs {STORE}")
    try:
        assert site.bring(site.wanted("far")) == ()
        assert site.failures["far"].code == "HostDiskFull" and "MB are free" in site.failures["far"].why
        monkeypatch.setattr(store, "_SPARE", -(1 << 40))
        assert site.bring(site.wanted("far")) == ()
        assert site.failures["far"].code == "StoreFailed" and "No space left" in site.failures["far"].why
    finally:
        site.lab["far"].ssh(f"umount {STORE}")
