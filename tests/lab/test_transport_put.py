"""Deliveries to real hosts: what arrives, what is refused, and that a failure leaves everything as it was.

Seen to fail: without check_target (posix/apply.sh) the link /etc/mtab and /dev/null were replaced, a folder was told
as a file that cannot be, and a bind mount was found only when originals had been kept.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from minilab import Lab
from transport_lab import (
    KEEPALIVED,
    VIP,
    Wire,
    deliver,
    entry,
    error_of,
    file,
    haproxy,
    load_balancer,
    on_host,
    sha256,
)

from aksprov.errors import HostError
from aksprov.model.facts import Observed
from aksprov.model.transport import Delivery, Receipt
from aksprov.transport import connector

# What must not be needed on a host: every probe and file goes without these.
NOT_NEEDED = (
    "socat curl openssl python3 perl awk mawk gawk grep egrep fgrep sed find xargs rsync ps pgrep bc ed vi less nc"
)
STOCK_SSHD = "sed -i -E '/^(MaxStartups|MaxSessions)/d' /etc/ssh/sshd_config.d/*.conf && systemctl restart ssh"


@pytest.fixture(scope="module")
def bare(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Two hosts with sshd as it is shipped and few programs."""
    with Lab(["h1", "h2"], suite=getattr(request, "param", "bookworm")) as lab:
        for name in lab.hosts:
            lab[name].shell(STOCK_SSHD)
            lab[name].shell(f"for p in {NOT_NEEDED}; do rm -f $(command -v $p); done; rm -f /usr/bin/python3*")
        with lab.netns():
            yield lab


BOTH = pytest.mark.parametrize("bare", ["bookworm", "trixie"], indirect=True, scope="module")


@pytest.fixture
def lab(bare: Lab) -> Lab:
    """Those hosts with h1 as a first delivery leaves it."""
    delivery = load_balancer()
    seen = observe(bare)
    right = {f.path: (sha256(f), f.mode) for f in delivery.files}
    if seen.manifest != delivery.manifest or {p: (f.sha256, f.mode) for p, f in seen.files.items()} != right:
        put(bare, delivery)
    return bare


def put(lab: Lab, delivery: Delivery, name: str = "h1") -> Receipt:
    return on_host(entry(lab, name), lambda c: c.put_bundle(delivery))


def refused(lab: Lab, delivery: Delivery) -> tuple[str, str]:
    """(code, why) of a delivery that must fail, after which everything must be as it was."""
    before = snapshot(lab)
    error = error_of(entry(lab, "h1"), lambda c: c.put_bundle(delivery))
    assert snapshot(lab) == before
    return error.code, error.why


def snapshot(lab: Lab) -> str:
    """Names, hashes, modes and owners below the folders that deliveries touch, the manifest and what listens.

    Not the note of folders that we made: it is written before they are.
    """
    return (
        lab["h1"]
        .shell(
            "cd / && for f in etc/haproxy etc/keepalived etc/sysctl.d etc/modules-load.d srv var/lib/aksprov; do"
            ' for p in "$f" "$f"/* "$f"/.[!.]* "$f"/*/* "$f"/*/*/* "$f"/*/.[!.]*; do'
            ' [ -e "$p" ] || [ -L "$p" ] || continue; case $p in */epoch | */originals/folders) continue;; esac;'
            ' stat -c "%A %U:%G %n" "$p"; [ ! -f "$p" ] || sha256sum "$p"; done; done;'
            " ss -Hltn | sort; cat /proc/sys/net/ipv4/ip_nonlocal_bind; systemctl is-active haproxy keepalived"
        )
        .stdout
    )


def observe(lab: Lab, name: str = "h1") -> Observed:
    return on_host(entry(lab, name), lambda c: c.observe([]))


