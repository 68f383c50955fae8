"""docs/errors.md and the package name the same error codes, with the same exit codes."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from aksprov import errors

ROOT = Path(__file__).parents[2]
CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.AksprovError) and kind is not errors.AksprovError
}
ROW = re.compile(r"\| (?P<code>\w+) \| (?P<exits>[\d, ]+) \| (?P<cure>.+) \|")


@pytest.fixture(scope="module")
def table() -> dict[str, set[int]]:
    """Code -> exit codes, in the table's order."""
    rows = [ROW.fullmatch(line) for line in (ROOT / "docs/errors.md").read_text().splitlines()]
    return {row["code"]: {int(exit) for exit in row["exits"].split(",")} for row in rows if row}


@pytest.fixture(scope="module")
def trees() -> list[ast.Module]:
    """The syntax trees of the package."""
    return [ast.parse(path.read_text(), str(path)) for path in sorted((ROOT / "aksprov").rglob("*.py"))]


def test_the_table_is_sorted(table: dict[str, set[int]]) -> None:
    assert list(table) == sorted(table)


def test_every_code_is_in_the_table_with_its_exit_code(table: dict[str, set[int]], trees: list[ast.Module]) -> None:
    """Codes are written where an error is made, or handed to what takes a parameter or has a field named code."""
    used: dict[str, set[int]] = defaultdict(set)
    positions = _positions_of_code(trees)
    for tree in trees:
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            for code in _codes(call, positions.get(name)):
                used[code] |= {int(CLASSES[name].exit_code)} if name in CLASSES else set()
    missing = sorted(used.keys() - table.keys())
    assert not missing, f"not in docs/errors.md: {', '.join(missing)}"
    assert {code: exits for code, exits in used.items() if not exits <= table[code]} == {}


def test_every_row_of_the_table_is_a_code(table: dict[str, set[int]], trees: list[ast.Module]) -> None:
    nodes = (node for tree in trees for node in ast.walk(tree))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert table.keys() - texts == set()


def _codes(call: ast.Call, position: int | None) -> Iterator[str]:
    """Codes that are written in a call; a condition may choose between two."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    if position is not None and len(call.args) > position:
        given.append(call.args[position])
    for value in given:
        choices = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
        for choice in choices:
            if isinstance(choice, ast.Constant) and isinstance(choice.value, str) and choice.value:
                yield choice.value


def _positions_of_code(trees: list[ast.Module]) -> dict[str, int]:
    """Where, among the positional arguments, each function of the package that has one takes its code."""
    positions = dict.fromkeys(CLASSES, 0)
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
                if "code" in names:
                    positions[node.name] = names.index("code") - (names[0] in ("self", "cls"))
    return positions
