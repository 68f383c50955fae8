"""firewalld and ufw for real, each on a host of its own: what they keep out is said, and the cure lets it in.

Seen to fail when it was first tried: firewalld's accept of what DNAT has sent here was taken for one of everything, and
ufw's drop of what is not for this host, too, also after the cure.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from configured import eventually
from minilab import Lab
from transport_lab import entry, on_host

from aksprov.checks.ask import ask
from aksprov.checks.compile import Question
from aksprov.checks.firewall import Packet, judge_firewall
from aksprov.checks.verdict import Verdict
from aksprov.checks.vrrp import listen
from aksprov.model.cluster import Node

ROUTER, PORT = 52, 6443
SPEAKER = f"""\
vrrp_instance stranger {{
    interface eth0
    virtual_router_id {ROUTER}
    priority 100
    virtual_ipaddress {{
        10.77.9.9/32
    }}
}}
"""
STARTS = {
    "firewalld": "systemctl start firewalld",
    "ufw": "ufw allow ssh && ufw --force enable",
}


@pytest.fixture(scope="module")
def guarded() -> Iterator[Lab]:
    """A host that speaks VRRP, and one with each firewall, which is off at first; something listens on the port."""
    with Lab(["stray", *STARTS], packages=["firewalld", "ufw"]) as lab:
        for host in lab.hosts.values():
            host.shell("systemctl stop firewalld")
        for name in STARTS:
            lab[name].shell(f"systemd-run -q --unit listener python3 -m http.server {PORT}")
        lab["stray"].ssh("cat >/etc/keepalived/keepalived.conf && systemctl restart keepalived", input=SPEAKER)
        eventually(lambda: "10.77.9.9/" in lab["stray"].ssh("ip -4 address").stdout, bool, 60)
        yield lab


def connects(lab: Lab, name: str) -> bool:
    """Whether a connection to the port opens."""
    try:
        with lab.connect(lab[name].ip, PORT, timeout=2):
            return True
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("manager", [*STARTS])
def test_what_it_keeps_out_is_said_with_a_cure_that_works(manager: str, guarded: Lab) -> None:
    """VRRP and the API server's port: seen from outside, and by the rules."""
    host, stray = guarded[manager], guarded["stray"]
    question, there = Question(kind="firewall"), entry(guarded, manager)
    node = Node(host=manager, cluster="c", role="load-balancer", index=0, address=host.ip, interface="eth0")
    vrrp = Packet(protocol="vrrp", interface="eth0", source=stray.ip, destination=host.ip)
    api = Packet(protocol="tcp", interface="eth0", source=stray.ip, destination=host.ip, port=PORT)

    def judged(packet: Packet) -> Verdict:
        with guarded.netns():
            lines = on_host(there, lambda connection: ask(connection, question)).get(question, ())
        return judge_firewall(lines, packet, confirmed=True)

    def hears() -> bool:
        with guarded.netns():
            heard = on_host(there, lambda connection: listen(connection, node))
        assert heard is not None
        return ROUTER in {speaker.router_id for speaker in heard}

    eventually(lambda: connects(guarded, manager), bool)
    assert hears() and {judged(p).result for p in (vrrp, api)} == {"Passed"}
    host.ssh(STARTS[manager])
    assert not hears() and not connects(guarded, manager)
    for packet in (vrrp, api):
        verdict = judged(packet)
        assert verdict.result == "Failed" and verdict.details.startswith(f"{manager} keeps out"), verdict
        host.ssh(verdict.recommendation.partition(" (")[0])
        assert judged(packet).result == "Passed"
    assert hears() and connects(guarded, manager)
