"""A host whose /var/lib/aksprov has too little room: each delivery is done or leaves all as it was, whatever the room.

Seen to fail with each of these taken out of the scripts in aksprov/transport/posix:

- lock.sh, the end of the wait where no lock is there: HostLocked by nobody, after 30 s, at one inode too few;
- apply.sh, ``true`` in place of ``:`` in keep_original: AnswerUnreadable, the script dead with its lock in place;
- steps/common.sh, ``fail`` where record cannot write: the swap went on and HAProxy's unit was in no record.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from minilab import Lab
from transport_lab import deliver, entry, file, haproxy, on_host
from trio import litter

from aksprov.errors import HostError
from aksprov.model.transport import Delivery

OURS = "/var/lib/aksprov"
PAGE = 4096
OLD = [haproxy(), file("/etc/haproxy/extra", "old\n", "named"), file("/srv/one", "old\n")]
NEW = [haproxy(more="# new\n"), file("/etc/haproxy/extra", "new\n", "named"), file("/srv/one", "new\n")]
LOOK = (
    f"sha256sum /etc/haproxy/* /srv/* {OURS}/manifest.json;"
    f" cd {OURS} && find originals -type f ! -name folders -exec sha256sum {{}} +;"
    " ss -Hltn | grep -c 10.77.0.200:6443; cat /proc/sys/net/ipv4/tcp_syncookies"
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One host, our folder on a disk of its own."""
    with Lab(["h1"]) as lab, lab.netns():
        lab["h1"].shell(
            f"echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind; mkdir -m 700 {OURS};"
            f" mount -t tmpfs -o size=1m,nr_inodes=1000 none {OURS}; mkdir -p /srv"
        )
        yield lab


@pytest.fixture
def host(lab: Lab) -> Lab:
    """That host with OLD in force and 1 MB of room."""
    room(lab, "size=1m,nr_inodes=1000")
    lab["h1"].shell(f"rm -rf {OURS}/* /srv/*; echo 1 > /proc/sys/net/ipv4/tcp_syncookies")
    assert put(lab, deliver(OLD, ("haproxy",))) == ""
    return lab


def put(lab: Lab, delivery: Delivery) -> str:
    """The code and reason of the error, "" for none."""
    try:
        on_host(entry(lab, "h1"), lambda c: c.put_bundle(delivery))
    except HostError as error:
        return f"{error.code}: {error.why}"
    return ""


def room(lab: Lab, options: str) -> None:
    lab["h1"].shell(f"mount -o remount,{options} {OURS}")


def used(lab: Lab, what: str) -> int:
    return int(lab["h1"].shell(f"df --output={what} -B{PAGE} {OURS} | tail -n 1").stdout)


@pytest.mark.parametrize("kind", ["blocks", "inodes"])
def test_whatever_the_room_it_is_done_or_everything_is_as_it_was(host: Lab, kind: str) -> None:
    """Ever more room, until it is enough."""
    change = deliver([*NEW, file("/srv/folder/two", "new\n")], ("haproxy",))
    before = host["h1"].shell(LOOK).stdout
    taken = used(host, "used") if kind == "blocks" else used(host, "iused")
    for more in range(40):
        room(host, f"nr_blocks={taken + more}" if kind == "blocks" else f"nr_inodes={taken + more}")
        answer = put(host, change)
        if not answer:
            break
        assert answer.startswith(("StagingFailed: ", "SwapFailed: ")), f"{more} {kind}: {answer}"
        assert host["h1"].shell(LOOK).stdout == before, f"{more} {kind}: {answer}"
        assert litter(host["h1"]) == ""
        assert host["h1"].shell("ls -d /srv/folder", check=False).stdout == ""
    assert 3 < more < 39
    assert host["h1"].shell("cat /srv/one /srv/folder/two").stdout == "new\nnew\n"
    assert litter(host["h1"]) == ""


def test_a_record_that_does_not_fit_into_swap_log_stops_the_swap(host: Lab) -> None:
    """The log fills its last page, the disk is full, and a step has something to add."""
    names = [f"/srv/{n:02}{'x' * 55}" for n in range(29)]
    log = f"commit {'0' * 64}\nhad /etc/haproxy/haproxy.cfg\n" + "".join(f"kept {n}\nnew {n}\n" for n in names)
    names.append(f"/srv/{'y' * ((PAGE - len(log) - len('kept /srv/_new /srv/__')) // 2)}")
    delivery = deliver([haproxy(more="# new\n"), *(file(n, "new\n") for n in names)], ("haproxy",))
    before = host["h1"].shell(LOOK).stdout
    taken, answers = used(host, "used"), []
    for more in range(60):
        room(host, f"nr_blocks={taken + more}")
        answers.append(put(host, delivery))
        if not answers[-1]:
            break
        assert host["h1"].shell(LOOK).stdout == before, answers
        assert litter(host["h1"]) == ""
    assert answers[-1] == ""
    assert any(a.startswith("SwapFailed: cannot write to") for a in answers), answers


def test_a_read_only_disk_is_told_at_once(host: Lab) -> None:
    before = host["h1"].shell(LOOK).stdout
    room(host, "ro")
    try:
        answer = put(host, deliver(NEW, ("haproxy",)))
        assert answer == f"StagingFailed: cannot write to {OURS}"
        assert host["h1"].shell(LOOK).stdout == before
    finally:
        room(host, "rw")
    assert put(host, deliver(NEW, ("haproxy",))) == ""
