"""--from-json: an object that another system's PowerShell wrote."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# As Windows PowerShell writes a network of AksHci: an array with its Count, properties that are not ours, empty ones.
AKSHCI: dict[str, Any] = {
    "Name": "mynet",
    "VswitchName": "External",
    "IpAddressPrefix": "10.0.0.0/24",
    "Gateway": "10.0.0.1",
    "DnsServers": {"value": ["10.0.0.2", "10.0.0.3"], "Count": 2},
    "MacPoolName": "MocMacPool",
    "Vlanid": 7,
    "VipPoolStart": "10.0.0.200",
    "VipPoolEnd": "10.0.0.220",
    "K8snodeIPPoolStart": "10.0.0.10",
    "K8snodeIPPoolEnd": "10.0.0.100",
    "Tags": None,
    "ResourceGroup": "",
}
Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_akshcis_network_comes_over(aksprov: Program, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "net.json").write_text(json.dumps(AKSHCI, indent=4), encoding=encoding)
    made = aksprov("new-cluster-network", "--from-json", "net.json", "--vswitch-name", "eth0", "--output", "json")
    assert made.returncode == 0, made.stderr
    network = json.loads(made.stdout)
    assert network["DnsServers"] == ["10.0.0.2", "10.0.0.3"]
    assert [network[name] for name in ("Name", "VswitchName", "Vlanid", "MacPoolName")] == [
        "mynet",
        "eth0",
        7,
        "MocMacPool",
    ]
    # and back in the other spelling, from what we print
    (tmp_path / "ours.json").write_text(made.stdout)
    again = aksprov("New-AksHciClusterNetwork", "-fromJson", "ours.json")
    assert (again.returncode, "nothing to change" in again.stderr) == (0, True)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("[1, 2]", "InvalidObject"),
        (json.dumps([AKSHCI, AKSHCI]), "InvalidObject"),
        ("{", "InvalidObject"),
        (json.dumps(AKSHCI | {"Gateway": {"a": 1}}), "ValueShape"),
        (json.dumps(AKSHCI | {"Gateway": "10.0.0.300"}), "InvalidAddress"),
        (json.dumps({"Name": "mynet"}), "MissingParameter"),
    ],
)
def test_an_object_that_is_wrong_is_one_error(aksprov: Program, tmp_path: Path, content: str, code: str) -> None:
    (tmp_path / "net.json").write_text(content)
    refused = aksprov("new-cluster-network", "--from-json", "net.json", "--output", "json")
    assert json.loads(refused.stderr)["code"] == code
    assert not (tmp_path / "state.db").exists()


def test_a_file_that_is_not_there_is_one_error(aksprov: Program) -> None:
    refused = aksprov("new-cluster-network", "--from-json", "nowhere.json")
    assert (refused.returncode, "ObjectFileNotFound" in refused.stderr) == (66, True)
