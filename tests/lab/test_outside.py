"""Failover as a probe: what it measures, what it puts back, and when it refuses."""

from __future__ import annotations

import re

from configured import LOAD_BALANCERS, VIP, Configured, Row, eventually
from minilab import Host

FAILOVER = ("test-cluster", "--name", "demo", "--failover")


def running(host: Host) -> bool:
    """Whether both units run there, and no timer of the probe is left."""
    said = host.ssh("systemctl is-active haproxy keepalived; systemctl list-units --plain -q 'aksprov-*'", check=False)
    return said.stdout.split() == ["active", "active"]


def by_name(rows: list[Row]) -> dict[str, Row]:
    """The rows of the probe itself."""
    return {r["TestName"]: r for r in rows if r["TestName"].startswith("Failover")}


def test_the_vip_is_away_for_at_most_three_seconds_and_all_runs_again(configured: Configured) -> None:
    """HAProxy is stopped where the VIP was, then keepalived where it went; each row says for how long it was away."""
    first = configured.holder()
    rows = by_name(configured.controller.json(*FAILOVER, "--yes", check=0))
    assert {name: r["TestResult"] for name, r in rows.items()} == {
        "FailoverHaproxy": "Passed",
        "FailoverKeepalived": "Passed",
    }
    assert [r["Host"] for r in rows.values()] == [first.name, configured.other(first).name]
    for row in rows.values():
        print(row["Details"])
        seconds = re.search(rf"{VIP}:6443 was away for ([0-9.]+) s", row["Details"])
        assert seconds and 0 < float(seconds[1]) <= 3
    assert all(running(configured.lab[name]) for name in LOAD_BALANCERS)


def test_a_controller_that_dies_leaves_no_broken_host(configured: Configured) -> None:
    """It is killed once HAProxy is stopped; the timer of the host itself starts it again."""
    first = configured.holder()
    process = configured.controller.start(*FAILOVER, "--yes")
    try:
        eventually(lambda: running(first), lambda runs: not runs)
        eventually(lambda: first.ssh("systemctl is-active haproxy", check=False).stdout.strip() == "inactive", bool)
    finally:
        process.kill()
        process.communicate()
    eventually(lambda: all(running(configured.lab[name]) for name in LOAD_BALANCERS), bool, 30)
    configured.holder()


def test_it_refuses_a_pair_that_is_not_healthy_and_asks_first(configured: Configured) -> None:
    standby = configured.other(configured.holder())
    done = configured.controller.run(*FAILOVER, check=64)
    assert "ConfirmationNeeded" in done.stderr
    standby.ssh("systemctl stop keepalived")
    try:
        done = configured.controller.run(*FAILOVER, "--yes", check=1)
    finally:
        standby.ssh("systemctl start keepalived")
    assert "FailoverRefused" in done.stderr and f"ServiceActive of {standby.name}: keepalived" in done.stderr
    assert "FailoverHaproxy" not in done.stdout
    assert running(configured.holder())
