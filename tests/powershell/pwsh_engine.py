"""A PowerShell engine that runs script after script with the module, and what came of each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).parents[2]
_MARK = "said:"
AKSPROV = Path(sys.executable).with_name("aksprov")


class Problem(msgspec.Struct):
    """An error record."""

    id: str
    category: str
    text: str
    problem: Any = None


class Said(msgspec.Struct):
    """What came of a script: each stream, and the error that ended it."""

    output: list[Any]
    errors: list[Problem]
    warnings: list[str]
    verbose: list[str]
    notes: list[str]
    thrown: Problem | str
    shown: list[str] = []  # what the host showed besides


def environment(state: Path) -> dict[str, str]:
    """Of an engine: the tree's modules, the tree's program."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AKSPROV_")}
    kept |= {"PSModulePath": str(ROOT / "modules"), "AKSPROV_CLI": str(AKSPROV), "NO_COLOR": "1"}
    return kept | {"AKSPROV_STATE": str(state)}


class Engine:
    """A PowerShell process that runs script after script."""

    def __init__(self, folder: Path) -> None:
        command = [os.environ["AKSPROV_TEST_PWSH"], "-NoProfile", "-NonInteractive", "-File"]
        self._process = subprocess.Popen(
            [*command, Path(__file__).with_name("serve.ps1")],
            env=environment(folder / "state.db"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, script: str, folder: Path, **variables: str) -> Said:
        """Run one script in ``folder`` with the state that is there."""
        assert self._process.stdin
        assert self._process.stdout
        case = {
            "script": script,
            "folder": str(folder),
            "environment": {"AKSPROV_STATE": str(folder / "state.db"), "AKSPROV_CLI": str(AKSPROV), **variables},
        }
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        shown = []
        for line in self._process.stdout:
            if line.startswith(_MARK):
                said = msgspec.json.decode(line.removeprefix(_MARK), type=Said)
                return msgspec.structs.replace(said, shown=shown)
            shown.append(line.strip())
        raise AssertionError(f"the engine has ended: {shown}")

    def end(self) -> None:
        """Let the process end."""
        self._process.communicate(timeout=60)


class Shell:
    """The engine with a folder and a state for one test."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self.folder = folder

    def __call__(self, script: str, **variables: str) -> Said:
        """What came of a script."""
        return self._engine.run(script, self.folder, **variables)

    def output(self, script: str, **variables: str) -> list[Any]:
        """What a script hands on; nothing must have gone wrong."""
        said = self(script, **variables)
        assert (said.errors, said.thrown) == ([], ""), said
        return said.output
