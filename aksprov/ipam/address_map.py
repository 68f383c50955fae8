"""The pools of a network, address by address: what a map of them shows."""

from __future__ import annotations

from collections import Counter
from typing import Final, get_args

from aksprov.ipam.allocate import AddressEntry, AddressState, address_table
from aksprov.model.base import Value
from aksprov.model.desired import Snapshot
from aksprov.model.network import AddressRange, Network

STATES: Final[tuple[AddressState, ...]] = get_args(AddressState)


class PoolMap(Value, frozen=True, kw_only=True):
    """One pool.

    Args:
        pool: "VIP" or "Node"; "" for leased addresses outside both.
        ranges: none for "".
        entries: rows of the address table, which together are all of its addresses.
    """

    pool: str
    ranges: tuple[AddressRange, ...]
    entries: tuple[AddressEntry, ...]

    @property
    def count(self) -> int:
        """How many addresses it has."""
        return sum(entry.count for entry in self.entries)

    @property
    def counts(self) -> dict[str, int]:
        """How many of them are what."""
        found: Counter[str] = Counter()
        for entry in self.entries:
            found[entry.state] += entry.count
        return {state: found[state] for state in STATES}


def address_map(network: Network, snapshot: Snapshot) -> tuple[PoolMap, ...]:
    """Both pools, and what is leased outside them where there is any."""
    table = address_table(network, snapshot)
    ranges = {"VIP": network.vip_ranges, "Node": network.node_ranges, "": ()}
    pools = (
        PoolMap(pool=pool, ranges=of_pool, entries=tuple(entry for entry in table if entry.pool == pool))
        for pool, of_pool in ranges.items()
    )
    return tuple(pool for pool in pools if pool.entries)
