"""Recorded Windows hosts are reached by the inventory's variables, with certificates checked, over psrp and winrm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playbooks import ROOT, Ansible

pytestmark = [pytest.mark.ansible, pytest.mark.pwsh, pytest.mark.slow]
PASSWORD = "Passw0rd!"


@pytest.fixture
def windows(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Two Windows lab hosts, their addresses and the file with their certificates."""
    variables = {**os.environ, "AKSPROV_BENCH_PWSH": os.environ["AKSPROV_TEST_PWSH"]}
    variables["PYTHONPATH"] = str(ROOT / "tests/lab")
    command = [sys.executable, ROOT / "tests/bench/windows_hosts.py", tmp_path / "windows", "2", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.communicate()


def test_each_connection_runs_a_command(tmp_path: Path, windows: dict[str, Any]) -> None:
    ansible = Ansible(tmp_path, tmp_path / "state.db", programs="tests/bench")
    ansible.variables["HOST_PASSWORD"] = PASSWORD
    common = {"os": "windows", "user": "Administrator", "auth": "ntlm", "offline": True}
    secrets = {"password_ref": "env:HOST_PASSWORD", "ca_file": windows["trusted"]}
    wires = dict(zip(("psrp", "winrm"), windows["addresses"], strict=True))
    said = ansible.play(
        [
            {"aksprov.hci.host": {"name": wire, "address": address, "connection": wire, **common, **secrets}}
            for wire, address in wires.items()
        ]
    )
    assert all(answer["changed"] for answer in said), said
    (tmp_path / "aksprov.yml").write_text("plugin: aksprov.hci.aksprov\n")
    done = ansible.run("ansible", "-i", "aksprov.yml", "os_windows", "-m", "raw", "-a", "$env:COMPUTERNAME")
    assert done.returncode == 0 and "W1" in done.stdout and "W2" in done.stdout, done.stdout + done.stderr
