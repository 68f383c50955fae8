"""The program as a user runs it: another process with a state of its own."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-c", "import sys; from aksprov.cli.main import main; sys.exit(main())"]
Done = subprocess.CompletedProcess


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of the program: a state that is not there yet, no colours, the tree's own package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AKSPROV_", "_AKSPROV"))}
    return {**kept, "AKSPROV_STATE": str(tmp_path / "state.db"), "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}


@pytest.fixture
def aksprov(environment: dict[str, str], tmp_path: Path) -> Callable[..., Done[str]]:
    """Run the program with words; nothing is on its standard input, and no stream is a terminal."""

    def run(*words: str, **more: str) -> Done[str]:
        return subprocess.run(
            [*PROGRAM, *words],
            env=environment | more,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def on_path(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment with a program called aksprov on its PATH."""
    script = tmp_path / "bin" / "aksprov"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n')
    script.chmod(0o755)
    return environment | {"PATH": f"{script.parent}{os.pathsep}{environment['PATH']}"}


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, words: tuple[str, ...], environment: dict[str, str], folder: Path) -> None:
        self._ours, theirs = pty.openpty()
        self._said = b""
        self.process = subprocess.Popen(
            [*PROGRAM, *words], env=environment, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)

    def expect(self, text: str) -> None:
        """Read until the program has said ``text``; what came before is forgotten."""
        while text.encode() not in self._said:
            self._read()
        self._said = self._said.partition(text.encode())[2]

    def type(self, line: str) -> None:
        """Answer with a line."""
        os.write(self._ours, line.encode() + b"\n")

    def end(self) -> tuple[int, str]:
        """Wait for the exit code and the rest of what it says."""
        try:
            while True:
                self._read()
        except OSError:  # Linux: the other side is closed
            pass
        os.close(self._ours)
        return self.process.wait(timeout=60), self._said.decode().replace("\r\n", "\n")

    def _read(self) -> None:
        chunk = os.read(self._ours, 4096)
        if not chunk:
            raise OSError("end of file")
        self._said += chunk


@pytest.fixture
def at_terminal(environment: dict[str, str], tmp_path: Path) -> Callable[..., Terminal]:
    """Start the program with words on a terminal."""
    return lambda *words: Terminal(words, environment, tmp_path)
