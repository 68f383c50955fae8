"""A removal that is killed at each of its renames and deletions: the next one ends it, and nothing of ours stays.

A program in place of ``mv`` and ``rm`` counts; the scripts themselves have no hook.

Seen to fail: where the second removal sends the files of the first one again, and not those that the manifest still
has, the kill right after the manifest's rename costs the file that had come back; where give_back (leave.sh) deletes
the epoch, the run that slept changes the host.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from minilab import Lab
from transport_lab import deliver, entry, error_of, file, on_host

from aksprov.errors import HostError
from aksprov.model.transport import Delivery

COUNTING = """#!/bin/sh
n=$(cat /run/calls 2>/dev/null || echo 0)
echo $((n + 1)) > /run/calls
if [ "$n" = "$(cat /run/stop-at)" ]; then
    kill -9 $PPID
    exit 1
fi
exec /usr/bin/PROGRAM "$@"
"""
OURS = [
    file("/etc/crictl.yaml", "timeout: 10\n"),
    file("/etc/sysctl.d/99-x.conf", "net.ipv4.tcp_syncookies = 2\n", "sysctl"),
    file("/srv/made/by/us", "new\n"),
]
ARRIVAL = deliver(OURS, ("sysctl",))
REMOVAL = msgspec.structs.replace(
    deliver((), ("sysctl",), removes=tuple(f.path for f in OURS), epoch=2), leaving="c", vips=("10.77.0.200",)
)
LOOK = (
    "find /etc /var/lib /srv -xdev -path /var/lib/systemd -prune -o -printf '%y %m %u:%g %p\\n' | sort;"
    " sha256sum /etc/crictl.yaml; cat /proc/sys/net/ipv4/tcp_syncookies"
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One host that has a file of its own where ours goes."""
    with Lab(["h1"]) as lab, lab.netns():
        lab["h1"].shell(
            "echo 'timeout: 7' > /etc/crictl.yaml; chmod 0640 /etc/crictl.yaml; chgrp daemon /etc/crictl.yaml"
        )
        yield lab


def put(lab: Lab, delivery: Delivery) -> None:
    on_host(entry(lab, "h1"), lambda c: c.put_bundle(delivery))


def trap(lab: Lab, call: int) -> None:
    for program in ("mv", "rm"):
        lab["h1"].write(f"/usr/local/sbin/{program}", COUNTING.replace("PROGRAM", program))
    lab["h1"].shell(f"chmod 755 /usr/local/sbin/*; : > /run/calls; echo 0 > /run/calls; echo {call} > /run/stop-at")


def untrap(lab: Lab) -> int:
    """Take the counting programs away; how often they were called."""
    return int(lab["h1"].shell("cat /run/calls; /usr/bin/rm -f /usr/local/sbin/mv /usr/local/sbin/rm").stdout)


def remove_what_is_left(lab: Lab) -> None:
    """As the workflow does: the manifest says which files are still there."""
    seen = on_host(entry(lab, "h1"), lambda c: c.observe(()))
    files = tuple(f.path for f in (seen.manifest.files if seen.manifest else ()))
    put(lab, msgspec.structs.replace(REMOVAL, removes=files, steps=REMOVAL.steps if files else ()))


@pytest.mark.slow
def test_killed_anywhere_the_next_removal_ends_it(lab: Lab) -> None:
    """What the kill left is put right at the next contact; then the host is as it was found."""
    host = lab["h1"]
    found = host.shell(LOOK).stdout
    put(lab, ARRIVAL)
    assert host.shell(LOOK).stdout != found
    trap(lab, -1)
    put(lab, REMOVAL)
    total = untrap(lab)
    assert host.shell(LOOK).stdout == found
    assert total > len(OURS) + 4
    for call in range(total):
        host.shell("rm -f /run/aksprov.epoch")
        put(lab, ARRIVAL)
        trap(lab, call)
        try:
            put(lab, REMOVAL)  # a deletion whose failure means nothing does not end it
        except HostError as error:
            assert error.code == "AnswerUnreadable"
        untrap(lab)
        remove_what_is_left(lab)
        assert host.shell(LOOK).stdout == found, f"call {call} of {total}"


def test_a_run_that_slept_through_the_removal_is_refused_by_the_host(lab: Lab) -> None:
    """Its epoch is older than the removal's, which the host knows until it boots."""
    lab["h1"].shell("rm -f /run/aksprov.epoch")
    put(lab, ARRIVAL)
    put(lab, REMOVAL)
    assert error_of(entry(lab, "h1"), lambda c: c.put_bundle(ARRIVAL)).code == "HostEpochRefused"
    lab["h1"].shell("rm -rf /var/lib/aksprov")
