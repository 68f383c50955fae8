"""Outcomes as text for people: tables, rows of checks and plans, within the terminal's width."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

import msgspec
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from aksprov.cli.address_map import map_view
from aksprov.cli.terminal import coloured, harmless, width
from aksprov.cmdlets.declaration import Verb
from aksprov.model.outcome import Outcome
from aksprov.model.plan import HostPlan, Plan, PoolChange
from aksprov.model.row import Row

_RESULTS = {"Passed": "green", "Failed": "red", "Warning": "yellow", "Skipped": "dim"}
_MAP = "Map"  # the property that is drawn
_SIGNS = {"add": ("+", "green"), "change": ("~", "yellow"), "remove": ("-", "red")}


def as_text(verb: Verb, outcome: Outcome) -> str:
    """The outcome, ready to print; with colours where standard output shows them."""
    parts = list(_parts(verb, outcome))
    if not parts:
        return ""
    buffer = StringIO()
    console = Console(
        file=buffer,
        width=width(sys.stdout),
        force_terminal=coloured(sys.stdout),
        color_system="standard" if coloured(sys.stdout) else None,
        legacy_windows=False,
        highlight=False,
        emoji=False,
        markup=False,
        safe_box=not (sys.stdout.encoding or "").lower().startswith("utf"),
    )
    for number, part in enumerate(parts):
        if number:
            console.print()
        console.print(part, soft_wrap=isinstance(part, Text))  # lines of a plan stay whole: people copy them
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def _parts(verb: Verb, outcome: Outcome) -> Iterator[RenderableType]:
    if outcome.plan is not None and not outcome.objects:
        yield plan_view(outcome.plan)
    if outcome.single:
        for item in outcome.objects:
            yield _list(item)
    elif outcome.objects:
        yield _table(_columns(verb, outcome.objects), outcome.objects)
    for item in outcome.objects:
        yield from _details(verb, item, all_of_them=outcome.single)
        if _MAP in item:
            yield map_view(_plain(item.get("Name", "")), item[_MAP])
    if outcome.rows:
        yield rows_view(outcome.rows)


def _columns(verb: Verb, objects: Sequence[Mapping[str, Any]]) -> list[str]:
    """The declared columns that the objects have, else all their properties."""
    there = [name for name in verb.columns if any(name in item for item in objects)]
    return there or list(dict.fromkeys(name for item in objects for name in item))


def _table(columns: Sequence[str], objects: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(Text(harmless(column)), overflow="fold")
    for item in objects:
        table.add_row(*(Text(_plain(item.get(column))) for column in columns))
    return table


def _list(item: Mapping[str, Any]) -> Table:
    """One object with all its properties, a line each."""
    table = Table.grid(padding=(0, 1))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in item.items():
        if not _is_table(value):
            table.add_row(Text(harmless(name)), ":", Text(_plain(value)))
    return table


def _details(verb: Verb, item: Mapping[str, Any], *, all_of_them: bool) -> Iterator[RenderableType]:
    """Tables inside an object: of one object all, of several only those that were asked for by a switch."""
    asked = {p.name.lower() for p in verb.parameters if p.kind == "switch"} - {_MAP.lower()}
    for name, value in item.items():
        if _is_table(value) and (all_of_them or name.lower() in asked):
            title = Text(f"{name} of {_plain(item.get('Name', ''))}", style="bold")
            yield Group(title, Padding(_table(list(value[0]), value), (0, 0, 0, 2)))


def _is_table(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and isinstance(value[0], Mapping)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "; ".join(f"{name}={_plain(inner)}" for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_plain(inner) for inner in value)
    return harmless(str(value))


def rows_view(rows: Sequence[Row]) -> RenderableType:
    """Checks as a table; what is not Passed has its recommendation below the details.

    Hosts that have the same to say share a line.
    """
    alike: dict[Row, list[str]] = {}
    for row in rows:
        alike.setdefault(msgspec.structs.replace(row, host="", cluster=""), []).append(row.host or row.cluster)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for column in ("Result", "Host", "Test", "Details"):
        table.add_column(column, overflow="fold", max_width=16 if column == "Host" else None)
    for row, hosts in alike.items():
        details = Text(harmless(row.details))
        if row.recommendation and row.test_result != "Passed":
            details.append(f"\n-> {harmless(row.recommendation)}", style="bold")
        result = Text(row.test_result, style=_RESULTS[row.test_result])
        table.add_row(result, Text(harmless(", ".join(hosts))), Text(row.test_name), details)
    count = {result: sum(row.test_result == result for row in rows) for result in _RESULTS}
    summary = ", ".join(f"{number} {result.lower()}" for result, number in count.items() if number)
    return Group(table, Text(f"\n{len(rows)} checks: {summary}"))


def plan_view(plan: Plan) -> Text:
    """A plan: per wave and host what changes, the differences, and a line that sums up.

    Hosts of a wave for which the same happens share a heading, and a difference that several
    hosts have is shown once.
    """
    lines: list[Text] = []
    for wave in sorted({host.wave for host in plan.hosts}):
        lines.append(Text(f"Wave {wave}", style="bold"))
        alike: dict[tuple[str, ...], list[HostPlan]] = {}
        for host in plan.hosts:
            if host.wave == wave:
                alike.setdefault(_signature(host), []).append(host)
        for hosts in alike.values():
            lines += _host_lines(", ".join(h.name for h in hosts), hosts[0])
    lines += _pool_lines(plan.pools or ())
    if plan.addresses:
        lines.append(Text("Addresses", style="bold"))
        lines += [Text(f"  {a.address}  {a.network}  {a.owner}") for a in plan.addresses]
    if plan.late:
        lines.append(Text(f"Filled in during the run: {', '.join(plan.late)}"))
    for (path, diff), names in _differences(plan).items():
        lines += [Text(), Text(f"{', '.join(names)} {path}", style="bold"), *_difference(diff)]
    if lines:
        lines.append(Text())
    lines.append(Text(_summary(plan), style="bold"))
    return Text("\n").join(lines)


def _pool_lines(pools: Iterable[PoolChange]) -> Iterator[Text]:
    """What a network's pools get and lose, and what is reserved."""
    titles = {"VIP": "VIP pool", "Node": "node pool", "Reserved": "reserved", "Quarantine": "quarantine"}
    network = ""
    for change in pools:
        if change.network != network:
            network = change.network
            yield Text(f"Network {network}", style="bold")
        sign, style = _SIGNS[change.change]
        addresses = _count(change.count, "address", "addresses")
        yield Text(f"  {sign} {titles[change.pool]} {change.addresses} ({addresses})", style=style)


