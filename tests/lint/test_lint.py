"""The whole tree obeys its linters; what they say is the failure's text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    ["ruff check", "ruff format --check --diff", "mypy", "lint-imports --no-cache"],
)
def test_lint(command: str) -> None:
    """Programs come from the environment that runs the tests."""
    program, *arguments = command.split()
    argv = [Path(sys.executable).with_name(program), *arguments]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{command}\n{done.stdout}{done.stderr}", pytrace=False)
