"""Packet filters in the way: read from listings, recorded or as the manuals have them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aksprov.checks.firewall import Packet, blocked, cure, judge_firewall

VRRP = Packet(protocol="vrrp", interface="eth0", source="10.0.0.12", destination="10.0.0.11")
API = Packet(protocol="tcp", interface="eth0", source="10.0.0.13", destination="10.0.0.100", port=6443)


def match(left: dict[str, Any], right: Any, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


def meta(key: str, right: Any) -> dict[str, Any]:
    return match({"meta": {"key": key}}, right)


def payload(protocol: str, field: str, right: Any, op: str = "==") -> dict[str, Any]:
    return match({"payload": {"protocol": protocol, "field": field}}, right, op)


KNOWN = match({"ct": {"key": "state"}}, ["established", "related"], "in")
ACCEPT: dict[str, Any] = {"accept": None}
DROP: dict[str, Any] = {"drop": None}


def nft(
    *rules: list[dict[str, Any]], policy: str = "accept", table: str = "t", chain: str = "in", **others: list[Any]
) -> list[str]:
    """A ruleset with one base chain, and other chains by name."""
    place = {"family": "inet", "table": table}
    base = {**place, "name": chain, "type": "filter", "hook": "input", "prio": 0, "policy": policy}
    entries: list[dict[str, Any]] = [{"metainfo": {"version": "1.0.6"}}, {"table": place}, {"chain": base}]
    entries += [{"chain": {**place, "name": name}} for name in others]
    for name, its_rules in {chain: rules, **others}.items():
        entries += [
            {"rule": {**place, "chain": name, "handle": n, "expr": expr}} for n, expr in enumerate(its_rules, 1)
        ]
    return [json.dumps({"nftables": entries})]


OPEN = [
    pytest.param(nft(), id="no rules"),
    pytest.param(nft([meta("l4proto", "udp"), DROP], [payload("udp", "dport", 6443), DROP]), id="other protocols"),
    pytest.param(nft([meta("iifname", "lo"), DROP], [payload("ip", "saddr", "10.9.0.1"), DROP]), id="other senders"),
    pytest.param(
        nft(
            [KNOWN, ACCEPT],
            [payload("tcp", "dport", {"set": [22, {"range": [6000, 7000]}]}), ACCEPT],
            [
                payload("ip", "protocol", 112),
                payload("ip", "saddr", {"prefix": {"addr": "10.0.0.0", "len": 24}}),
                ACCEPT,
            ],
            policy="drop",
        ),
        id="both are let in",
    ),
    pytest.param(nft([payload("ip", "saddr", "@friends"), ACCEPT], policy="drop"), id="a set that may hold it"),
    pytest.param(nft([{"jump": {"target": "more"}}, DROP][:1], more=[[{"return": None}], [DROP]]), id="return"),
    # ufw drops what is not for this host, and lets in what people allow after that
    pytest.param(
        nft(
            [{"jump": {"target": "local"}}],
            [{"jump": {"target": "user"}}],
            policy="drop",
            local=[[{"xt": {"type": "match", "name": "addrtype"}}, {"return": None}], [DROP]],
            user=[[meta("l4proto", "vrrp"), ACCEPT], [payload("tcp", "dport", 6443), ACCEPT]],
        ),
        id="what may return",
    ),
    pytest.param(["*filter", ":INPUT ACCEPT [0:0]", "-A INPUT -p udp -j DROP", "COMMIT"], id="iptables"),
]


@pytest.mark.parametrize("rules", OPEN)
def test_what_is_let_in_passes(rules: list[str]) -> None:
    assert blocked(rules, VRRP) is None and blocked(rules, API) is None


SHUT = [
    (nft(policy="drop"), VRRP, "the policy of chain in", "nftables"),
    (nft([KNOWN, ACCEPT], policy="drop"), API, "the policy of chain in", "nftables"),
    # what is let in because DNAT has sent it here
    (nft([match({"ct": {"key": "status"}}, "dnat", "in"), ACCEPT], [DROP]), API, "rule 2 of chain in", "nftables"),
    (nft([meta("l4proto", "vrrp"), DROP]), VRRP, "rule 1 of chain in", "nftables"),
    (
        nft([payload("tcp", "dport", 22, "!="), {"counter": None}, {"reject": None}]),
        API,
        "rule 1 of chain in",
        "nftables",
    ),
    (
        nft([meta("l4proto", "tcp"), {"jump": {"target": "x"}}], x=[[ACCEPT][:0], [DROP]]),
        API,
        "rule 2 of chain x",
        "nftables",
    ),
    # iptables-nft, as Debian 12's nft lists it
    (
        nft([payload("tcp", "dport", 6443), {"xt": {"type": "target", "name": "REJECT"}}], chain="INPUT"),
        API,
        "rule 1 of chain INPUT",
        "iptables",
    ),
    (
        nft([{"xt": {"type": "match", "name": "conntrack"}}, ACCEPT], chain="INPUT", policy="drop"),
        API,
        "the policy of chain INPUT",
        "iptables",
    ),
    # firewalld with its default zone, shortened
    (
        nft(
            [match({"ct": {"key": "state"}}, {"set": ["established", "related"]}), ACCEPT],
            [meta("iifname", "lo"), ACCEPT],
            [{"jump": {"target": "filter_INPUT_ZONES"}}],
            [{"reject": {"type": "icmpx", "expr": "admin-prohibited"}}],
            table="firewalld",
            chain="filter_INPUT",
            filter_INPUT_ZONES=[[{"goto": {"target": "filter_IN_public"}}]],
            filter_IN_public=[[payload("tcp", "dport", 22), ACCEPT]],
        ),
        VRRP,
        "rule 4 of chain filter_INPUT",
        "firewalld",
    ),
    # ufw on the tables of old
    (
        [
            "*filter",
            ":INPUT DROP [0:0]",
            ":ufw-before-input - [0:0]",
            "-A INPUT -j ufw-before-input",
            "-A ufw-before-input -i lo -j ACCEPT",
            "-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "-A ufw-before-input -p tcp -m tcp --dport 22 -m comment --comment 'a note' -j ACCEPT",
            "COMMIT",
        ],
        API,
        "the policy of chain INPUT",
        "ufw",
    ),
]


@pytest.mark.parametrize(("rules", "packet", "what", "manager"), SHUT)
def test_what_keeps_it_out_is_named_with_who_wrote_it(
    rules: list[str], packet: Packet, what: str, manager: str
) -> None:
    finding = blocked(rules, packet)
    assert finding is not None
    assert (finding.what, finding.manager) == (what, manager)


@pytest.mark.parametrize(
    ("chain", "table", "packet", "words"),
    [
        ("in", "firewalld", VRRP, "--add-rich-rule='rule protocol value=\"vrrp\" accept' && firewall-cmd --reload"),
        ("in", "firewalld", API, "firewall-cmd --permanent --add-port=6443/tcp"),
        ("INPUT", "filter", VRRP, "iptables -I INPUT -p vrrp -j ACCEPT"),
        ("in", "t", API, "nft insert rule inet t in tcp dport 6443 accept"),
    ],
)
def test_each_manager_has_its_own_cure(chain: str, table: str, packet: Packet, words: str) -> None:
    finding = blocked(nft(policy="drop", chain=chain, table=table), packet)
    assert finding is not None and words in cure(finding, packet)


def test_a_finding_is_a_warning_until_what_others_see_confirms_it() -> None:
    rules = nft(policy="drop")
    assert [judge_firewall(rules, VRRP, confirmed=c).result for c in (False, True)] == ["Warning", "Failed"]
    assert judge_firewall(nft(), VRRP, confirmed=True).result == "Passed"
    assert judge_firewall(("none",), VRRP, confirmed=True).result == "Skipped"
    assert judge_firewall(("{not json",), VRRP, confirmed=True).result == "Skipped"
