"""Who holds the API server's VIP, who answers for it, and what HAProxy says behind it.  Pure."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_interface
from itertools import pairwise

from aksprov.checks.compile import clean
from aksprov.checks.verdict import Verdict, failed, passed, skipped, warning
from aksprov.model.base import Value

_SERVER = "2"  # column "type": 0 frontend, 1 backend, 2 server, 3 socket (HAProxy Management Guide, 9.1)

# ---- parsers of host output ----


def devices_of(lines: Iterable[str], address: str) -> tuple[str, ...]:
    """Interfaces that have an address, from ``ip -o address show``."""
    found = []
    for line in lines:
        words = line.split()
        if len(words) > 3 and words[2] in ("inet", "inet6") and str(ip_interface(words[3]).ip) == address:
            found.append(words[1])
    return tuple(found)


def hardware_addresses(lines: Iterable[str]) -> frozenset[str]:
    """Every Ethernet address of a host, from ``ip -o link show``."""
    return _words_after("link/ether", lines)


def answering(lines: Iterable[str]) -> frozenset[str]:
    """Ethernet addresses that answered, from ``ip neigh show``; FAILED and INCOMPLETE entries have none."""
    return _words_after("lladdr", lines)


def _words_after(mark: str, lines: Iterable[str]) -> frozenset[str]:
    return frozenset(b.lower() for line in lines for a, b in pairwise(line.split()) if a == mark)


class Server(Value, frozen=True, kw_only=True):
    """An API server as a load balancer's HAProxy sees it (HAProxy Management Guide, 9.1).

    Args:
        status: UP, DOWN, MAINT, DRAIN, NOLB ... and, on the way, "UP 1/3".
        check: check_status without its "in progress" mark: L7OK, L4CON, L6RSP ...; INI before the first one.
        reason: what the last check found, in words.
    """

    name: str
    status: str
    check: str
    reason: str

    @property
    def up(self) -> bool:
        """Whether it gets connections."""
        return self.status.startswith("UP") and self.checked

    @property
    def checked(self) -> bool:
        """Whether its first health check has ended: until then HAProxy calls every server UP."""
        return self.check != "INI"


def servers_of(stat: str, backend: str) -> tuple[Server, ...]:
    """The servers of a backend, from the CSV that ``show stat`` answers."""
    rows = csv.DictReader(clean(line) for line in stat.removeprefix("# ").split("\n"))
    return tuple(
        Server(
            name=row["svname"],
            status=row["status"] or "",
            check=(row["check_status"] or "").removeprefix("* "),
            reason=row["last_chk"] or row["check_desc"] or "",
        )
        for row in rows
        if row.get("pxname") == backend and row["type"] == _SERVER
    )


# ---- verdicts ----


def judge_master(vip: str, holders: Mapping[str, Collection[str]], not_asked: Collection[str]) -> Verdict:
    """Exactly one load balancer holds the VIP.

    Args:
        vip: the address.
        holders: load balancer -> interfaces that have the VIP, for those that answered.
        not_asked: load balancers that did not answer.
    """
    having = [host for host, devices in holders.items() if devices]
    silent = f"; not asked: {', '.join(not_asked)}" if not_asked else ""
    if len(having) == 1:
        return passed(f"{having[0]} holds {vip} on {', '.join(holders[having[0]])}{silent}")
    if having:
        return failed(
            f"{' and '.join(having)} hold {vip} at the same time{silent}",
            "they do not hear each other: let VRRP (protocol 112) pass between the load balancers",
        )
    if not holders:
        return skipped(f"no load balancer could be asked{silent}", "see the rows of the load balancers")
    return failed(
        f"none of {', '.join(holders)} holds {vip}{silent}",
        "look at journalctl -u keepalived on the load balancers; a host whose HAProxy does not listen gives the VIP up",
    )


def judge_foreign(
    vip: str,
    answered: Mapping[str, Collection[str]],
    load_balancers: Mapping[str, Collection[str]],
    others: Mapping[str, Collection[str]],
    not_asked: Collection[str],
) -> Verdict:
    """Nobody but the load balancers holds the VIP.

    Args:
        vip: the address.
        answered: asking host -> Ethernet addresses that answered it for the VIP.
        load_balancers: load balancer -> its Ethernet addresses.
        others: host of the cluster that is no load balancer -> its interfaces that have the VIP.
        not_asked: load balancers whose Ethernet addresses are not known.
    """
    for host, devices in others.items():
        if devices:
            return failed(
                f"{host}, which is no load balancer, has {vip} on {', '.join(devices)}",
                f"take {vip} off {host}, or give the cluster's network another VIP pool",
            )
    if not answered:
        return skipped(f"no host could ask who answers for {vip}", "see the rows of the hosts")
    own = {mac for macs in load_balancers.values() for mac in macs}
    foreign = sorted({mac for macs in answered.values() for mac in macs} - own)
    if not foreign:
        return passed(f"nobody but load balancers answers for {vip} (asked from {', '.join(answered)})")
    witnesses = ", ".join(host for host, macs in answered.items() if set(macs) - own)
    seen = f"{', '.join(foreign)} (seen from {witnesses})"
    if not_asked:
        return warning(
            f"{seen} answers for {vip}; it may be {' or '.join(not_asked)}, which could not be asked",
            f"compare it with ip link show on {' and '.join(not_asked)}",
        )
    return failed(
        f"{seen} answers for {vip} and is no load balancer of the cluster",
        f"find that device by its Ethernet address and give it another address than {vip}",
    )


def judge_servers(servers: Collection[Server], expected: int, *, deployed: bool) -> Verdict:
    """How many API servers a load balancer would send connections to.

    Args:
        expected: the cluster's control planes.
        deployed: whether Kubernetes was started: then there must be one.
    """
    down: dict[str, list[str]] = {}
    for server in servers:
        if not server.up:
            down.setdefault(_state(server), []).append(server.name)
    count = f"{sum(s.up for s in servers)} of {expected} up"
    reasons = [f"{', '.join(names)} {state}" for state, names in down.items()]
    if len(servers) < expected:
        reasons.append(f"{expected - len(servers)} not in HAProxy's configuration")
    if not reasons:
        return passed(count)
    details, codes = (
        f"{count}: {'; '.join(reasons)}",
        (
            "L4 means nothing listens or a firewall is in the way, L6 a certificate of another CA, "
            "L7 an API server that is not ready"
        ),
    )
    if not deployed:
        return warning(details, f"expected until Kubernetes is started; afterwards {codes}")
    cure = f"look at the API servers' logs on the control planes; {codes}"
    return warning(details, cure) if any(s.up for s in servers) else failed(details, cure)


def _state(server: Server) -> str:
    if not server.checked:
        return "not checked yet"
    found = ", ".join(part for part in (server.check, server.reason) if part)
    return f"{server.status} ({found})"
