"""Whole scripts: the README's, those of AksHci's documents, and the same bad input as the program's own tests have."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
from pwsh_engine import AKSPROV, ROOT, Problem, Shell, environment

pytestmark = pytest.mark.pwsh

DOCUMENTED = """
$PSDefaultParameterValues['New-AksHciCluster:configureOnly'] = $true
$PSDefaultParameterValues['New-AksHciCluster:outputDir'] = 'review'
Import-Module AksHci
$vnet = New-AksHciClusterNetwork -name mynet -vnetName External -k8sNodeIpPoolStart 172.16.10.1 `
    -k8sNodeIpPoolEnd 172.16.10.254 -vipPoolStart 172.16.255.1 -vipPoolEnd 172.16.255.253 `
    -ipAddressPrefix 172.16.0.0/16 -gateway 172.16.0.1 -dnsServers 172.16.0.2
$lbcfg = New-AksHciLoadBalancerSetting -name "haProxyLB" -loadBalancerSku HAProxy -vmSize Standard_A2_v2 `
    -loadBalancerCount 1
New-AksHciCluster -name mycluster -vnet "$vnet" -loadBalancerSettings $lbcfg -nodePoolName linuxnodepool -nodeCount 1 `
    -osType Linux
$settings = @{ name = 'second'; primaryNetworkPlugin = 'flannel'; controlPlaneNodeCount = 1; linuxNodeCount = 1 }
New-AksHciCluster @settings -Confirm:$false
(Get-AksHciCluster -name MYCLUSTER).Status.ProvisioningState
Get-AksHciCluster | Select-Object Name, PrimaryNetworkPlugin | Sort-Object Name | ConvertTo-Csv -NoTypeInformation
Remove-Module AksHci
"""
HOSTS = "hosts:\n" + "".join(
    f"  - {{name: h{n}, address: 172.16.0.{n + 10}, os: linux, interfaces: {{External: eth0}}}}\n" for n in range(6)
)
# A verb with what is wrong about it; the program is asked the same by its own spelling.
BAD: list[tuple[str, dict[str, Any]]] = [
    ("New-AksHciClusterNetwork", {"name": "con"}),
    ("New-AksHciClusterNetwork", {"name": "a b"}),
    ("New-AksHciClusterNetwork", {"gateway": "10.0.1.300"}),
    ("New-AksHciClusterNetwork", {"gateway": "10.0.1.1"}),
    ("New-AksHciClusterNetwork", {"vlanID": 4095}),
    ("New-AksHciClusterNetwork", {"ipAddressPrefix": "10.0.0.0/33"}),
    ("New-AksHciClusterNetwork", {"vipPoolStart": "10.0.0.50"}),
    ("New-AksHciClusterNetwork", {"dnsServers": ["10.0.0.2", "x"]}),
    ("Get-AksHciClusterNetwork", {"name": "nono"}),
    ("Get-AksHciCluster", {"name": "nono"}),
    ("Remove-AksHciCluster", {"name": "nono"}),
    ("New-AksHciCluster", {"name": "c1", "vnet": "nono"}),
    ("New-AksHciCluster", {"name": "c1", "enableADAuth": True}),
    ("New-AksHciCluster", {"name": "c1", "kubernetesVersion": "1.2"}),
    ("New-AksHciLoadBalancerSetting", {"name": "lb", "loadBalancerSku": "none"}),
    ("New-AksHciLoadBalancerSetting", {"name": "lb", "loadBalancerSku": "HAProxy", "loadBalancerCount": 0}),
    ("Set-AksprovHost", {"name": "nono", "user": "x"}),
    ("Add-AksprovHost", {"name": "h", "address": "a", "os": "linux", "port": 0}),
    ("Invoke-AksprovPlan", {"plan": "nowhere.json"}),
]
NETWORK = {
    "name": "mynet", "vswitchName": "External", "ipAddressPrefix": "10.0.0.0/24", "gateway": "10.0.0.1",
    "dnsServers": ["10.0.0.2"], "vipPoolStart": "10.0.0.200", "vipPoolEnd": "10.0.0.220",
    "k8sNodeIpPoolStart": "10.0.0.10", "k8sNodeIpPoolEnd": "10.0.0.100",
}  # fmt: skip
BOUND = {
    "Get-AksHciClusterNetwork -nmae x": "NamedParameterNotFound",
    "Get-AksHciClusterNetwork -name a -clusterName b": "AmbiguousParameterSet",
    "New-AksHciLoadBalancerSetting -name lb": "MissingMandatoryParameter",
    "New-AksHciCluster -name c -nodeCount x": "ParameterArgumentTransformationError",
    "New-AksHciCluster -name a, b": "ParameterArgumentTransformationError",
    "New-AksHciCluster -name c -osType Mac": "ParameterArgumentValidationError",
    "New-AksHciCluster -name c -name d": "ParameterAlreadyBound",
}


def chapter(title: str) -> list[str]:
    """The indented blocks of a chapter of the README, without their indent."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    found = re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", text, re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in found]


