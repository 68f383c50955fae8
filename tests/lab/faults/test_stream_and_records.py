"""A stream that ends at any kind of place, records on the host that somebody broke, and the order of what is synced.

Seen to fail with each of these taken out of the scripts in aksprov/transport/posix:

- apply.sh, ``sha256sum -c``: a stream cut at a member's border was told as an owner that cannot be had;
- aksprov/transport/agent.py, the minute that every stream has: StreamCut over a slow line;
- recover.sh, ``check_log``: a broken swap.log was removed without a word, what it told of was lost;
- swap.sh, a last line without its end is none: a line that a power cut tore stopped the recovery;
- removes.sh, the look into originals: a file that somebody wrote into the manifest was removed;
- apply.sh, ``sync $staged``, ``sync $D/swap.log.new``, ``sync_folders`` after swap.log's rename: not before the
  first rename.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from minilab import Lab
from transport_lab import deliver, entry, error_of, file, haproxy, on_host, traced
from trio import litter, slow_line

from aksprov.model.transport import Delivery
from aksprov.transport.agent import agent_argv, command_line
from aksprov.transport.delivery import apply_input, apply_script

OURS = "/var/lib/aksprov"
NONCE = "0123456789abcdef"
OLD = [haproxy(), file("/srv/one", "old\n"), file("/srv/two", "old\n" * 300)]
NEW = [haproxy(more="# new\n"), file("/srv/one", "new\n"), file("/srv/two", "new\n" * 300)]
LOOK = f"sha256sum /etc/haproxy/haproxy.cfg /srv/one /srv/two {OURS}/manifest.json; ss -Hltn | grep -c 10.77.0.200:6443"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One host with OLD in force."""
    with Lab(["h1"]) as lab, lab.netns():
        lab["h1"].shell("echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind")
        put(lab, deliver(OLD, ("haproxy",)))
        yield lab


def put(lab: Lab, delivery: Delivery) -> None:
    on_host(entry(lab, "h1"), lambda c: c.put_bundle(delivery))


def places(stream: bytes) -> dict[str, int]:
    """Where a stream of three members is cut."""
    begin = stream.index(b"\n.\n") + 3
    second = begin + 1024  # /etc/haproxy/haproxy.cfg may take more than a block: look for what comes next
    while stream[second + 257 : second + 262] != b"ustar":
        second += 512
    return {
        "in-the-lines": begin - 20,
        "before-the-first-member": begin,
        "inside-the-first-header": begin + 200,
        "inside-a-content": begin + 612,
        "at-a-members-border": second,
        "inside-the-second-header": second + 300,
        "at-the-last-members-last-block": len(stream) - 1024 - 512,
    }


CHANGE = deliver(NEW, ("haproxy",))
STREAM = apply_input(CHANGE, "feedbeef")


def send(lab: Lab, stream: bytes) -> str:
    """What the host answers to the first bytes of a stream, after which no more comes."""
    script = apply_script(CHANGE).encode()
    command = command_line(agent_argv(NONCE, ":", (), sudo=False))
    request = f"{NONCE} {len(script)} {len(STREAM)} 60\n".encode() + script + stream
    ssh = ["ssh", "-F", str(lab.ssh_config), "h1", command]
    return subprocess.run(lab.inside(ssh), input=request, capture_output=True, timeout=60, check=True).stdout.decode()


@pytest.mark.parametrize("where", places(STREAM))
def test_a_stream_that_ends_early_changes_nothing(lab: Lab, where: str) -> None:
    before = lab["h1"].shell(LOOK).stdout
    answer = send(lab, STREAM[: places(STREAM)[where]])
    assert "stage failed StreamCut" in answer
    assert lab["h1"].shell(LOOK).stdout == before
    assert litter(lab["h1"]) == ""


@pytest.mark.slow
def test_a_stream_over_a_slow_line_arrives(lab: Lab) -> None:
    """60 KB at 4 KB/s: the host waits longer for a longer stream."""
    with slow_line(lab, lab["h1"]):
        put(lab, deliver([file("/srv/large", "x" * 60_000)], unchanged=OLD))
    assert lab["h1"].shell("wc -c < /srv/large; rm /srv/large").stdout == "60000\n"
    put(lab, deliver(unchanged=OLD))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage\\n",
        "commit 00\\nhad etc/passwd\\n",
        "had /srv/one\\n",
        "commit 00\\nremove /srv/one\\n",
        "\\001\\377\\000x\\n",
    ],
    ids=["empty", "garbage", "path", "no-commit", "unknown", "bytes"],
)
def test_a_swap_log_that_is_not_ours_is_left_alone_and_told(lab: Lab, text: str) -> None:
    host = lab["h1"]
    before = host.shell(LOOK).stdout
    host.shell(f"printf '{text}' > {OURS}/swap.log; cp -p {OURS}/swap.log /root/; cp /srv/two /srv/.one.aksprov-old")
    try:
        for _ in range(2):
            error = error_of(entry(lab, "h1"), lambda c: c.observe([]))
            assert (error.code, error.where) == ("SwapLogUnreadable", "h1, step recover")
            assert host.shell(LOOK).stdout == before
            host.shell(f"cmp {OURS}/swap.log /root/swap.log")
    finally:
        host.shell(f"rm -f {OURS}/swap.log /srv/.one.aksprov-old")


