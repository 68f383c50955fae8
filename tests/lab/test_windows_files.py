"""Plain files for Windows hosts by the program itself, over both wires: any names, and a host that refuses us.

What is on a host is read from the folder that stands for its drive.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from test_windows_put import ODD
from windows_lab import WindowsHost, windows_host

pytestmark = pytest.mark.pwsh


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[dict[str, WindowsHost]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(windows_host(tmp_path / name, name)) for name in ("win1", "win2")}


class Program:
    """`aksprov` with a state of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *arguments: str, check: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end.

        Args:
            check: the exit code that it must have.
        """
        kept = {k: v for k, v in os.environ.items() if k == "AKSPROV_LAB_WINDOWS_PASSWORD" or "AKSPROV" not in k}
        done = subprocess.run(
            [Path(sys.executable).with_name("aksprov"), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**kept, "HOME": str(self.home), "AKSPROV_STATE": str(self.home / "state.db"), **variables},
            check=False,
        )
        assert done.returncode == check, done.stdout + done.stderr
        return done

    def json(self, *arguments: str, check: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--output", "json", check=check).stdout)

    def add(self, hosts: dict[str, WindowsHost]) -> None:
        """Record them; the second one is reached by WinRS."""
        entries = []
        for name, host in hosts.items():
            entry = {
                k: getattr(host.entry, k) for k in ("name", "address", "port", "os", "user", "password_ref", "ca_file")
            }
            entries.append(entry | {"connection": "winrm" if name == "win2" else "psrp"})
        (self.home / "hosts.json").write_text(json.dumps({"hosts": entries}))
        self.run("add-host", "--file", str(self.home / "hosts.json"))


def write(folder: Path, text: str) -> None:
    """The same files for both hosts: their names, and what follows."""
    for name in ("win1", "win2"):
        for path in ODD:
            place = folder / name / "C" / path.removeprefix("C:/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(path + text)


def contents(host: WindowsHost) -> set[str]:
    return {host.path(path).read_text().removeprefix(path) for path in ODD}


@pytest.mark.slow
def test_files_go_to_windows_hosts_and_one_that_refuses_us_is_a_row(
    hosts: dict[str, WindowsHost], tmp_path: Path
) -> None:
    program, folder = Program(tmp_path), tmp_path / "folder"
    program.add(hosts)
    write(folder, "first")
    planned = program.json("apply", "--from", str(folder), "--what-if", check=2)
    assert {file["path"] for host in planned["hosts"] for file in host["files"]} == set(ODD)
    program.run("apply", "--from", str(folder), "--yes")
    assert [contents(host) for host in hosts.values()] == [{"first"}, {"first"}]
    assert program.json("apply", "--from", str(folder), "--what-if")["hosts"] == []

    program.run("set-host", "--name", "win1", "--password-ref", "env:WRONG")
    write(folder, "second")
    done = program.run("apply", "--from", str(folder), "--yes", check=77, WRONG="no")
    assert [contents(host) for host in hosts.values()] == [{"first"}, {"second"}]
    (row,) = [line for line in (done.stdout + done.stderr).splitlines() if "HostPasswordRefused" in line]
    assert "win1" in row

    program.run("set-host", "--name", "win1", "--password-ref", "env:AKSPROV_LAB_WINDOWS_PASSWORD")
    for name in hosts:
        (folder / name / "C" / ODD[0].removeprefix("C:/")).unlink()
    program.run("apply", "--from", str(folder), "--yes")
    assert [host.path(ODD[0]).exists() for host in hosts.values()] == [False, False]
    assert [host.litter() for host in hosts.values()] == [[], []]
