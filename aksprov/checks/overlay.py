"""Whether the overlay's datagrams get from node to node, and names can be looked up, before Kubernetes starts.

Only nodes on which nothing of it runs yet can try: the kernel's own VXLAN device listens elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Final

from aksprov.checks.firewall import Packet, judge_firewall
from aksprov.checks.verdict import Verdict, make_row, skipped, warning
from aksprov.model.base import Value
from aksprov.model.cluster import Node
from aksprov.model.row import Row
from aksprov.model.transport import Connection

_SCRIPT: Final = files("aksprov.checks").joinpath("overlay.sh").read_text(encoding="utf-8")
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+")


class Heard(Value, frozen=True, kw_only=True):
    """What one node heard of the others.

    Args:
        ran: whether it listened to the end; without, nobody heard it either.
        busy: whether something has the port there.
        names: of nodes.
        unknown: the name that nobody there knows the address of, "" for none.
    """

    ran: bool
    busy: bool = False
    names: frozenset[str] = frozenset()
    unknown: str = ""


async def listen_for(connection: Connection, node: Node, port: int, peers: Sequence[Node], host: str) -> Heard:
    """Send to the others and listen for them, at most 9 s.

    Args:
        peers: other nodes, which do the same at the same time.
        host: a name to look up meanwhile; "" for none.

    Raises:
        HostError: what the connection raises.
    """
    asked = [str(port), node.name, node.address, host if _HOST.fullmatch(host) else "-", *(p.address for p in peers)]
    said = (await connection.run(_SCRIPT, (" ".join(asked) + "\n").encode())).stdout.decode(errors="replace")
    return read_heard(said)


def read_heard(said: str) -> Heard:
    """What overlay.sh answers."""
    words = [line.split() for line in said.splitlines()]
    return Heard(
        ran=["ran"] in words and words[-1] == ["end"],
        busy=["busy"] in words,
        names=frozenset(w[1] for w in words if w[:1] == ["heard"] and len(w) == 2),
        unknown=next((w[1] for w in words if w[:1] == ["unknown"] and len(w) == 2), ""),
    )


def overlay_rows(
    heard: Mapping[str, Heard], nodes: Sequence[Node], port: int, rules: Mapping[str, Sequence[str]]
) -> tuple[Row, ...]:
    """A row for each node that another one does not reach, or that could not try.

    Args:
        heard: by host key.
        nodes: those that were to try.
        rules: packet filters' rules of hosts that did not hear everyone, as :func:`judge_firewall` takes them.
    """
    ran = {node.name for node in nodes if node.name in heard and heard[node.name].ran}
    rows = []
    for node in nodes if len(nodes) > 1 else ():
        found = heard.get(node.name)
        if found is None:
            continue
        missing = [other for other in nodes if other.name in ran - found.names - {node.name}]
        if not found.ran:
            verdict = _could_not(found, port)
        elif missing:
            verdict = _deaf(node, missing, port, rules.get(node.name, ()))
        else:
            continue
        rows.append(make_row("OverlayPort", "Host", verdict, host=node.host, cluster=node.cluster))
    return tuple(rows)


def deaf(heard: Mapping[str, Heard], nodes: Sequence[Node]) -> tuple[str, ...]:
    """Host keys of nodes that did not hear everyone who tried."""
    ran = {node.name for node in nodes if node.name in heard and heard[node.name].ran}
    return tuple(name for name in sorted(ran) if ran - heard[name].names - {name})


def name_rows(heard: Mapping[str, Heard], nodes: Sequence[Node]) -> tuple[Row, ...]:
    """A row for each node where the name of the images' host is not known."""
    return tuple(
        make_row(
            "NameResolution",
            "Host",
            warning(
                f"nobody on the host knows the address of {unknown}, from where images are pulled",
                "see the name servers in /etc/resolv.conf; nothing need be done where all images are on the host",
            ),
            host=node.host,
            cluster=node.cluster,
        )
        for node in nodes
        if node.name in heard and (unknown := heard[node.name].unknown)
    )


def _could_not(found: Heard, port: int) -> Verdict:
    if found.busy:
        return warning(
            f"UDP {port} is taken, by a VXLAN interface that is left over or by a program",
            f"ss -ulnp 'sport = :{port}' and ip -d link show type vxlan on the host show it",
        )
    return skipped(
        f"whether UDP {port} of other nodes arrives could not be tried: neither python3 nor perl works on the host",
        f"see that UDP {port} passes between the nodes",
    )


def _deaf(node: Node, missing: Sequence[Node], port: int, rules: Sequence[str]) -> Verdict:
    packet = Packet(
        protocol="udp", interface=node.interface, source=missing[0].address, destination=node.address, port=port
    )
    seen = judge_firewall(rules, packet, confirmed=False)
    names = ", ".join(other.name for other in missing)
    details = f"UDP {port}, which carries the pods' network, does not arrive from {names}"
    if seen.result == "Warning":
        return warning(f"{details}: {seen.details}", seen.recommendation)
    return warning(details, f"let UDP {port} pass between the nodes, in their firewalls and in what is between them")
