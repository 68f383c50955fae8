"""What is wrong with a definition is said, in both spellings, and leaves nothing behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import definition_cases as cases
import pytest
from definition_cases import Case

from aksprov.cli.main import run
from aksprov.model.desired import Snapshot
from aksprov.state import open_store

SPELLINGS: dict[str, Callable[[Case], list[str]]] = {
    "gnu": lambda case: [*case.gnu, "--output", "json"],
    "powershell": lambda case: [*case.cmdlet, "-output", "json"],
}


def each(table: Iterable[Case]) -> list[Any]:
    return [
        pytest.param(case, spelling, id=f"{spelling}-{case.code}-{case.line[:60]}")
        for case in table
        for spelling in SPELLINGS
        if case.powershell or spelling == "gnu"
    ]


def refuse(case: Case, spelling: str, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = run(SPELLINGS[spelling](case))
    said = capsys.readouterr()
    assert said.out == ""
    error = json.loads(said.err.splitlines()[-1])
    assert (error["code"], exit_code, error["exitCode"]) == (case.code, case.exit_code, case.exit_code), error
    text = " ".join(error[name] for name in ("what", "where", "why", "fix"))
    assert [word for word in case.words.split("|") if word not in text] == [], text
    assert all(error[name] for name in ("what", "where", "why", "fix"))


@pytest.mark.parametrize(("case", "spelling"), each([*cases.NETWORKS, *cases.SETTINGS, *cases.CLUSTERS]))
def test_what_is_wrong_by_itself_is_refused_and_makes_no_state(
    case: Case, spelling: str, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(case, spelling, capsys)
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(("case", "spelling"), each(cases.RECORDED))
def test_what_is_at_odds_with_what_is_recorded_is_refused_and_changes_nothing(
    case: Case, spelling: str, prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(prepared / "state.db", "state.db")
    before = snapshot()
    refuse(case, spelling, capsys)
    assert snapshot() == before
    assert [path.name for path in Path().iterdir() if not path.name.startswith("state.db")] == []


def snapshot() -> Snapshot:
    return open_store("state.db").snapshot()


def test_pools_over_the_borders_of_octets_are_right(capsys: pytest.CaptureFixture[str]) -> None:
    wide = cases.network(
        ip_address_prefix="10.20.0.0/16",
        **cases.pools(vip="255.0-255.254", node="3.250-5.5"),
    )
    assert run([*wide.split(), "--output", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["K8snodeIPPoolStart"], shown["K8snodeIPPoolEnd"]) == ("10.20.3.250", "10.20.5.5")
