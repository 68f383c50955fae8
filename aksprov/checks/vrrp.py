"""Strangers that speak VRRP: listened for on the load balancers before a router id is taken.

A virtual router is told by its id alone (RFC 5798, 5.2.3): two with one id on a subnet take each other's adverts for
their own, and share a virtual Ethernet address where they use one.  Only what is multicast can be heard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Final

from aksprov.model.base import Value
from aksprov.model.cluster import Node
from aksprov.model.row import Row
from aksprov.model.transport import Connection

LISTEN_SECONDS: Final = 4  # adverts come once a second, unless somebody has configured otherwise (RFC 5798, 5.2.7)
_SCRIPT: Final = files("aksprov.checks").joinpath("listen.sh").read_text(encoding="utf-8")
_SPOKEN: Final = re.compile(r"(?:.*\bIP )?(\d+(?:\.\d+){3}) (?:> .*\bvrid )?(\d+)\b.*")


class Speaker(Value, frozen=True, kw_only=True):
    """Somebody who speaks VRRP with a router id."""

    address: str
    router_id: int


async def listen(connection: Connection, node: Node) -> frozenset[Speaker] | None:
    """Who speaks VRRP on a load balancer's interface within some seconds; None where nothing there can listen.

    Raises:
        HostError: what the connection raises.
    """
    asked = f"{node.interface} {node.address} {LISTEN_SECONDS}\n"
    return speakers((await connection.run(_SCRIPT, asked.encode())).stdout.decode(errors="replace"))


def speakers(said: str) -> frozenset[Speaker] | None:
    """What listen.sh answers: lines of tcpdump(1), or of its own; None where nothing listened to the end."""
    lines = said.splitlines()
    if lines[-1:] != ["end"] or "none" in lines:
        return None
    spoken = (_SPOKEN.fullmatch(line) for line in lines)
    return frozenset(Speaker(address=m[1], router_id=int(m[2])) for m in spoken if m)


def foreign_rows(
    heard: Mapping[str, frozenset[Speaker] | None], own: Iterable[str], router_id: int, cluster: str
) -> tuple[Row, ...]:
    """A row for each load balancer that heard a stranger, or could not listen.

    Args:
        heard: load balancer -> what it heard.
        own: addresses of the cluster's load balancers, which are no strangers.
        router_id: what the cluster takes.
    """
    rows = []
    for host, found in heard.items():
        strangers = sorted((s.address, s.router_id) for s in found or () if s.address not in set(own))
        if found is not None and not strangers:
            continue
        said = ", ".join(f"{address} with router id {taken}" for address, taken in strangers)
        rows.append(
            Row(
                test_name="ForeignVrrp",
                category="Placement",
                test_result="Skipped" if found is None else "Warning",
                details=f"VRRP is spoken here by {said}; the cluster takes {router_id}"
                if strangers
                else f"it cannot listen for VRRP; the cluster takes router id {router_id}",
                recommendation="keep the ids of all VRRP speakers of the subnet apart"
                if strangers
                else f"install tcpdump on it, or see that nobody on its subnet has router id {router_id}",
                host=host,
                cluster=cluster,
            )
        )
    return tuple(rows)
