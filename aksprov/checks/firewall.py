"""Whether a host's packet filter lets in what a cluster needs: VRRP, the API server's port, the overlay's.  Pure.

The rules are read as the kernel has them, whoever wrote them: firewalld, ufw, iptables and people all end in nftables
(libnftables-json(5)) or in the tables of old that iptables-save(8) lists.  What a rule matches on and we do not
know is taken to be in our favour, so a finding is a finding.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, Final, Literal

from aksprov.checks.verdict import Verdict, failed, passed, skipped, warning
from aksprov.model.base import Value

_BLOCKING: Final = frozenset({"drop", "reject"})
_PROTOCOLS: Final[Mapping[str, frozenset[Any]]] = {
    "vrrp": frozenset({"vrrp", 112, "112"}),
    "tcp": frozenset({"tcp", 6, "6"}),
    "udp": frozenset({"udp", 17, "17"}),
}
_MOST_JUMPS: Final = 16  # the kernel's own limit (NFT_JUMP_STACK_SIZE)


class Packet(Value, frozen=True, kw_only=True):
    """The first packet of what must get in.

    Args:
        port: of TCP or UDP.
    """

    protocol: Literal["vrrp", "tcp", "udp"]
    interface: str
    source: str
    destination: str
    port: int = 0


class Finding(Value, frozen=True, kw_only=True):
    """What keeps a packet out.

    Args:
        family, table, chain: of the base chain in which it is lost.
        what: "rule 7 of chain x", or "the policy of chain input".
        manager: who wrote the rules: "firewalld", "ufw", "iptables" or "nftables".
    """

    family: str
    table: str
    chain: str
    what: str
    manager: str


Rule = Mapping[str, Any]


class _Chain:
    """A chain and its rules, as nft's JSON has them."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.family, self.table, self.name = described["family"], described["table"], described["name"]
        self.hook, self.kind = described.get("hook", ""), described.get("type", "")
        self.policy = str(described.get("policy", "accept")).lower()
        self.rules: list[Rule] = []


def judge_firewall(lines: Sequence[str], packet: Packet, *, confirmed: bool) -> Verdict:
    """Whether a host's rules let a packet in.

    Args:
        lines: the rules, as :func:`blocked` takes them; "none" where there is no program to list them.
        confirmed: whether what others see is what such a firewall leads to.
    """
    place = f"{packet.destination} {'UDP ' if packet.protocol == 'udp' else ''}port {packet.port}"
    wanted = "VRRP (protocol 112)" if packet.protocol == "vrrp" else place
    if not lines or lines == ("none",):
        return skipped("neither nft nor iptables-save is there to list the packet filter's rules")
    try:
        finding = blocked(lines, packet)
    except (ValueError, KeyError, TypeError) as error:
        return skipped(f"the packet filter's rules cannot be read: {error!r}", "look at nft list ruleset on the host")
    if finding is None:
        return passed(f"lets {wanted} in")
    details = (
        f"{finding.manager} keeps out {wanted} from {packet.source}: {finding.what}, "
        f"table {finding.family} {finding.table}"
    )
    return failed(details, cure(finding, packet)) if confirmed else warning(details, cure(finding, packet))


def blocked(lines: Iterable[str], packet: Packet) -> Finding | None:
    """What keeps a packet out, None when nothing is known to.

    Args:
        lines: a line of nft's JSON, then those of iptables-save; either may be missing.

    Raises:
        ValueError: the listing cannot be read.
    """
    chains = _chains(lines)
    for chain in chains.values():
        if chain.hook in ("input", "prerouting") and chain.kind == "filter" and chain.family in ("ip", "inet"):
            policy = (chain.policy, f"the policy of chain {chain.name}")
            ends = [end if end[0] else policy for end in _ends(chain, chains, packet, 0)]
            if all(verdict in _BLOCKING for verdict, _ in ends):
                return Finding(
                    family=chain.family,
                    table=chain.table,
                    chain=chain.name,
                    what=ends[0][1],
                    manager=_manager(chains, chain),
                )
    return None