@BOTH
def test_a_bundle_arrives_and_is_in_force(bare: Lab) -> None:
    delivery = load_balancer()
    receipt = put(bare, delivery)
    assert [(s.step, s.result) for s in receipt.steps] == [(s, "done") for s in ("sysctl", "haproxy", "keepalived")]
    assert f"listens on {VIP}:6443" in receipt.steps[1].details
    host = bare["h1"]
    for f in delivery.files:
        assert host.shell(f"cat {f.path}; stat -c '%a %U:%G' {f.path}").stdout == f"{f.content}{f.mode[1:]} {f.owner}\n"
    assert f"{VIP}:6443" in host.shell("ss -Hltn").stdout
    states = "systemctl is-active haproxy keepalived; systemctl is-enabled haproxy keepalived"
    assert host.shell(states).stdout.split() == ["active", "active", "enabled", "enabled"]
    assert host.shell("cat /proc/sys/net/ipv4/ip_nonlocal_bind").stdout == "1\n"
    manifest = json.loads(host.shell("cat /var/lib/aksprov/manifest.json").stdout)
    assert manifest["state_id"] == "state-a"
    assert [f["sha256"] for f in manifest["files"]] == [sha256(f) for f in sorted(delivery.files, key=lambda f: f.path)]
    assert "aksprov-" not in bare["h1"].shell("ls -AR /etc /srv /var/lib/aksprov").stdout


def test_the_next_look_finds_everything_as_recorded(lab: Lab) -> None:
    seen = observe(lab)
    delivery = load_balancer()
    assert seen.manifest == delivery.manifest
    assert seen.epoch == 1
    found = {path: (f.kind, f.sha256, f.mode, f.owner) for path, f in seen.files.items()}
    assert found == {f.path: ("file", sha256(f), f.mode, f.owner) for f in delivery.files}


def test_an_edited_file_is_seen(lab: Lab) -> None:
    lab["h1"].shell("echo edited >> /etc/haproxy/haproxy.cfg; chmod 600 /etc/keepalived/check; rm /srv/new/folder/*")
    files = observe(lab).files
    assert files["/etc/haproxy/haproxy.cfg"].sha256 != sha256(haproxy())
    assert files["/etc/keepalived/check"].mode == "0600"
    assert "/srv/new/folder/objects.json" not in files


def test_contents_are_read_as_bytes(lab: Lab) -> None:
    lab["h1"].shell("printf 'a\\000\\377\\n\\n' > /srv/odd")
    read = on_host(entry(lab, "h1"), lambda c: c.get(["/srv/odd", "/srv/nothing", "/etc/keepalived/check"]))
    assert read == {"/srv/odd": b"a\x00\xff\n\n", "/etc/keepalived/check": b"#!/bin/sh\ntrue\n"}


