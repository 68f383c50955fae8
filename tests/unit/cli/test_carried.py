"""``aksprov invoke`` of an apply to one host that the caller reaches: what it is asked for, and what is refused."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import PROGRAM
from .test_invoke import NETWORK, Line, invoke

HOSTS = (("cp1", "linux", "control-plane"), ("lb1", "linux", "load-balancer"), ("w1", "linux", "worker"))
CLUSTER = {
    "name": "demo",
    "vnet": "mynet",
    "controlPlaneNodeCount": 1,
    "loadBalancerCount": 1,
    "linuxNodeCount": 1,
    "windowsNodeCount": 1,
    "configureOnly": True,
}


@pytest.fixture
def folder(environment: dict[str, str], tmp_path: Path) -> Path:
    """A folder of four hosts, one with Windows, that nobody has contacted."""
    invoke(environment, {"verb": "new-cluster-network", "parameters": NETWORK})
    for number, (name, system, role) in enumerate((*HOSTS, ("win1", "windows", "worker")), 11):
        place = {"address": f"10.0.0.{number}", "os": system, "roles": [role], "offline": True}
        invoke(environment, {"verb": "add-host", "parameters": {"name": name, **place}})
    made = invoke(environment, {"verb": "new-cluster", "parameters": CLUSTER | {"outputDir": str(tmp_path / "review")}})
    assert not [line for line in made if line["kind"] == "error"], made
    return tmp_path / "review"


def carried(folder: Path, host: str) -> dict[str, Any]:
    return {"verb": "apply", "parameters": {"from": str(folder), "yes": True}, "carries": host}


def error_of(lines: list[Line]) -> Line:
    (error,) = [line["error"] for line in lines if line["kind"] == "error"]
    return dict(error)


def test_what_cannot_be_pushed_so_is_refused_before_the_caller_is_asked(
    environment: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    for place, host, code in (
        (folder, "win1", "WindowsNotCarried"),
        (folder, "w7", "FolderLacksHost"),
        (tmp_path, "w1", "FolderUnreadable"),
    ):
        lines = invoke(environment, carried(place, host))
        assert error_of(lines)["code"] == code and not [line for line in lines if line["kind"] == "run"]


def test_a_command_that_the_caller_cannot_run_is_the_hosts_row(environment: dict[str, str], folder: Path) -> None:
    """A caller that hangs up at once, and one that says why; the host is free again."""
    assert error_of(invoke(environment, carried(folder, "W1")))["code"] == "HostUnreachable"
    with subprocess.Popen([*PROGRAM, "invoke"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdin and run.stdout
        run.stdin.write(json.dumps(carried(folder, "w1") | {"attended": True}).encode() + b"\n")
        run.stdin.flush()
        asked = json.loads(run.stdout.readline())
        run.stdin.write(json.dumps({"answer": {"problem": "no route to host"}}).encode() + b"\n")
        run.stdin.flush()
        lines = [json.loads(line) for line in run.stdout]
    assert (asked["kind"], asked["host"]) == ("run", "w1") and asked["command"].startswith("exec /bin/sh -c ")
    assert b"/var/lib/aksprov" in base64.b64decode(asked["stdin"])
    assert error_of(lines)["why"] == "no route to host"
    assert [line["value"]["Host"] for line in lines if line["kind"] == "row"] == ["w1"]
    assert invoke(environment, {"verb": "get-lock"}) == []