def cure(finding: Finding, packet: Packet) -> str:
    """The commands that let the packet in, for good."""
    kind, ported = packet.protocol, packet.protocol != "vrrp"
    match finding.manager:
        case "firewalld":
            rule = (
                f"--add-port={packet.port}/{kind}"
                if ported
                else "--add-rich-rule='rule protocol value=\"vrrp\" accept'"
            )
            return f"firewall-cmd --permanent {rule} && firewall-cmd --reload"
        case "ufw" if ported:
            return f"ufw allow {packet.port}/{kind}"
        case "ufw":
            return (
                "ufw allow proto vrrp from any (ufw before 0.36.2: put -A ufw-before-input -p vrrp -j ACCEPT before "
                "COMMIT in /etc/ufw/before.rules, then ufw reload)"
            )
        case "iptables":
            rule = f"-p {kind} --dport {packet.port}" if ported else "-p vrrp"
            return f"iptables -I {finding.chain} {rule} -j ACCEPT, and the same where these rules are kept"
    rule = f"{kind} dport {packet.port}" if ported else "meta l4proto vrrp"
    place = f"{finding.family} {finding.table} {finding.chain}"
    return f"nft insert rule {place} {rule} accept, and the same where these rules are kept (/etc/nftables.conf)"


# ---- reading ----


def _chains(lines: Iterable[str]) -> dict[tuple[str, str, str], _Chain]:
    chains: dict[tuple[str, str, str], _Chain] = {}
    table = ""
    for line in lines:
        if line.startswith("{"):
            for entry in json.loads(line)["nftables"]:
                if described := entry.get("chain"):
                    _add(chains, described)
                elif rule := entry.get("rule"):
                    chains[rule["family"], rule["table"], rule["chain"]].rules.append(rule)
        elif line.startswith("*"):
            table = line[1:]
        elif line.startswith(":"):
            name, policy = line[1:].split()[:2]
            hook = name.lower() if policy != "-" and table in ("filter", "raw", "mangle") else ""
            _add(
                chains,
                {"family": "ip", "table": table, "name": name, "hook": hook, "type": "filter", "policy": policy},
            )
        elif line.startswith("-A "):
            _, name, *words = shlex.split(line)
            chain = chains["ip", table, name]
            chain.rules.append({"handle": len(chain.rules) + 1, "expr": [*_expressions(words)]})
    return chains


def _add(chains: dict[tuple[str, str, str], _Chain], described: Mapping[str, Any]) -> None:
    chain = _Chain(described)
    chains[chain.family, chain.table, chain.name] = chain


