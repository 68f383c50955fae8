"""Hosts to slots: as many slots filled as can be, each with a host that it prefers."""

from __future__ import annotations

from collections.abc import Sequence


def fill(slots: Sequence[Sequence[str]], holders: dict[str, int]) -> None:
    """Give every slot that has none a host, moving earlier ones where that makes room.

    Maximum bipartite matching by shortest augmenting paths: a slot takes the first free
    host of its list; only when there is none do others move to hosts of their own lists.
    A slot that has a host keeps one.  Deterministic.

    Args:
        slots: for each slot the hosts that it may take, the preferred first.
        holders: host -> number of the slot that has it; filled in.
    """
    hopeless: set[int] = set()  # ids of lists that found nothing: the next slot with the same list cannot either
    filled = set(holders.values())
    for slot, hosts in enumerate(slots):
        if slot not in filled and id(hosts) not in hopeless and not _augment(slot, slots, holders):
            hopeless.add(id(hosts))


def _augment(slot: int, slots: Sequence[Sequence[str]], holders: dict[str, int]) -> bool:
    wanted_by: dict[str, int] = {}
    queue = [slot]
    for current in queue:
        for host in slots[current]:
            if host in wanted_by:
                continue
            wanted_by[host] = current
            if host not in holders:
                _shift(host, slot, wanted_by, holders)
                return True
            queue.append(holders[host])
    return False


def _shift(host: str, slot: int, wanted_by: dict[str, int], holders: dict[str, int]) -> None:
    """Follow the path back: each slot on it takes the host that it was looking at, and leaves its old one."""
    old = {number: name for name, number in holders.items()}
    while True:
        taker = wanted_by[host]
        holders[host] = taker
        if taker == slot:
            return
        host = old[taker]
