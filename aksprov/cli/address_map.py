"""A network's pools as a map for people: a letter for each address, legible with and without colours.

A row has 32 addresses; a large pool has 32 cells of as many addresses each that 16 rows are enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any, Final

from rich.text import Text

from aksprov.cli.terminal import harmless

_WIDTH: Final = 32  # cells in a row
_GROUP: Final = 8
_ROWS: Final = 16
_INDENT: Final = 17  # the longest address, and two blanks
_LINE: Final = 80

# A state -> its sign, its colour, and what the legend says of it; a leased address has its cluster's letter.
_STATES: Final[Mapping[str, tuple[str, str, str]]] = {
    "Free": (".", "green", "free"),
    "Host": ("+", "blue", "the address of a host that is in no cluster"),
    "Reserved": ("#", "yellow", "reserved"),
    "Quarantined": ("!", "red", "in quarantine"),
}
_SEVERAL: Final = ("*", "magenta", "several of these, or a cluster that got no letter")
_LEASED: Final = "cyan"
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

Cells = dict[int, set[str]]  # number of a cell, counted from address 0 -> the signs of its addresses


def map_view(network: str, pools: Sequence[Mapping[str, Any]]) -> Text:
    """The map of one network, from the property Map of get-cluster-network."""
    letters = _letters(pools)
    used: set[str] = set()
    lines = [Text(f"Map of {harmless(network)}", style="bold")]
    for pool in pools:
        lines += [Text(), *(Text(line, style="bold") for line in _folded(_title(pool)))]
        if pool["Ranges"]:
            lines += _drawn(pool, letters, used)
    return Text("\n").join([*lines, Text(), *_legend(pools, letters, used)])


def _letters(pools: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Cluster -> its letter, in the order of the map; what is in quarantine has a sign of its own."""
    entries = [entry for pool in pools for entry in pool["Addresses"] if entry["State"] == "Leased"]
    clusters = dict.fromkeys(entry["Cluster"] for entry in entries)
    return dict(zip(clusters, _LETTERS, strict=False))


def _title(pool: Mapping[str, Any]) -> str:
    name = {"VIP": "VIP pool", "Node": "Node pool"}.get(pool["Pool"], "Outside both pools")
    counts = ", ".join(
        f"{pool[s]} {s.lower()}" for s in ("Free", "Leased", "Host", "Reserved", "Quarantined") if pool[s]
    )
    return f"{name}{''.join(f' {run},' for run in pool['Ranges']).rstrip(',')}: {counts}"


