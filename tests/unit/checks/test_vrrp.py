"""Strangers' VRRP, as tcpdump and our own listeners tell of it."""

from __future__ import annotations

import pytest

from aksprov.checks.vrrp import Speaker, foreign_rows, speakers

# tcpdump 4.99 with -nn, for VRRP versions 2 and 3, and what it says of packets that it cannot read.
TCPDUMP = """\
12:00:00.000001 IP 10.77.0.30 > 224.0.0.18: VRRPv2, Advertisement, vrid 52, prio 100, authtype none, intvl 1s, length 20
12:00:00.500001 IP 10.77.0.31 > 224.0.0.18: vrrp 10.77.0.31 > 224.0.0.18: VRRPv3, Advertisement, vrid 7, prio 9
12:00:01.000001 IP 10.77.0.30 > 224.0.0.18: VRRPv2, Advertisement, vrid 52, prio 100, authtype none, intvl 1s, length 20
12:00:01.000002 IP truncated-ip - 20 bytes missing!
end
"""
HEARD = {Speaker(address="10.77.0.30", router_id=52), Speaker(address="10.77.0.31", router_id=7)}


@pytest.mark.parametrize("said", [TCPDUMP, "10.77.0.30 52\n10.77.0.31 7\n10.77.0.30 52\nend\n"])
def test_each_way_of_listening_tells_the_same(said: str) -> None:
    assert speakers(said) == HEARD


@pytest.mark.parametrize("said", ["none\nend\n", "", "10.77.0.30 52\n", "10.77.0.30 52\nnone\nend\n"])
def test_a_listener_that_failed_has_not_heard_nothing(said: str) -> None:
    assert speakers(said) is None


def test_strangers_are_rows_and_ones_own_are_not() -> None:
    heard = {"lb1": frozenset(HEARD), "lb2": frozenset(HEARD), "lb3": frozenset[Speaker](), "lb4": None}
    rows = foreign_rows(heard, ["10.77.0.31"], 3, "demo")
    assert [(r.host, r.test_result) for r in rows] == [("lb1", "Warning"), ("lb2", "Warning"), ("lb4", "Skipped")]
    assert "10.77.0.30 with router id 52" in rows[0].details and "10.77.0.31" not in rows[0].details
    assert "router id 3" in rows[2].recommendation
