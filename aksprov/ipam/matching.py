"""Hosts to slots: as many slots filled as can be, each with a host that it prefers."""

from __future__ import annotations

from collections.abc import Sequence


def fill(slots: Sequence[Sequence[str]], holders: dict[str, int]) -> None:
    """Give every slot that has none a host, moving earlier ones where that makes room.

    Maximum bipartite matching by shortest augmenting paths: a slot takes the first free
    host of its list; only when there is none do others move to hosts of their own lists.
    A slot that has a host keeps one.  Deterministic.  Slots that are alike share a list
    object, and each list is walked once for all of them.

    Args:
        slots: for each slot the hosts that it may take, the preferred first.
        holders: host -> number of the slot that has it; filled in.
    """
    matching = _Matching(slots, holders)
    hopeless: set[int] = set()  # ids of lists that found nothing: the next slot with the same list cannot either
    filled = set(holders.values())
    for slot, hosts in enumerate(slots):
        if slot not in filled and id(hosts) not in hopeless and not matching.augment(slot):
            hopeless.add(id(hosts))


class _Matching:
    """Who has what, both ways, and how far each list is used up."""

    def __init__(self, slots: Sequence[Sequence[str]], holders: dict[str, int]) -> None:
        self._slots = slots
        self._holders = holders
        self._host_of = {slot: host for host, slot in holders.items()}
        self._used: dict[int, int] = {}  # id of a list -> how many of its first hosts are taken; they stay taken

    def augment(self, slot: int) -> bool:
        """Find a host for a slot, over as few others as possible."""
        wanted_by: dict[str, int] = {}
        walked: set[int] = set()
        queue = [slot]
        for current in queue:
            hosts = self._slots[current]
            if id(hosts) in walked:
                continue
            walked.add(id(hosts))
            free = self._first_free(hosts)
            if free is not None:
                wanted_by[free] = current
                self._shift(free, slot, wanted_by)
                return True
            for host in hosts:
                if host not in wanted_by:
                    wanted_by[host] = current
                    queue.append(self._holders[host])
        return False

    def _first_free(self, hosts: Sequence[str]) -> str | None:
        used = self._used.get(id(hosts), 0)
        while used < len(hosts) and hosts[used] in self._holders:
            used += 1
        self._used[id(hosts)] = used
        return hosts[used] if used < len(hosts) else None

    def _shift(self, host: str, slot: int, wanted_by: dict[str, int]) -> None:
        """Follow the path back: each slot on it takes the host that it was looking at, and leaves its old one."""
        while True:
            taker = wanted_by[host]
            left = self._host_of.get(taker, "")
            self._holders[host], self._host_of[taker] = taker, host
            if taker == slot:
                return
            host = left
