"""What a definition must not ask of its network plugin, through the command line in both spellings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aksprov.cli.main import run
from aksprov.state import open_store

NETWORK = (
    "New-AksHciClusterNetwork -name labnet -vswitchName eth0 -ipAddressPrefix 10.77.0.0/24 -gateway 10.77.0.1 "
    "-dnsServers 10.77.0.1 -k8sNodeIpPoolStart 10.77.0.10 -k8sNodeIpPoolEnd 10.77.0.50 -vipPoolStart 10.77.0.200 "
    "-vipPoolEnd 10.77.0.210"
).split()
FLANNEL, WINDOWS = "-primaryNetworkPlugin flannel", "-nodePoolName pool -osType Windows"
PODS6 = "-podCidr 10.244.0.0/16,fd00::/56"
Answer = tuple[int, str, str]


@pytest.fixture
def aksprov(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """The program in this process, with one network in a state of its own: exit code and both streams."""
    monkeypatch.setenv("AKSPROV_STATE", str(tmp_path / "state.db"))

    def answer(*words: str) -> Answer:
        code = run(list(words))
        return code, *capsys.readouterr()

    assert answer(*NETWORK)[0] == 0
    return answer


def both(text: str) -> list[list[str]]:
    """The same words in PowerShell's spelling and in that of the command line."""
    options = {
        "-primaryNetworkPlugin": "--primary-network-plugin",
        "-nodePoolName": "--node-pool-name",
        "-osType": "--os-type",
        "-podCidr": "--pod-cidr",
        "-serviceCidr": "--service-cidr",
        "-calicoDataplane": "--calico-dataplane",
        "-kubernetesVersion": "--kubernetes-version",
        "-vnet": "--vnet",
    }
    words = text.split()
    return [
        ["New-AksHciCluster", "-name", "demo", *words],
        ["new-cluster", "--name", "demo", *(options.get(word, word) for word in words)],
    ]


@pytest.mark.parametrize(
    ("text", "code", "exit_code", "said"),
    [
        (f"{FLANNEL} {PODS6}", "NetworkPluginCannot", 65, "IPv6: |flannel: no|podCidr|--primary-network-plugin calico"),
        (f"{FLANNEL} -podCidr fd00::/56", "NetworkPluginCannot", 65, "IPv6: |flannel: no"),
        (f"{WINDOWS} {PODS6}", "NetworkPluginCannot", 65, "Windows nodes|osType"),
        (f"{WINDOWS} -calicoDataplane ebpf", "NetworkPluginCannot", 65, "LinuxDataplanes: |Windows nodes"),
        (f"{WINDOWS} -calicoDataplane nftables", "NetworkPluginCannot", 65, "LinuxDataplanes: |Windows nodes"),
        (f"{FLANNEL} -calicoDataplane iptables", "NetworkPluginCannot", 65, "LinuxDataplanes: |calicoDataplane"),
        ("-kubernetesVersion v1.21.14 -calicoDataplane ebpf", "NetworkPluginCannot", 65, "1.22|kube-proxy"),
        ("-kubernetesVersion v1.30.14 -calicoDataplane nftables", "NetworkPluginCannot", 65, "1.31|kube-proxy"),
        (f"{FLANNEL} -vnet labnet,other", "NetworkPluginCannot", 65, "SeveralNetworks: |several daemons|vnet"),
        ("-vnet labnet,other", "NetworkPluginNotAvailable", 69, "SeveralNetworks: |vnet"),
        (f"{WINDOWS} -kubernetesVersion v1.26.15", "NetworkPluginNotAvailable", 69, "Windows: |3.27"),
    ],
)  # fmt: skip
def test_what_the_plugin_cannot_do_is_refused_before_anything_is_stored(
    text: str, code: str, exit_code: int, said: str, aksprov: Callable[..., Answer], tmp_path: Path
) -> None:
    for words in both(text):
        status, out, err = aksprov(*words, "--configure-only", "--output", "json")
        error: dict[str, Any] = json.loads(err)
        assert (status, out, error["code"]) == (exit_code, "", code)
        assert [w for w in said.split("|") if w not in " ".join(map(str, error.values()))] == []
        assert error["fix"]
    snapshot = open_store(str(tmp_path / "state.db")).snapshot()
    assert not snapshot.clusters and not snapshot.leases


def test_the_table_is_printed_whole_and_by_row(aksprov: Callable[..., Answer]) -> None:
    status, out, _ = aksprov("get-network-plugin", "--output", "json")
    rows = json.loads(out)
    assert status == 0
    assert {r["Name"]: (r["Flannel"], r["Calico"]) for r in rows}["PodToVmSameNetwork"] == ("no", "yes")
    status, out, _ = aksprov("Get-AksprovNetworkPlugin", "-name", "ipV6", "--output", "json")
    (row,) = json.loads(out)
    assert row == next(r for r in rows if r["Name"] == "IPv6")


def test_the_table_fits_a_terminal(aksprov: Callable[..., Answer]) -> None:
    _, out, _ = aksprov("get-network-plugin")
    assert max(map(len, out.splitlines())) <= 80


def test_a_row_that_is_not_there_is_refused_with_those_that_are(aksprov: Callable[..., Answer]) -> None:
    status, out, err = aksprov("get-network-plugin", "--name", "ipv5", "--output", "json")
    assert (status, out, json.loads(err)["code"]) == (66, "", "CapabilityNotFound")
    assert "IPv6" in json.loads(err)["why"]
