"""Who holds a VIP and what serves behind it, from output recorded on Debian 12 and 13."""

from __future__ import annotations

from pathlib import Path

import pytest

from aksprov.checks.vip import (
    Server,
    answering,
    devices_of,
    hardware_addresses,
    judge_foreign,
    judge_master,
    judge_servers,
    servers_of,
)

VIP = "10.77.0.100"
ADDRESSES = r"""1: lo    inet 127.0.0.1/8 scope host lo\       valid_lft forever preferred_lft forever
2: eth0    inet 10.77.0.14/16 scope global eth0\       valid_lft forever preferred_lft forever
2: eth0    inet 10.77.0.100/32 scope global proto keepalived eth0\       valid_lft forever preferred_lft forever
2: eth0    inet6 fe80::77:aff:fe4d:e/64 scope link proto kernel_ll \       valid_lft forever preferred_lft forever
""".splitlines()
LINKS = (
    r"1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\    "
    "link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00",
    r"2: eth0@if6: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default "
    r"qlen 1000\    link/ether 02:77:0A:4d:00:0e brd ff:ff:ff:ff:ff:ff link-netnsid 0",
)
RECORDED = Path(__file__).parent / "recorded"


def test_an_address_is_found_whole() -> None:
    """10.77.0.10 is not in 10.77.0.100, and a prefix length is no part of an address."""
    assert devices_of(ADDRESSES, VIP) == ("eth0",)
    assert devices_of(ADDRESSES, "fe80::77:aff:fe4d:e") == ("eth0",)
    assert devices_of(ADDRESSES, "10.77.0.10") == devices_of(ADDRESSES, "10.77.0.1") == ()


def test_ethernet_addresses_are_read_in_one_form() -> None:
    """Loopback has none, an entry that got no answer has none, capitals do not count."""
    assert hardware_addresses(LINKS) == {"02:77:0a:4d:00:0e"}
    assert answering((f"{VIP} lladdr 02:77:0A:4d:00:0e REACHABLE ",)) == {"02:77:0a:4d:00:0e"}
    assert answering((f"{VIP} INCOMPLETE ", f"{VIP} FAILED ")) == frozenset()


@pytest.mark.parametrize("version", ["2.6", "3.0"])
def test_haproxy_says_which_api_servers_are_up_and_why_not(version: str) -> None:
    """cp1 has a certificate of the cluster's CA, cp2 one of another, on cp3 nothing listens."""
    servers = servers_of((RECORDED / f"show-stat-{version}.csv").read_text(), "be_demo.kube_apiserver")
    verdict = judge_servers(servers, 3, deployed=False)
    assert (verdict.result, verdict.details) == (
        "Warning",
        "1 of 3 up: cp2 DOWN (L6RSP, SSL handshake failure); cp3 DOWN (L4CON, Connection refused)",
    )
    assert servers_of((RECORDED / f"show-stat-{version}.csv").read_text(), "be_other.kube_apiserver") == ()


@pytest.mark.parametrize("version", ["2.6", "3.0"])
def test_a_server_before_its_first_check_is_not_up(version: str) -> None:
    """HAProxy calls it "UP 1/3" and sends connections to it; nobody knows yet."""
    servers = servers_of((RECORDED / f"show-stat-{version}-starting.csv").read_text(), "be_demo.kube_apiserver")
    assert [s.checked for s in servers] == [True, False, False]
    assert judge_servers(servers, 3, deployed=False).details == "1 of 3 up: cp2, cp3 not checked yet"


def test_api_servers_pass_only_all_together() -> None:
    """Also those that HAProxy has not heard of count."""
    up = [Server(name=f"cp{n}", status="UP", check="L7OK", reason="") for n in (1, 2, 3)]
    assert judge_servers(up, 3, deployed=False).result == "Passed"
    assert (judge_servers(up[:2], 3, deployed=False).result, judge_servers(up[:2], 3, deployed=False).details) == (
        "Warning",
        "2 of 3 up: 1 not in HAProxy's configuration",
    )


def test_no_api_server_at_all_is_a_failure_once_kubernetes_was_started() -> None:
    """One that serves is enough for a warning."""
    down = [Server(name=f"cp{n}", status="DOWN", check="L4CON", reason="refused") for n in (1, 2, 3)]
    up = Server(name="cp1", status="UP", check="L7OK", reason="")
    assert judge_servers(down, 3, deployed=False).result == "Warning"
    assert judge_servers(down, 3, deployed=True).result == "Failed"
    assert judge_servers([up, *down[1:]], 3, deployed=True).result == "Warning"


def test_what_is_no_table_has_no_servers() -> None:
    """An old socket that refuses the command, and an empty answer."""
    assert servers_of("Permission denied\n\n", "be") == servers_of("", "be") == ()


@pytest.mark.parametrize(
    ("holders", "not_asked", "result", "words"),
    [
        ({"lb1": ("eth0",), "lb2": ()}, (), "Passed", ("lb1 holds", "eth0")),
        ({"lb2": ("eth0",)}, ("lb1",), "Passed", ("lb2 holds", "not asked: lb1")),
        ({"lb1": ("eth0",), "lb2": ("eth0",)}, (), "Failed", ("lb1 and lb2", "same time")),
        ({"lb1": (), "lb2": ()}, (), "Failed", ("none of lb1, lb2",)),
        ({}, ("lb1", "lb2"), "Skipped", ("not asked: lb1, lb2",)),
    ],
)
def test_exactly_one_master(
    holders: dict[str, tuple[str, ...]], not_asked: tuple[str, ...], result: str, words: tuple[str, ...]
) -> None:
    verdict = judge_master(VIP, holders, not_asked)
    assert verdict.result == result
    assert all(word in verdict.details for word in words)


@pytest.mark.parametrize(
    ("answered", "others", "not_asked", "result", "words"),
    [
        ({"lb1": (), "cp1": ("m1",)}, {"cp1": ()}, (), "Passed", ("lb1, cp1",)),
        ({"lb1": ("bad",), "cp1": ("m1",)}, {"cp1": ()}, (), "Failed", ("bad (seen from lb1)",)),
        ({"cp1": ("m1", "bad")}, {"cp1": ()}, (), "Failed", ("bad (seen from cp1)",)),
        ({"cp1": ("bad",)}, {"cp1": ()}, ("lb3",), "Warning", ("bad", "may be lb3")),
        ({"cp1": ("m1",)}, {"cp1": (), "w1": ("eth1",)}, (), "Failed", ("w1", "eth1")),
        ({}, {}, (), "Skipped", ("no host",)),
    ],
)
def test_no_foreign_holder(
    answered: dict[str, tuple[str, ...]],
    others: dict[str, tuple[str, ...]],
    not_asked: tuple[str, ...],
    result: str,
    words: tuple[str, ...],
) -> None:
    """An unknown Ethernet address is only a Warning while a load balancer's own one is not known."""
    verdict = judge_foreign(VIP, answered, {"lb1": ("m1",), "lb2": ("m2",)}, others, not_asked)
    assert verdict.result == result
    assert all(word in verdict.details for word in words)