def _expressions(words: list[str]) -> Iterator[Rule]:
    """A rule of iptables-save as nft's JSON would have it."""
    options = iter(words)
    payload = {"-s": "saddr", "-d": "daddr", "-p": "protocol"}
    for option in options:
        if option in payload:
            left = {"payload": {"protocol": "ip", "field": payload[option]}}
            yield {"match": {"op": "==", "left": left, "right": next(options)}}
        elif option == "-i":
            yield {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": next(options)}}
        elif option in ("--dport", "--dports"):
            ports = [_ports(word) for word in next(options).split(",")]
            left = {"payload": {"protocol": "th", "field": "dport"}}
            yield {"match": {"op": "==", "left": left, "right": {"set": ports}}}
        elif option in ("--ctstate", "--state"):
            states = next(options).lower().split(",")
            yield {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": states}}
        elif option in ("-j", "-g"):
            target = next(options)
            known = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "reject", "RETURN": "return"}
            yield {known[target]: None} if target in known else {"jump": {"target": target}}
        elif option == "-m":
            next(options)
        elif option not in ("--reject-with", "--comment"):
            yield {"unknown": option}
        else:
            next(options)


def _ports(word: str) -> Any:
    first, colon, last = word.partition(":")
    return {"range": [int(first), int(last)]} if colon else int(first)


def _manager(chains: Mapping[tuple[str, str, str], _Chain], chain: _Chain) -> str:
    names = {name for _, _, name in chains}
    if any(table == "firewalld" for _, table, _ in chains) or "INPUT_ZONES" in names:
        return "firewalld"
    if "ufw-before-input" in names:
        return "ufw"
    return "iptables" if chain.name.isupper() else "nftables"


# ---- walking ----


def _ends(
    chain: _Chain, chains: Mapping[tuple[str, str, str], _Chain], packet: Packet, depth: int
) -> list[tuple[str, str]]:
    """What may become of a packet in a chain: accept, drop, reject, or "" when it comes out at the end; and where.

    There are several where a rule matches on something that is not known.
    """
    ends: list[tuple[str, str]] = []
    for rule in chain.rules:
        expressions = rule.get("expr", [])
        matches = [_matches(e, packet) for e in expressions]
        if False in matches:
            continue
        verdict = next((v for e in expressions if (v := _verdict(e))), "")
        target = next((e[how]["target"] for e in expressions for how in ("jump", "goto") if how in e), None)
        called = chains.get((chain.family, chain.table, str(target)))
        goes_on = None in matches
        if verdict == "return":
            ends.append(("", ""))
        elif verdict in ("accept", *_BLOCKING):
            ends.append((verdict, f"rule {rule.get('handle')} of chain {chain.name}"))
        elif called is not None and depth < _MOST_JUMPS:
            inner = _ends(called, chains, packet, depth + 1)
            left = any("goto" in e for e in expressions)
            goes_on |= not left and ("", "") in inner
            ends += inner if left else [end for end in inner if end[0]]
        else:
            continue
        if not goes_on:
            return ends
    return [*ends, ("", "")]


def _verdict(expression: Rule) -> str:
    if "xt" in expression:
        target = expression["xt"]
        return str(target.get("name", "")).lower() if target.get("type") == "target" else ""
    return next((kind for kind in ("accept", "drop", "reject", "return") if kind in expression), "")


def _matches(expression: Rule, packet: Packet) -> bool | None:
    """Whether one expression of a rule holds for the packet; None when that is not known."""
    if "match" in expression:
        match = expression["match"]
        found = _holds(match["left"], match["right"], packet)
        return None if found is None else found != (match["op"] == "!=")
    if expression.get("xt", {}).get("type") == "match":
        # what accepts by the state of a connection accepts what is known already, and this packet is new
        return False if expression["xt"].get("name") in ("conntrack", "state") else None
    return None if expression.keys() & {"unknown", "vmap", "queue"} else True


def _holds(left: Any, right: Any, packet: Packet) -> bool | None:
    if not isinstance(left, dict):
        return None
    meta, payload = left.get("meta", {}).get("key"), left.get("payload", {})
    if left.get("ct", {}).get("key") == "state":
        return _among(right, lambda state: state == "new")
    if left.get("ct", {}).get("key") == "status":
        return False  # a new packet that goes to us has none: not seen-reply, not assured, not dnat
    if meta == "l4proto" or (payload.get("protocol"), payload.get("field")) == ("ip", "protocol"):
        return _among(right, lambda value: value in _PROTOCOLS[packet.protocol])
    if meta in ("iifname", "iif"):
        return _among(right, lambda name: name == packet.interface)
    if meta in ("nfproto", "protocol"):
        return _among(right, lambda name: name in ("ipv4", "ip"))
    if payload.get("protocol") == "ip" and payload.get("field") in ("saddr", "daddr"):
        address = packet.source if payload["field"] == "saddr" else packet.destination
        return _among(right, lambda value: _inside(address, value))
    if payload.get("protocol") in (packet.protocol, "th") and packet.protocol != "vrrp":
        return _among(right, lambda port: _is_port(packet.port, port)) if payload.get("field") == "dport" else None
    return False if payload.get("protocol") in ("tcp", "udp", "th", "icmp", "ip6", "icmpv6") else None


def _among(right: Any, test: Any) -> bool | None:
    """Whether a test holds for a value, or for one of several; None for what is defined elsewhere ("@set")."""
    values = right.get("set") if isinstance(right, dict) and "set" in right else right
    values = values if isinstance(values, list) else [values]
    if any(isinstance(value, str) and value.startswith("@") for value in values):
        return None
    return any(test(value) for value in values)


def _is_port(port: int, value: Any) -> bool:
    if isinstance(value, dict) and "range" in value:
        first, last = value["range"]
        return bool(first <= port <= last)
    return bool(value == port)


def _inside(address: str, value: Any) -> bool:
    if isinstance(value, dict) and "prefix" in value:
        value = f"{value['prefix']['addr']}/{value['prefix']['len']}"
    if isinstance(value, dict) and "range" in value:
        first, last = (ip_address(end) for end in value["range"])
        return first.version == 4 and int(first) <= int(ip_address(address)) <= int(last)
    try:
        return ip_address(address) in ip_network(str(value), strict=False)
    except ValueError:
        return False
