"""What a Windows host says of itself, as the values that Linux gives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aksprov.errors import HostError
from aksprov.facts.windows import parse_windows_look
from aksprov.model.bundle import ADMINISTRATORS
from aksprov.model.facts import FileState, Interface, Unit

MANIFEST = {
    "schema": 1,
    "state_id": "s",
    "epoch": 3,
    "bundle": "b",
    "files": [{"path": "C:/k/a", "sha256": "0", "mode": "0600", "cluster": "demo"}],
}
ANSWER: dict[str, Any] = {
    "hostname": "WIN1",
    "powershell": "5.1.20348.2700",
    "architecture": "AMD64",
    "machine": "guid",
    "version": "10.0.20348",
    "build": "20348",
    "server": True,
    "boot": "20260101000000",
    "cpus": 4,
    "memory": 8 << 30,
    "free": 100 << 30,
    "now": 1790000000,
    "pending": True,
    "interfaces": [
        {"name": "vEthernet (Ext)", "mac": "00-15-5D-00-00-07", "up": True, "addresses": ["10.0.0.5/24", "fe80::1/64"]},
        {"name": "Ethernet", "mac": "00-15-5D-00-00-06", "up": False, "addresses": []},
    ],
    "features": ["Web-Server", "Containers"],
    "services": [{"name": "containerd", "state": "Running", "start": "Auto"}, {"name": "kubelet", "start": "Manual"}],
    "programs": {"containerd": "containerd github.com/containerd/containerd v1.7.24 88bf19b", "crictl": "oops"},
    "files": [{"path": "C:/k/a", "kind": "file", "sha256": "1"}, {"path": "C:/k/b", "kind": "file", "sha256": "2"}],
    "unfinished": [],
    "manifest": json.dumps(MANIFEST),
    "epoch": "4 s",
}


def test_facts_are_those_of_any_host() -> None:
    look = parse_windows_look(json.dumps(ANSWER), host="win1")
    facts = look.seen.facts
    assert (look.unfinished, look.now, look.seen.epoch) == (False, 1790000000, 4)
    assert (facts.os_id, facts.os_version, facts.kernel, facts.architecture) == (
        "windows",
        "10.0.20348",
        "20348",
        "x86_64",
    )
    assert (facts.machine_id, facts.cpus, facts.memory_mb, facts.disk_free_mb) == ("guid", 4, 8192, 102400)
    assert (facts.powershell, facts.features, facts.pending_restart) == (
        "5.1.20348.2700",
        ("Containers", "Web-Server"),
        True,
    )
    assert facts.interfaces[1] == Interface(
        name="vEthernet (Ext)", mac="00:15:5d:00:00:07", up=True, addresses=("10.0.0.5/24", "fe80::1/64")
    )
    assert facts.units == {
        "containerd": Unit(active="active", enabled="enabled"),
        "kubelet": Unit(active="inactive", enabled="manual"),
    }
    assert facts.programs == {"containerd": "1.7.24", "crictl": ""}


def test_a_file_of_the_manifest_has_its_mode_and_any_other_none() -> None:
    files = parse_windows_look(json.dumps(ANSWER)).seen.files
    assert files["C:/k/a"] == FileState(path="C:/k/a", kind="file", mode="0600", owner=ADMINISTRATORS, sha256="1")
    assert files["C:/k/b"] == FileState(path="C:/k/b", kind="file", sha256="2")


def test_a_file_that_is_as_the_manifest_says_is_a_number() -> None:
    files = parse_windows_look(json.dumps(ANSWER | {"files": ANSWER["files"][1:], "same": [0]})).seen.files
    assert files["C:/k/a"] == FileState(path="C:/k/a", kind="file", mode="0600", owner=ADMINISTRATORS, sha256="0")
    assert files["C:/k/b"].sha256 == "2"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"hostname": 1}, "AnswerUnreadable"),
        ({"same": [1]}, "AnswerUnreadable"),
        ({"same": [-1]}, "AnswerUnreadable"),
        ({"interfaces": {}}, "AnswerUnreadable"),
        ({"manifest": "{"}, "ManifestUnreadable"),
        ({"manifest": '{"schema": 1}'}, "ManifestUnreadable"),
    ],
)
def test_what_cannot_be_read_is_told(change: dict[str, Any], code: str) -> None:
    with pytest.raises(HostError) as caught:
        parse_windows_look(json.dumps(ANSWER | change), host="win1")
    assert caught.value.code == code


def test_an_answer_that_was_cut_is_told() -> None:
    with pytest.raises(HostError) as caught:
        parse_windows_look(json.dumps(ANSWER)[:-20], host="win1")
    assert caught.value.code == "AnswerUnreadable"
