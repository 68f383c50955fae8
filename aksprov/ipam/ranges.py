"""Arithmetic with address ranges (IPv4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from aksprov.model.network import AddressRange


def read_range(text: str) -> AddressRange:
    """The range that a text of rule "address range" means: ``A-B``, or ``A`` for one address."""
    start, _, end = text.partition("-")
    return AddressRange(start=start, end=end or start)


def written(addresses: AddressRange) -> str:
    """A range as people write it: one address by itself."""
    return addresses.start if addresses.start == addresses.end else str(addresses)


def listed(ranges: Iterable[AddressRange]) -> str:
    """Several ranges as people write them."""
    return ", ".join(map(written, ranges))


def bounds(addresses: AddressRange) -> tuple[int, int]:
    """First and last address as numbers."""
    return int(IPv4Address(addresses.start)), int(IPv4Address(addresses.end))


def between(first: int, last: int) -> AddressRange:
    """The range from one number to another, both included."""
    return AddressRange(start=str(IPv4Address(first)), end=str(IPv4Address(last)))


def size(*ranges: AddressRange) -> int:
    """How many addresses ranges have that share none."""
    return sum(last - first + 1 for first, last in map(bounds, ranges))


def holds(addresses: AddressRange, address: str) -> bool:
    """Whether an address lies in a range."""
    first, last = bounds(addresses)
    return first <= int(IPv4Address(address)) <= last


def overlap(one: AddressRange, other: AddressRange) -> bool:
    """Whether two ranges share an address."""
    (first, last), (other_first, other_last) = bounds(one), bounds(other)
    return first <= other_last and other_first <= last


def addresses_of(*ranges: AddressRange) -> Iterator[str]:
    """Every address of ranges, one range after the other, of each the lowest first."""
    return (str(IPv4Address(number)) for first, last in map(bounds, ranges) for number in range(first, last + 1))


def union(*ranges: AddressRange) -> tuple[AddressRange, ...]:
    """The longest runs of addresses that are in any of the ranges, lowest first."""
    runs: list[list[int]] = []
    for first, last in sorted(map(bounds, ranges)):
        if runs and first <= runs[-1][1] + 1:
            runs[-1][1] = max(runs[-1][1], last)
        else:
            runs.append([first, last])
    return tuple(between(first, last) for first, last in runs)


def minus(ranges: Iterable[AddressRange], without: Iterable[AddressRange]) -> tuple[AddressRange, ...]:
    """The longest runs of addresses that are in ``ranges`` and not in ``without``, lowest first."""
    gone = [bounds(run) for run in union(*without)]
    left: list[AddressRange] = []
    at = 0
    for first, last in map(bounds, union(*ranges)):
        while at < len(gone) and gone[at][1] < first:
            at += 1
        while at < len(gone) and gone[at][0] <= last:
            if gone[at][0] > first:
                left.append(between(first, gone[at][0] - 1))
            first = gone[at][1] + 1
            if first > last:
                break  # the same run may go on into the next range
            at += 1
        if first <= last:
            left.append(between(first, last))
    return tuple(left)


def common(ranges: Iterable[AddressRange], others: Iterable[AddressRange]) -> tuple[AddressRange, ...]:
    """The longest runs of addresses that are in both, lowest first."""
    mine = tuple(ranges)
    return minus(mine, minus(mine, others))


def in_prefix(address: str, prefix: IPv4Network) -> bool:
    """Whether a text is an IPv4 address of a prefix; any other text (a DNS name, IPv6) is not."""
    if not address[-1:].isdecimal() or ":" in address:  # most are told apart without the cost of an exception
        return False
    try:
        return IPv4Address(address) in prefix
    except ValueError:
        return False


def natural(name: str) -> tuple[str | int, ...]:
    """Sorts host2 before host10."""
    return tuple(int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", name.lower()))
