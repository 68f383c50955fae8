"""Arithmetic with address ranges (IPv4)."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from ipaddress import IPv4Address, IPv4Network

from aksprov.model.network import AddressRange


def bounds(addresses: AddressRange) -> tuple[int, int]:
    """First and last address as numbers."""
    return int(IPv4Address(addresses.start)), int(IPv4Address(addresses.end))


def size(addresses: AddressRange) -> int:
    """How many addresses a range has."""
    first, last = bounds(addresses)
    return last - first + 1


def holds(addresses: AddressRange, address: str) -> bool:
    """Whether an address lies in a range."""
    first, last = bounds(addresses)
    return first <= int(IPv4Address(address)) <= last


def overlap(one: AddressRange, other: AddressRange) -> bool:
    """Whether two ranges share an address."""
    (first, last), (other_first, other_last) = bounds(one), bounds(other)
    return first <= other_last and other_first <= last


def addresses_of(addresses: AddressRange) -> Iterator[str]:
    """Every address of a range, lowest first."""
    first, last = bounds(addresses)
    return (str(IPv4Address(number)) for number in range(first, last + 1))


def free_ranges(addresses: AddressRange, taken: Container[str]) -> list[AddressRange]:
    """The longest runs of addresses of a range that nobody has, lowest first."""
    runs: list[AddressRange] = []
    start = end = ""
    for address in addresses_of(addresses):
        if address in taken:
            if start:
                runs.append(AddressRange(start=start, end=end))
            start = ""
        else:
            start, end = start or address, address
    if start:
        runs.append(AddressRange(start=start, end=end))
    return runs


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
