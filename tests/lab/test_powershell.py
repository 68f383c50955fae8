"""The life of a cluster on real hosts from PowerShell: configured, checked, nothing to change the second time, another
node pool, a credential, removed: the cmdlets of AksHci's documented life cycle, as its scripts spell them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from configured import CONTROL_PLANES, HOSTS, LOAD_BALANCERS, WORKERS
from controller import Controller

pytestmark = pytest.mark.pwsh

SCRIPT = """
$ErrorActionPreference = 'Stop'
Import-Module Aksprov
$PSDefaultParameterValues['New-AksHciCluster:configureOnly'] = $true
$vnet = New-AksHciClusterNetwork -name labnet -vswitchName eth0 -ipAddressPrefix 10.77.0.0/16 -gateway 10.77.0.1 `
    -dnsServers 10.77.0.1 -k8sNodeIpPoolStart 10.77.1.1 -k8sNodeIpPoolEnd 10.77.1.99 -vipPoolStart 10.77.0.200 `
    -vipPoolEnd 10.77.0.220
$added = Add-AksprovHost -file $args[0]
$lb = New-AksHciLoadBalancerSetting -name lb -loadBalancerSku HAProxy -loadBalancerCount 2
$cluster = @{ name = 'demo'; vnet = $vnet; loadBalancerSettings = $lb; controlPlaneNodeCount = 3
    nodePoolName = 'linuxpool'; nodeCount = 1 }
$first = New-AksHciCluster @cluster -Verbose 4>&1
$again = New-AksHciCluster @cluster -InformationAction Continue 6>&1
$plan = New-AksHciCluster @cluster -WhatIf
$tested = Test-AksprovCluster -name $first[-1].Name
$pool = New-AksHciNodePool -clusterName demo -name second -count 1 -osType linux -taints 'sku=gpu:NoSchedule'
$pools = (Get-AksHciNodePool -clusterName Demo | ForEach-Object { "$($_.NodePoolName) $($_.NodeCount)" }) -join ', '
Get-AksHciNodePool -clusterName demo -name second | Set-AksHciNodePool -count 0 -Confirm:$false | Out-Null
Remove-AksHciNodePool -clusterName demo -name second -Confirm:$false | Out-Null
try { $credential = Get-AksHciCredential -name demo -configPath $args[1] -Confirm:$false } catch { $credential = $_ }
Get-AksHciCluster | Remove-AksHciCluster -Confirm:$false | Out-Null
ConvertTo-Json -Compress @{
    pools = $pools; taints = @($pool.Taints); left = @(Get-AksHciCluster).Count; credential = "$credential"
    hosts = @($added.Name); state = "$($first[-1].ProvisioningState)"
    steps = @($first | Where-Object { $_ -is [System.Management.Automation.VerboseRecord] }).Count
    again = "$again"; plan = @($plan.hosts | Where-Object { $_.files }).Count
    failed = @($tested | Where-Object TestResult -eq Failed).Count
}
"""


def test_a_cluster_is_configured_from_powershell(own_controller: Controller, tmp_path: Path) -> None:
    roles = {"control-plane": CONTROL_PLANES, "load-balancer": LOAD_BALANCERS, "worker": WORKERS}
    more = {host: {"roles": [role]} for role, hosts in roles.items() for host in hosts}
    hosts_file = own_controller.write_hosts(HOSTS, more=more)
    (tmp_path / "script.ps1").write_text(SCRIPT)
    surroundings = {
        "PSModulePath": str(Path(__file__).parents[2] / "modules"),
        "AKSPROV_CLI": str(Path(sys.executable).with_name("aksprov")),
        "AKSPROV_LAB_CACHE": os.environ.get("AKSPROV_LAB_CACHE", str(Path.home() / ".cache/aksprov-lab")),
    }
    engine = [os.environ["AKSPROV_TEST_PWSH"], "-NoProfile", "-NonInteractive", "-File"]
    done = subprocess.run(
        own_controller.lab.inside([*engine, str(tmp_path / "script.ps1"), str(hosts_file), str(tmp_path / "config")]),
        env={**own_controller.environment, **surroundings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert sorted(said["hosts"]) == sorted(HOSTS)
    assert (said["state"], said["plan"], said["failed"]) == ("Configured", 0, 0)
    assert said["steps"] > len(HOSTS)
    assert "nothing to change" in said["again"]
    assert (said["pools"], said["taints"]) == ("linuxpool 1, second 1", ["sku=gpu:NoSchedule"])
    assert "has no credential yet" in said["credential"]  # Kubernetes was not started
    assert said["left"] == 0
    assert own_controller.lab["lb1"].shell("cat /etc/haproxy/haproxy.cfg").stdout.count("demo") == 0