def _signature(host: HostPlan) -> tuple[str, ...]:
    return (*(f"{f.change} {f.path}" for f in host.files), *(step.id for step in host.steps))


def _host_lines(names: str, host: HostPlan) -> list[Text]:
    lines = [Text(f"  {names}")]
    for file in host.files:
        sign, style = _SIGNS[file.change]
        lines.append(Text(f"    {sign} {file.path}", style=style))
    lines += [Text(f"    * {harmless(step.title)}") for step in host.steps]
    return lines


def _differences(plan: Plan) -> dict[tuple[str, str], list[str]]:
    """(path, difference) -> the hosts that have it, in the plan's order."""
    shown: dict[tuple[str, str], list[str]] = {}
    for host in plan.hosts:
        for file in host.files:
            if file.diff:
                shown.setdefault((file.path, file.diff), []).append(host.name)
    return shown


def _difference(diff: str) -> list[Text]:
    styles = {"+": "green", "-": "red", "@": "cyan"}
    return [Text(harmless(line), style=styles.get(line[:1], "")) for line in diff.splitlines()]


def _summary(plan: Plan) -> str:
    if plan.pools:
        return f"Plan: {_count(len(plan.pools), 'change')} of pools, on no host\nHash: {plan.hash}"
    if plan.empty:
        return f"Plan: nothing to change\nHash: {plan.hash}"
    changes = [file.change for host in plan.hosts for file in host.files]
    return (
        f"Plan: {_count(len(plan.hosts), 'host')}, {_count(changes.count('add'), 'file')} to add, "
        f"{changes.count('change')} to change, {changes.count('remove')} to remove\nHash: {plan.hash}"
    )


def _count(number: int, noun: str, nouns: str = "") -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {nouns or noun + 's'}"