def test_the_readmes_script_runs_as_printed(shell: Shell) -> None:
    hosts = chapter("Definitions")[0].partition("\n\n")[0]
    (shell.folder / "hosts.yaml").write_text(hosts + "\n")
    install, script = chapter("Coming from AksHci")
    assert install.split("#")[0].split() == ["aksprov", "install-module"]
    (shell.folder / "script.ps1").write_text(script)
    said = shell.output("& ./script.ps1")
    assert said[-1] == "mycluster"
    assert said[-2]["PrimaryNetworkPlugin"] == "flannel"
    assert [item["hash"] for item in said if isinstance(item, dict) and "hash" in item]
    assert list((shell.folder / "review").rglob("*flannel*"))


def test_documented_scripts_run_unchanged(shell: Shell) -> None:
    (shell.folder / "hosts.yaml").write_text(HOSTS)
    (shell.folder / "script.ps1").write_text(DOCUMENTED)
    said = shell("Add-AksprovHost -file hosts.yaml -offline | Out-Null; & ./script.ps1")
    assert (said.errors, said.thrown) == ([], "")
    assert said.output[-4:] == [
        "Pending", '"Name","PrimaryNetworkPlugin"', '"mycluster","calico"', '"second","flannel"'
    ]  # fmt: skip
    assert [text.split()[0] for text in said.warnings if "older" in text] == ["vnetName", "linuxNodeCount"]


@pytest.mark.parametrize(
    ("cmdlet", "values"), BAD, ids=lambda value: " ".join(value) if isinstance(value, dict) else value
)
def test_bad_input_is_the_same_error_as_the_programs(shell: Shell, cmdlet: str, values: dict[str, Any]) -> None:
    given = NETWORK | values if cmdlet == "New-AksHciClusterNetwork" else values
    (shell.folder / "values.json").write_text(json.dumps(given))
    said = shell(
        "$given = @{}; (Get-Content values.json -Raw | ConvertFrom-Json).PSObject.Properties |\n"
        "    ForEach-Object { $given[$_.Name] = $_.Value }\n"
        f"{cmdlet} @given"
    )
    words = [f"-{name}:{','.join(value) if isinstance(value, list) else value}" for name, value in given.items()]
    words = [word.removesuffix(":True") if ":True" in word else word for word in words]
    done = subprocess.run(
        [AKSPROV, cmdlet, *words, "--output", "json"],
        cwd=shell.folder, env=environment(shell.folder / "state.db"), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert isinstance(said.thrown, Problem), said
    assert said.thrown.problem == json.loads(done.stderr.splitlines()[-1])
    assert said.thrown.id == f"{said.thrown.problem['code']},{cmdlet}"
    assert not (shell.folder / "state.db").exists()


def test_what_the_binder_refuses_starts_nothing(shell: Shell) -> None:
    lines = json.dumps(list(BOUND))
    (shell.folder / "lines.json").write_text(lines)
    said = shell.output(
        "foreach ($line in Get-Content lines.json -Raw | ConvertFrom-Json) {\n"
        "    try { & ([scriptblock]::Create($line)) } catch { ($_.FullyQualifiedErrorId -split ',')[0]; \"$_\" }\n}",
        AKSPROV_CLI="/nowhere",
    )
    assert said[::2] == list(BOUND.values())
    assert "Linux" in said[11] and "Windows" in said[11]