@pytest.mark.parametrize(
    ("delivery", "code", "words"),
    [
        (deliver([haproxy(more="garbage\n")], ("haproxy",)), "ConfigRefused", "unknown keyword 'garbage'"),
        (
            deliver([file("/etc/keepalived/keepalived.conf", "vrrp_instance x {", "keepalived")], ("keepalived",)),
            "ConfigRefused",
            "missing '}'",
        ),
        # the new worker cannot bind what sshd holds; systemctl calls that reload a success
        (
            deliver([file("/srv/other/a", "x"), haproxy(bind="0.0.0.0:22")], ("haproxy",)),
            "NotListening",
            "cannot bind",
        ),
        # HAProxy is good, keepalived is not: HAProxy goes back, too
        (
            deliver(
                [haproxy(bind="10.77.0.201:6443"), file("/etc/keepalived/keepalived.conf", "no\n", "keepalived")],
                ("haproxy", "keepalived"),
                listen=False,
            ),
            "ConfigRefused",
            "Unknown keyword 'no'",
        ),
        (
            deliver(
                [file("/etc/sysctl.d/98-y.conf", "net.ipv4.ip_nonlocal_bind=0\nnet.ipv4.no=1\n", "sysctl")], ("sysctl",)
            ),
            "SysctlRefused",
            "net/ipv4/no = 1: this kernel has no such setting",
        ),
        (
            deliver([file("/etc/modules-load.d/y.conf", "# one\nno_such_module\n", "modules")], ("modules",)),
            "ModuleRefused",
            "no_such_module",
        ),
        (deliver([file("/srv/x", "x", owner="root:nobody-here")]), "OwnerRefused", "root:nobody-here"),
        (deliver([file("/etc/mtab", "x")]), "TargetRefused", "/etc/mtab is a symbolic link to"),
        (deliver([file("/etc/haproxy", "x")]), "TargetRefused", "/etc/haproxy is a folder"),
        (deliver([file("/dev/null", "x")]), "TargetRefused", "/dev/null is no regular file"),
        (deliver([file("/etc/hosts/x", "x")]), "TargetRefused", "/etc/hosts is in the way: it is no folder"),
        (deliver([file("/proc/sys/kernel/x", "x")]), "StagingFailed", "proc/sys/kernel/.x.aksprov-"),
        (deliver([file("/srv/x", "x")], epoch=0), "HostEpochRefused", "seen epoch 1, this is 0"),
        (deliver([file("/srv/x", "x")], state="state-b"), "HostOwnedByOtherState", "of state state-a"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_cannot_be_done_leaves_the_old_in_force(lab: Lab, delivery: Delivery, code: str, words: str) -> None:
    found, why = refused(lab, delivery)
    assert found == code
    assert words in why


def test_another_states_host_is_free_once_its_manifest_is_moved_away(lab: Lab) -> None:
    error = error_of(entry(lab, "h1"), lambda c: c.put_bundle(deliver([file("/srv/x", "x")], state="state-b")))
    assert "aksprov adopt --name h1" in error.fix
    lab["h1"].shell("mv /var/lib/aksprov/manifest.json /root/")
    put(lab, deliver([file("/srv/x", "x")], state="state-b"))
    lab["h1"].shell("rm /srv/x; rm -r /var/lib/aksprov")


def test_mounts_and_immutable_files_are_told_apart(lab: Lab) -> None:
    host = lab["h1"]
    host.shell("echo a > /srv/mounted; echo b > /srv/source; mount --bind /srv/source /srv/mounted")
    try:
        assert refused(lab, deliver([file("/srv/mounted", "x")])) == ("TargetRefused", "/srv/mounted is a mount point")
    finally:
        host.shell("umount /srv/mounted; rm /srv/mounted /srv/source")
    if host.shell("chattr +i /etc/keepalived/check", check=False).returncode == 0:
        try:
            changed = file("/etc/keepalived/check", "#!/bin/sh\nfalse\n", "named", mode="0755")
            code, why = refused(lab, deliver([changed]))
            assert (code, why) == ("TargetRefused", "/etc/keepalived/check cannot be replaced: Operation not permitted")
        finally:
            host.shell("chattr -i /etc/keepalived/check")


def test_a_higher_epoch_is_remembered_even_when_the_delivery_fails(lab: Lab) -> None:
    assert refused(lab, deliver([haproxy(more="garbage\n")], ("haproxy",), epoch=7))[0] == "ConfigRefused"
    assert observe(lab).epoch == 7
    assert refused(lab, deliver([file("/srv/x", "x")], epoch=6))[0] == "HostEpochRefused"
    lab["h1"].shell("rm /var/lib/aksprov/epoch")


def test_a_host_without_haproxy_is_left_untouched(bare: Lab) -> None:
    bare["h2"].shell("mv /usr/sbin/haproxy /root/")
    error = error_of(entry(bare, "h2"), lambda c: c.put_bundle(load_balancer()))
    assert (error.code, error.why) == ("HostToolMissing", "haproxy")
    assert bare["h2"].shell("ls -d /srv/new /var/lib/aksprov /etc/sysctl.d/99-x.conf", check=False).stdout == ""
    bare["h2"].shell("mv /root/haproxy /usr/sbin/")


@pytest.mark.parametrize("starts", ["exec sleep 2", "systemd-notify --ready; sleep 1; exit 1"], ids=["ends", "fails"])
def test_a_unit_that_dies_two_seconds_later_has_failed(bare: Lab, starts: str) -> None:
    host = bare["h2"]
    host.write(
        "/etc/systemd/system/keepalived.service.d/x.conf", f"[Service]\nExecStart=\nExecStart=/bin/sh -c '{starts}'\n"
    )
    host.shell("echo Type=simple >> /etc/systemd/system/keepalived.service.d/x.conf")
    host.shell("systemctl daemon-reload; systemctl stop keepalived; rm -f /etc/keepalived/keepalived.conf")
    conf = file("/etc/keepalived/keepalived.conf", KEEPALIVED.format(vip=VIP), "keepalived")
    error = error_of(entry(bare, "h2"), lambda c: c.put_bundle(deliver([conf], ("keepalived",))))
    assert (error.code, error.where) == ("UnitUnstable", "h2, step keepalived")
    assert host.shell("ls /etc/keepalived/keepalived.conf", check=False).returncode != 0
    host.shell("rm -r /etc/systemd/system/keepalived.service.d; systemctl daemon-reload; systemctl reset-failed")


@pytest.mark.parametrize("bytes_up", [16_000, 30_000, 60_000])
def test_a_stream_that_is_cut_leaves_the_old(lab: Lab, bytes_up: int) -> None:
    """Cut inside the script, inside a member, and between members: tar itself may call that a success."""
    delivery = deliver([file(f"/srv/cut/f{n}", f"{n}\n" * 4000) for n in range(8)])

    async def work() -> str:
        async with Wire(cut_after=bytes_up).to(lab["h1"].ip) as port:
            connection = await connector()(entry(lab, "h1", address="10.77.0.1", port=port))
            try:
                await connection.put_bundle(delivery)
            except HostError as error:
                return error.code
            finally:
                await connection.close()
        return ""

    before = snapshot(lab)
    assert asyncio.run(work()) == "HostDisconnected"
    wait_until_quiet(lab)
    assert snapshot(lab) == before


def wait_until_quiet(lab: Lab) -> None:
    """Until no agent of ours runs on the host any more."""
    lab["h1"].shell(
        'for i in 1 2 3 4 5 6 7 8 9 10; do set -- /var/lib/aksprov/stage-*; [ -e "$1" ] || break; sleep 0.3; done'
    )


def test_a_removed_file_gets_its_original_back(bare: Lab) -> None:
    host = bare["h2"]
    host.shell("printf original > /etc/keepalived/own; chmod 640 /etc/keepalived/own")
    ours = [file("/etc/keepalived/own", "ours\n"), file("/srv/fresh/a", "new\n")]
    put(bare, deliver(ours), "h2")
    put(bare, deliver([], removes=("/etc/keepalived/own", "/srv/fresh/a")), "h2")
    look = "cat /etc/keepalived/own; stat -c %a /etc/keepalived/own; ls /srv/fresh"
    assert host.shell(look).stdout == "original640\n"
    host.shell("printf second > /etc/keepalived/own")
    put(bare, deliver(ours[:1]), "h2")
    put(bare, deliver([], removes=("/etc/keepalived/own",)), "h2")
    assert host.shell("cat /etc/keepalived/own").stdout == "second"


def test_first_states_of_units_and_settings_are_kept(bare: Lab) -> None:
    before = (
        bare["h2"]
        .shell(
            "echo haproxy $(systemctl is-active haproxy) $(systemctl is-enabled haproxy);"
            " echo keepalived $(systemctl is-active keepalived) $(systemctl is-enabled keepalived);"
            " echo net/ipv4/ip_nonlocal_bind $(cat /proc/sys/net/ipv4/ip_nonlocal_bind);"
            " echo net/ipv4/tcp_rmem $(cat /proc/sys/net/ipv4/tcp_rmem)"
        )
        .stdout
    )
    put(bare, load_balancer(), "h2")
    put(bare, load_balancer(), "h2")
    assert bare["h2"].shell("cat /var/lib/aksprov/originals/units /var/lib/aksprov/originals/sysctls").stdout == before


def test_two_deliveries_at_once_wait_for_each_other(lab: Lab) -> None:
    async def work() -> list[str]:
        async def one(n: int) -> str:
            connection = await connector()(entry(lab, "h1"))
            try:
                changed = file("/etc/keepalived/keepalived.conf", KEEPALIVED.format(vip=VIP) + f"# {n}\n", "keepalived")
                receipt = await connection.put_bundle(deliver([changed], ("keepalived",)))
                return receipt.steps[0].result
            finally:
                await connection.close()

        return await asyncio.gather(*(one(n) for n in range(2)))

    assert asyncio.run(work()) == ["done", "done"]
    assert observe(lab).files["/etc/keepalived/keepalived.conf"].sha256 == observe(lab).manifest.files[0].sha256  # type: ignore[union-attr]