def test_a_line_that_a_power_cut_tore_was_never_acted_upon(lab: Lab) -> None:
    host = lab["h1"]
    before = host.shell(LOOK).stdout
    host.shell(
        f"ln /srv/one /srv/.one.aksprov-old; echo half > /srv/new; mv /srv/new /srv/one;"
        f" printf 'commit 00\\nhad /srv/one\\nuni' > {OURS}/swap.log"
    )
    on_host(entry(lab, "h1"), lambda c: c.observe([]))
    assert host.shell(LOOK).stdout == before
    assert litter(host) == ""


def test_a_manifest_that_somebody_broke_is_told(lab: Lab) -> None:
    host = lab["h1"]
    host.shell(f"cp {OURS}/manifest.json /root/; printf '{{\"schema\":1,' > {OURS}/manifest.json")
    try:
        error = error_of(entry(lab, "h1"), lambda c: c.observe([]))
        assert error.code == "ManifestUnreadable"
        assert f"{OURS}/manifest.json" in error.fix
    finally:
        host.shell(f"mv /root/manifest.json {OURS}/")


def test_a_path_that_somebody_wrote_into_the_manifest_is_not_removed(lab: Lab) -> None:
    """A file that a plan takes for ours, and that we never put there, stays as it is."""
    lab["h1"].shell("echo theirs > /srv/theirs")
    put(lab, deliver(unchanged=OLD, removes=("/srv/theirs",)))
    assert lab["h1"].shell("cat /srv/theirs").stdout == "theirs\n"
    assert litter(lab["h1"]) == ""


@pytest.mark.strace
def test_what_a_power_cut_must_not_lose_is_synced_before_what_relies_on_it(lab: Lab, tmp_path: Path) -> None:
    """Files and folders before swap.log, swap.log before the first rename, the manifest last: as strace sees it."""
    calls = "fsync,fdatasync,syncfs,rename,renameat,renameat2"
    with traced(lab, calls, tmp_path / "strace.log") as log:
        put(lab, deliver([*NEW, file("/srv/folder/three", "new\n")], ("haproxy",), epoch=2))
    done = [act for line in log.read_text().splitlines() if (act := read_call(line))]
    swapping = done.index(("rename", f"{OURS}/swap.log"))
    renames = [n for n, (what, path) in enumerate(done) if what == "rename" and path.startswith(("/etc/", "/srv/"))]
    finished = done.index(("rename", f"{OURS}/manifest.json"))
    assert swapping < renames[0] < renames[-1] < finished
    assert len(renames) == 4
    before_log, before_swap, after_swap = done[:swapping], done[swapping : renames[0]], done[renames[-1] :]
    for path in ("/etc/haproxy/.haproxy.cfg", "/srv/.one", "/srv/.two", "/srv/folder/.three", f"{OURS}/.manifest.json"):
        assert any(what == "sync" and name.startswith(f"{path}.aksprov-") for what, name in before_log), path
    assert ("sync", f"{OURS}/swap.log.new") in before_log
    for folder in (OURS, "/etc/haproxy", "/srv", "/srv/folder"):
        assert ("sync", folder) in before_swap
        assert ("sync", folder) in after_swap
    for folder in ("/etc/haproxy", "/srv", "/srv/folder"):
        assert ("sync", folder) in done[renames[-1] : finished]
    assert ("sync", OURS) in done[finished:]


def read_call(line: str) -> tuple[str, str] | None:
    """("sync" | "rename", path) of a call that did something."""
    if not line.endswith("= 0"):
        return None
    if sync := re.search(r"\b(?:fsync|fdatasync|syncfs)\(\d+<([^>]*)>", line):
        return "sync", sync[1]
    if rename := re.search(r"\brename\w*\(.*\"([^\"]*)\"[^\"]*\) +=", line):
        return "rename", rename[1]
    return None
