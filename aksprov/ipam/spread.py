"""Whose turn it is, when hosts of several racks and sites are alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from aksprov.model.host import Host


def turns(hosts: Iterable[Host], there: Iterable[Host]) -> dict[str, tuple[int, int]]:
    """When each host's turn is: the first of every rack before the second of any, and sites in turn.

    Hosts without these labels share one rack.

    Args:
        hosts: those that may be taken, in the order that decides where racks do not.
        there: those that were taken before; their racks wait for the others.

    Returns:
        By host key; the smaller goes first.
    """
    in_rack = Counter(_rack(host) for host in there)
    racks_of_site = Counter(site for site, _ in in_rack)
    turn_of_rack: dict[tuple[str, str], int] = {}
    found: dict[str, tuple[int, int]] = {}
    for host in hosts:
        rack = site, _ = _rack(host)
        if rack not in turn_of_rack:
            turn_of_rack[rack] = racks_of_site[site]
            racks_of_site[site] += 1
        found[host.key] = (in_rack[rack], turn_of_rack[rack])
        in_rack[rack] += 1
    return found


def _rack(host: Host) -> tuple[str, str]:
    return host.labels.get("site", ""), host.labels.get("rack", "")