def _drawn(pool: Mapping[str, Any], letters: Mapping[str, str], used: set[str]) -> Iterator[Text]:
    """The rows of one pool; the signs in them are added to ``used``."""
    ranges = [_bounds(run) for run in pool["Ranges"]]
    cell = _cell_size(ranges)
    cells: Cells = {}
    for entry in pool["Addresses"]:
        first, last = _bounds(entry["Address"])
        for number in range(first // cell, last // cell + 1):
            cells.setdefault(number, set()).add(_sign(entry, letters))
    if cell == 1:
        offsets = " ".join(f"+{at}".ljust(_GROUP) for at in range(0, _WIDTH, _GROUP))
        yield Text(f"{'':{_INDENT}}{offsets.rstrip()}", style="dim")
    else:
        yield Text(f"Each sign is of {cell} addresses, and shows what is not free where anything is.", style="dim")
    for row in sorted({number // _WIDTH for number in cells}):
        line = Text(str(IPv4Address(row * _WIDTH * cell)).ljust(_INDENT))
        for at in range(_WIDTH):
            sign = _one_sign(cells.get(row * _WIDTH + at, set()))
            used.add(sign)
            line.append(" " * (at > 0 and at % _GROUP == 0)).append(sign, style=_style(sign))
        line.rstrip()
        yield line


def _bounds(run: str) -> tuple[int, int]:
    start, _, end = run.partition("-")
    return int(IPv4Address(start)), int(IPv4Address(end or start))


def _cell_size(ranges: Iterable[tuple[int, int]]) -> int:
    """The smallest power of two of addresses a cell with which the rows are few enough."""
    bounds = list(ranges)
    cell = 1
    while len({r for first, last in bounds for r in _rows_of(first, last, cell)}) > _ROWS:
        cell *= 2
    return cell


def _rows_of(first: int, last: int, cell: int) -> range:
    """The rows of one range; more than too many are not counted."""
    row = first // (_WIDTH * cell)
    return range(row, min(last // (_WIDTH * cell), row + _ROWS) + 1)


def _sign(entry: Mapping[str, Any], letters: Mapping[str, str]) -> str:
    if entry["State"] == "Leased":
        return letters.get(entry["Cluster"], _SEVERAL[0])
    return _STATES[entry["State"]][0]


def _one_sign(signs: set[str]) -> str:
    """Of a cell with several addresses those count that are not free."""
    taken = signs - {_STATES["Free"][0]}
    return " " if not signs else _STATES["Free"][0] if not taken else taken.pop() if len(taken) == 1 else _SEVERAL[0]


def _style(sign: str) -> str:
    styles = {sign: style for sign, style, _ in (*_STATES.values(), _SEVERAL)}
    return styles.get(sign, "" if sign == " " else _LEASED)


def _legend(pools: Sequence[Mapping[str, Any]], letters: Mapping[str, str], used: set[str]) -> Iterator[Text]:
    """What each sign means, and what each cluster has; what is in quarantine, by the cluster that left it behind."""
    entries = [entry for pool in pools for entry in pool["Addresses"]]
    for cluster, letter in letters.items():
        yield from _explained(letter, _LEASED, f"cluster {cluster}: {_has(entries, cluster, 'Leased')}")
    for state, (sign, style, text) in _STATES.items():
        hosts = [entry["Owner"].partition("/")[2] for entry in entries if entry["State"] == state == "Host"]
        if sign in used and state != "Quarantined":
            yield from _explained(sign, style, text + (f": {_some(hosts)}" if hosts else ""))
    sign, style, text = _STATES["Quarantined"]
    for cluster in dict.fromkeys(entry["Cluster"] for entry in entries if entry["State"] == "Quarantined"):
        until = f"{text} until its host is seen without cluster {cluster}"
        if cluster:
            yield from _explained(sign, style, f"{until}: {_has(entries, cluster, 'Quarantined')}")
    apart = [entry for entry in entries if entry["State"] == "Quarantined" and not entry["Cluster"]]
    answered = [f"{entry['Address']} ({entry['Owner'].partition('/')[2]})" for entry in apart]
    if answered:
        yield from _explained(sign, style, f"{text}, as somebody answered for it: {_some(answered)}")
    if _SEVERAL[0] in used:
        yield from _explained(*_SEVERAL)


def _has(entries: Iterable[Mapping[str, Any]], cluster: str, state: str) -> str:
    """The addresses of a cluster, by who has them."""
    mine = [entry for entry in entries if (entry["Cluster"], entry["State"]) == (cluster, state)]
    vips = [entry["Address"] for entry in mine if not entry["Owner"].startswith("host/")]
    hosts = [entry["Owner"].partition("/")[2] for entry in mine if entry["Owner"].startswith("host/")]
    parts = [f"VIP {_some(vips)}"] * bool(vips) + [f"{'host' if len(hosts) == 1 else 'hosts'} {_some(hosts)}"] * bool(
        hosts
    )
    return "; ".join(parts)


def _some(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _explained(sign: str, style: str, text: str) -> Iterator[Text]:
    first, *more = _folded(harmless(text), _LINE - 3)
    yield Text.assemble((sign, style), "  ", first)
    yield from (Text(f"   {line}") for line in more)


def _folded(text: str, width: int = _LINE) -> list[str]:
    """Lines of at most that width; a word that is longer is cut."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] += " " * bool(lines[-1]) + word
        while len(lines[-1]) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return lines
