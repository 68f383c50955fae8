"""Datagrams from node to node: both ways of listening on this machine's own loopback, and what is made of them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aksprov.checks.overlay import _SCRIPT, Heard, deaf, name_rows, overlay_rows, read_heard
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired

PORT = 38472
# iptables-save of a host that lets in logins and answers alone
RULES = (
    "*filter",
    ":INPUT DROP [0:0]",
    "-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
    "-A INPUT -p tcp --dport 22 -j ACCEPT",
    "COMMIT",
)


@pytest.fixture
def nodes(desired_of: Callable[..., Desired]) -> tuple[Node, ...]:
    return desired_of({"cp1": "control-plane", "w1": "worker", "w2": "worker"}).nodes


def start(folder: Path, program: str, line: str) -> subprocess.Popen[str]:
    """The script where only one of the programs is to be had."""
    folder.mkdir()
    (folder / program).symlink_to(sys.executable if program == "python3" else str(shutil.which(program)))
    for name in ("timeout", "getent"):
        (folder / name).symlink_to(str(shutil.which(name)))
    script = _SCRIPT.replace("PATH=$PATH:", f"PATH={folder} #")
    running = subprocess.Popen(["/bin/sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert running.stdin is not None
    running.stdin.write(line)
    running.stdin.close()
    running.stdin = None
    return running


@pytest.mark.skipif(not shutil.which("perl"), reason="no perl")
def test_both_ways_of_listening_hear_each_other(tmp_path: Path) -> None:
    first = start(tmp_path / "a", "python3", f"{PORT} a 127.0.0.11 localhost 127.0.0.12\n")
    second = start(tmp_path / "b", "perl", f"{PORT} b 127.0.0.12 no.such.name.invalid 127.0.0.11\n")
    said = {"a": first.communicate(timeout=30)[0], "b": second.communicate(timeout=30)[0]}
    assert read_heard(said["a"]) == Heard(ran=True, names=frozenset({"b"}))
    assert read_heard(said["b"]) == Heard(ran=True, names=frozenset({"a"}), unknown="no.such.name.invalid")


@pytest.mark.parametrize("program", ["python3", "perl"])
def test_a_port_that_is_taken_is_told(program: str, tmp_path: Path) -> None:
    if not shutil.which(program):
        pytest.skip(f"no {program}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.13", 0))
        port = taken.getsockname()[1]
        running = start(tmp_path / "c", program, f"{port} c 127.0.0.13 - 127.0.0.14\n")
        assert read_heard(running.communicate(timeout=30)[0]) == Heard(ran=False, busy=True)


def test_who_is_not_heard_is_named_at_the_host_that_is_deaf(nodes: tuple[Node, ...]) -> None:
    everyone = {n.name: Heard(ran=True, names=frozenset(o.name for o in nodes if o is not n)) for n in nodes}
    assert overlay_rows(everyone, nodes, 8472, {}) == () == deaf(everyone, nodes)
    heard = everyone | {"w2": Heard(ran=True, names=frozenset({"cp1"}))}
    assert deaf(heard, nodes) == ("w2",)
    (row,) = overlay_rows(heard, nodes, 8472, {})
    assert (row.test_name, row.test_result, row.host) == ("OverlayPort", "Warning", "w2")
    assert "8472" in row.details and "w1" in row.details and "cp1" not in row.details
    (row,) = overlay_rows(heard, nodes, 8472, {"w2": RULES})
    assert "the policy of chain INPUT" in row.details
    assert row.recommendation.startswith("iptables -I INPUT -p udp --dport 8472 -j ACCEPT")


def test_who_could_not_try_is_not_missed(nodes: tuple[Node, ...]) -> None:
    """It did not send either; its own row says why."""
    heard = {
        "cp1": Heard(ran=True, names=frozenset()),
        "w1": Heard(ran=False),
        "w2": Heard(ran=False, busy=True),
    }
    rows = {row.host: row for row in overlay_rows(heard, nodes, 4789, {})}
    assert {host: row.test_result for host, row in rows.items()} == {"w1": "Skipped", "w2": "Warning"}
    assert "python3" in rows["w1"].details and "taken" in rows["w2"].details
    assert overlay_rows({}, nodes, 4789, {}) == ()


def test_a_name_that_nobody_knows_is_a_row(nodes: tuple[Node, ...]) -> None:
    (row,) = name_rows({"w1": Heard(ran=True, unknown="registry.example")}, nodes)
    assert (row.test_name, row.test_result, row.host) == ("NameResolution", "Warning", "w1")
    assert "registry.example" in row.details


@pytest.mark.parametrize("said", ["", "heard x", "ran", "heard x\nran\nend!", "\n\n"])
def test_an_answer_that_was_cut_is_none(said: str) -> None:
    assert not read_heard(said).ran
