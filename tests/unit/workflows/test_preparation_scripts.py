"""The scripts that prepare hosts, each with the parts that it is sent with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aksprov.workflows.prepare.scripts import preparation

WHOLE = {
    "packages": ("host", "apt", "dnf", "packages"),
    "look": ("host", "look"),
    "bundle": ("host", "bundle"),
    "offered": ("offered",),
}
SHELLS = [s for s in ("dash", "bash --posix", "busybox sh") if shutil.which(s.split()[0])]


@pytest.mark.parametrize("names", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_can_read_them(shell: str, names: tuple[str, ...]) -> None:
    subprocess.run([*shell.split(), "-n"], input=preparation(*names, values={}), text=True, check=True)


@pytest.mark.parametrize("names", WHOLE.values(), ids=WHOLE)
def test_shellcheck_finds_nothing(names: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "script.sh").write_text(preparation(*names, values={}))
    program = Path(sys.executable).with_name("shellcheck")
    argv = [program, "--shell=sh", "--exclude=SC2154,SC2034", tmp_path / "script.sh"]
    found = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")
