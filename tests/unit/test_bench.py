"""The measurements still measure something."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ESTATE = Path(__file__).parents[1] / "bench" / "estate.py"


@pytest.mark.parametrize("name", ["big", "one_more"])
def test_an_estate_of_the_bench_is_placed_planned_and_leased(name: str) -> None:
    done = subprocess.run([sys.executable, ESTATE, name, "100"], capture_output=True, text=True, check=True)
    cost = json.loads(done.stdout)
    assert cost["hosts"] == 100
    assert all(seconds > 0 for seconds in cost["cpu"].values())


@pytest.mark.postgres
@pytest.mark.slow
def test_fifty_processes_of_the_bench_take_what_they_propose() -> None:
    folder = ESTATE.parent
    path = f"{folder}:{folder.parent / 'lab'}:{folder.parent / 'unit/state'}"
    script = "import allocation; allocation.LEASES = (100,); allocation.main()"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert [line.split()[:3] for line in done.stdout.splitlines()[-2:]] == [
        ["sqlite", "100", "1000"],
        ["postgresql", "100", "1000"],
    ]
