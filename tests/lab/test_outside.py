"""The probes that do more than look: failover on request, and listening for strangers before a router id is taken.

Seen to fail: HAProxy stays stopped after the controller's death when the host's timer is set to hours; with what is
wrong with a pair not asked HAProxy was stopped where the VIP could not go anywhere; the plan and the reservation
disagree (ProposalTaken) when one of them does not know what was heard; without joining VRRP's group python3 and perl
heard nobody; a tcpdump that could not listen had heard nobody while its exit status was not looked at.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from configured import LOAD_BALANCERS, NETWORK, VIP, Configured, Row, eventually
from controller import Controller
from minilab import Host, Lab
from transport_lab import entry, on_host

from aksprov.checks.vrrp import LISTEN_SECONDS, Speaker, listen
from aksprov.model.cluster import Node

FAILOVER = ("test-cluster", "--name", "demo", "--failover")


def running(host: Host) -> bool:
    """Whether both units run there, and no timer of the probe is left."""
    said = host.ssh("systemctl is-active haproxy keepalived; systemctl list-units --plain -q 'aksprov-*'", check=False)
    return said.stdout.split() == ["active", "active"]


def by_name(rows: list[Row]) -> dict[str, Row]:
    """The rows of the probe itself."""
    return {r["TestName"]: r for r in rows if r["TestName"].startswith("Failover")}


@pytest.mark.slow
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


# In place of systemctl: a stop of one unit ends only some time after the unit has ended.
SLOW_STOP = """#!/bin/sh
/usr/bin/systemctl "$@" || exit
[ "$*" != "stop UNIT" ] || { touch /run/stopped; sleep 3; }
"""


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["haproxy", "keepalived"])
def test_a_controller_that_dies_leaves_no_broken_host(unit: str, configured: Configured) -> None:
    """It is killed once the unit is stopped; the timer of the host itself starts it again."""
    balancers = [configured.lab[name] for name in LOAD_BALANCERS]
    for host in balancers:
        host.write("/usr/local/sbin/systemctl", SLOW_STOP.replace("UNIT", unit))
        host.shell("chmod 755 /usr/local/sbin/systemctl")
    process = configured.controller.start(*FAILOVER, "--yes")
    try:
        stopped = eventually(
            lambda: [h for h in balancers if h.shell("test -e /run/stopped", check=False).returncode == 0], bool, 90
        )
        process.kill()
        assert stopped[0].ssh(f"systemctl is-active {unit}", check=False).stdout.strip() == "inactive"
        eventually(lambda: all(running(host) for host in balancers), bool, 40)
    finally:
        process.kill()
        process.communicate()
        for host in balancers:  # only now, as the timer starts the same program
            host.shell("rm -f /usr/local/sbin/systemctl /run/stopped")
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


SPEAKER = """\
vrrp_instance stranger {
    interface eth0
    virtual_router_id 3
    priority 100
    virtual_ipaddress {
        10.77.9.9/32
    }
}
"""
PAIR = (
    "new-cluster --name pair --vnet labnet --load-balancer-count 2 --node-pool-name p --node-count 1 --configure-only"
)


@pytest.mark.slow
def test_a_router_id_that_a_stranger_uses_is_not_taken(tmp_path: Path) -> None:
    """3 is the first that is free in the ledger.  lb2 hears it by perl; lb1 has no perl, and says that it cannot."""
    with Lab(["cp1", "w1", "lb1", "lb2", "stray"]) as lab:
        controller = Controller(lab, tmp_path)
        lab["stray"].ssh("cat >/etc/keepalived/keepalived.conf && systemctl restart keepalived", input=SPEAKER)
        roles = {"cp1": "control-plane", "w1": "worker", "lb1": "load-balancer", "lb2": "load-balancer"}
        controller.run(*NETWORK)
        more = {name: {"roles": [role]} for name, role in roles.items()}
        controller.run("add-host", "--file", controller.write_hosts([*roles], more=more))
        lab["lb1"].ssh("mv /usr/bin/perl /usr/bin/perl.away")
        eventually(lambda: "10.77.9.9/" in lab["stray"].ssh("ip -4 address").stdout, bool)
        said = controller.run(*PAIR.split())
        told = "".join((said.stdout + said.stderr).split())
        assert f"{lab['stray'].ip}withrouterid3;theclustertakes4" in told
        assert "itcannotlistenforVRRP" in told
        assert "virtual_router_id 4\n" in lab["lb2"].ssh("cat /etc/keepalived/keepalived.conf").stdout


SPEAKERS = """\
vrrp_instance second {
    version 2
    interface eth0
    virtual_router_id 52
    priority 100
    virtual_ipaddress {
        10.77.9.8/32
    }
}
vrrp_instance third {
    version 3
    interface eth0
    virtual_router_id 7
    priority 9
    virtual_ipaddress {
        10.77.9.9/32
    }
}
"""
LISTENERS = ("tcpdump", "python3", "perl")


@pytest.fixture(scope="module")
def studio() -> Iterator[Lab]:
    """Two strangers' routers, a host with each of the programs that can listen and no other, and one with none."""
    with Lab(["stray", *LISTENERS, "none"], packages=["python3-minimal", "tcpdump"]) as lab:
        for name in (*LISTENERS, "none"):
            for program in set(LISTENERS) - {name}:
                lab[name].shell(f"mv $(command -v {program}) /root/")
        lab["stray"].ssh("cat >/etc/keepalived/keepalived.conf && systemctl restart keepalived", input=SPEAKERS)
        eventually(lambda: lab["stray"].ssh("ip -4 address").stdout, lambda shown: "9.8/" in shown and "9.9/" in shown)
        yield lab


@pytest.mark.slow
@pytest.mark.parametrize("name", [*LISTENERS, "none"])
def test_each_program_that_can_listen_hears_both_versions(studio: Lab, name: str) -> None:
    """Where there is none that is known, which is not the same as having heard nobody."""
    host, stray = studio[name], studio["stray"]
    for program in LISTENERS:
        assert (host.ssh(f"command -v {program}", check=False).returncode == 0) == (program == name)
    node = Node(host=name, cluster="c", role="load-balancer", index=0, address=host.ip, interface="eth0")
    began = time.monotonic()
    with studio.netns():
        heard = on_host(entry(studio, name), lambda connection: listen(connection, node))
    print(f"{name}: {time.monotonic() - began:.1f} s")
    both = frozenset(Speaker(address=stray.ip, router_id=n) for n in (52, 7))
    assert heard == (None if name == "none" else both)
    assert time.monotonic() - began < LISTEN_SECONDS + 4
    away = msgspec.structs.replace(node, address="10.77.9.99", interface="nic9")
    with studio.netns():
        assert on_host(entry(studio, name), lambda connection: listen(connection, away)) is None
