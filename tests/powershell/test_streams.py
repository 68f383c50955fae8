"""What cmdlets hand on, on which stream, and what they ask."""

from __future__ import annotations

import json
import os
import socket

import pytest
from pwsh_engine import AKSPROV, Shell

pytestmark = pytest.mark.pwsh

NETWORK = """
$network = @{ name = 'mynet'; vswitchName = 'External'; ipAddressPrefix = '10.0.0.0/24'; gateway = '10.0.0.1'
    dnsServers = '10.0.0.2'; vipPoolStart = '10.0.0.200'; vipPoolEnd = '10.0.0.220'
    k8sNodeIpPoolStart = '10.0.0.10'; k8sNodeIpPoolEnd = '10.0.0.100' }
$vnet = New-AksHciClusterNetwork @network
"""
HOSTS = """
@{ cp1 = '10.0.0.11'; lb1 = '10.0.0.12'; w1 = '10.0.0.13' }.GetEnumerator() |
    ForEach-Object { [pscustomobject] @{ name = $_.Key; address = $_.Value; os = 'linux' } } |
    Add-AksprovHost -offline -interfaces @{ External = 'eth0' } | Out-Null
"""


def test_an_object_is_its_name_where_a_text_is_wanted_and_has_akshcis_properties(shell: Shell) -> None:
    said = shell.output(
        NETWORK
        + """
"$vnet|$("$vnet".GetType().Name)|$($vnet.PSTypeNames[0])|$($vnet.K8snodeIPPoolEnd)"
Get-AksHciClusterNetwork -NAME MYNET | Where-Object Vlanid -eq 0 | Select-Object Name, DnsServers |
    ConvertTo-Json -Compress
(Get-AksHciClusterNetwork | Out-String -Width 80).Trim() -split '\\r?\\n' | ForEach-Object TrimEnd
"""
    )
    assert said[:2] == [
        "mynet|String|Aksprov.ClusterNetwork|10.0.0.100",
        '{"Name":"mynet","DnsServers":["10.0.0.2"]}',
    ]
    assert said[2].split() == ["Name", "IpAddressPrefix", "Gateway", "Vlanid", "VswitchName", "Site"]
    assert said[4].split() == ["mynet", "10.0.0.0/24", "10.0.0.1", "0", "External"]


def test_a_map_and_a_table_of_addresses_are_shown_as_by_the_program(shell: Shell) -> None:
    said = shell.output(
        NETWORK
        + HOSTS
        + """
$drawn = Get-AksHciClusterNetwork -name mynet -map
($drawn | Out-String) -match 'Map of mynet'; "$drawn"; $drawn.Map.Count
(Get-AksHciClusterNetwork -addresses | Out-String) -match 'Addresses of mynet'
($drawn | Format-Table | Out-String) -match 'Map of'
($drawn | ConvertTo-Json) -match 'Map of'
"""
    )
    assert said == [True, "mynet", 2, True, False, False]


@pytest.mark.parametrize("mark", ["'", "\u2018", "\u2019", "\u201a", "\u201b"])
def test_what_a_plan_or_a_map_shows_is_never_run(shell: Shell, mark: str) -> None:
    """A diff has the text of a host's file, and PowerShell ends a text at any of these apostrophes."""
    text = f"a{mark}; throw 'run' # {mark}"
    said = shell.output(
        """
& (Get-Module Aksprov) {
    $said = [pscustomobject] @{ value = [pscustomobject] @{}; text = ConvertFrom-Json $args[0] }
    Add-AksprovText $said 'Aksprov.Plan' 'ToString'
    $said.value.ToString()
} '"""
        + json.dumps(text).replace("'", "''")
        + "'"
    )
    assert said == [text]


def test_objects_and_names_come_from_the_pipeline(shell: Shell) -> None:
    said = shell(
        NETWORK
        + HOSTS
        + """
$new = @{ nodePoolName = 'pool1'; configureOnly = $true; outputDir = 'out' }
New-AksHciCluster -name c1 -vnet $vnet @new | ForEach-Object Name
('MYNET' | Get-AksHciClusterNetwork).Name; ('c1' | Get-AksHciCluster | Get-AksHciCluster).Name
$plan = Get-AksHciNodePool -clusterName c1 | Remove-AksHciNodePool -WhatIf
"$($plan.PSTypeNames[0])"
(Get-AksHciNodePool -clusterName c1 | Get-AksHciNodePool).Nodes
[pscustomobject] @{ Run = 'r1' } | Remove-AksprovLock -Confirm:$false -ErrorAction SilentlyContinue
$Error[0].TargetObject.where
'--'
Get-AksHciClusterNetwork | ConvertTo-Json | ConvertFrom-Json | New-AksHciClusterNetwork | ForEach-Object Name
Get-AksHciCluster | ConvertTo-Json -Depth 6 | ConvertFrom-Json |
    New-AksHciCluster -configureOnly -outputDir out -InformationAction Continue 6>&1 | Out-String
Get-AksprovHost | Add-AksprovHost -offline -InformationAction Continue 6>&1 | Select-Object -Last 1
"""
    )
    assert (said.errors, said.thrown) == ([], "")
    assert said.output[:8] == ["c1", "mynet", "c1", "Aksprov.Plan", "w1", "run", "--", "mynet"]
    assert "nothing to change" in said.output[8]
    assert [text for text in said.warnings if "older" in text] == []


def test_cells_that_are_empty_say_nothing(shell: Shell) -> None:
    (shell.folder / "hosts.csv").write_text(
        "name,address,os,port,connection,roles\nh1,10.0.0.1,linux,,,\nh2,10.0.0.2,linux,2222,ssh,worker\n"
    )
    said = shell(
        """
Import-Csv hosts.csv | Add-AksprovHost -offline -labels @{ rack = 'r1' } | Out-Null
Get-AksprovHost | ForEach-Object { "$($_.Name) $($_.Port) $($_.Roles) $($_.Labels.rack)" }
Import-Csv hosts.csv | Add-AksprovHost -offline -jumpHost ''
"""
    )
    assert said.output == ["h1   r1", "h2 2222 worker r1"]
    assert not isinstance(said.thrown, str)
    assert said.thrown.category == "InvalidData"  # what stands in the command is taken as it is


TEXTS = ["it's", '"q"', "$x $(1)", "a`nb`", "a,b", "\U0001f427 \u65e5\u672c", "-name", "@f", "'a'", "%PATH%", "\\"]


def test_a_text_arrives_as_it_is(shell: Shell) -> None:
    """Nothing is pasted into a command line."""
    (shell.folder / "texts.json").write_text(json.dumps(TEXTS), encoding="utf-8")
    said = shell.output(
        NETWORK
        + """
$null = $network.Remove('vswitchName')
foreach ($text in Get-Content texts.json -Raw -Encoding UTF8 | ConvertFrom-Json) {
    (New-AksHciNetworkSetting @network -vswitchName $text).VswitchName
}
"""
    )
    assert said == TEXTS
    refused = shell(NETWORK.replace("'External'", '"two`nlines`r"').replace("ClusterNetwork", "NetworkSetting")).thrown
    assert not isinstance(refused, str)
    assert repr("two\nlines\r") in refused.text


def test_what_if_shows_the_plan_and_changes_nothing(shell: Shell) -> None:
    said = shell(
        NETWORK
        + HOSTS
        + """
$plan = New-AksHciCluster -name c1 -vnet $vnet -configureOnly -outputDir out -WhatIf
$plan.PSTypeNames[0]; @($plan.hosts).Count; ($plan | Out-String) -match 'Plan: 3 hosts, \\d+ files to add'
Get-AksHciCluster
Remove-AksHciClusterNetwork -name mynet -WhatIf
$WhatIfPreference = $true
Remove-AksHciClusterNetwork -name mynet
$WhatIfPreference = $false
(Get-AksHciClusterNetwork).Name
"""
    )
    assert said.output == ["Aksprov.Plan", 3, True, "mynet"]
    assert (said.errors, said.thrown) == ([], "")


def test_confirmation(shell: Shell) -> None:
    """Nobody can be asked here, so a question is refused as by the program."""
    said = shell(
        NETWORK
        + """
try { Remove-AksHciClusterNetwork -name mynet } catch { $_.FullyQualifiedErrorId }
(Get-AksHciClusterNetwork).Name
Remove-AksHciClusterNetwork -name mynet -Confirm:$false
@(Get-AksHciClusterNetwork).Count
$null = New-AksHciClusterNetwork @network
& { $ConfirmPreference = 'None'; Get-AksHciClusterNetwork | Remove-AksHciClusterNetwork }
@(Get-AksHciClusterNetwork).Count
"""
    )
    assert said.output == ["ConfirmationNeeded,Remove-AksHciClusterNetwork", "mynet", 0, 0]
    assert said.thrown == ""


def test_names_of_older_releases_warn(shell: Shell) -> None:
    said = shell(
        NETWORK.replace("vswitchName", "vnetName")
        + HOSTS
        + """
$lb = New-AksHciLoadBalancerObject `
    -name lb -loadBalancerSku HAProxy
New-AksHciCluster -name c1 -linuxNodeCount 1 -configureOnly -outputDir out -WhatIf -loadBalancerSettings $lb | Out-Null
"""
    )
    assert said.thrown == ""
    assert said.warnings[:3] == [
        "vnetName is a name of older releases; write -vswitchName",
        "New-AksHciLoadBalancerObject is a name of older releases; write New-AksHciLoadBalancerSetting",
        "linuxNodeCount is a name of older releases; write -nodePoolName, -nodeCount, -osType",
    ]


def test_notes_progress_and_verbose_have_their_own_streams(shell: Shell) -> None:
    said = shell(NETWORK.replace("@network", "@network -InformationAction Continue -Verbose"))
    assert [note for note in said.notes if "made a new state" in note]
    assert said.output == []
    assert said.warnings == []


def test_an_error_stops_or_not_as_preferences_say(shell: Shell) -> None:
    said = shell(
        """
'a'; Get-AksHciCluster -name nono -ErrorAction SilentlyContinue; 'b'
Get-AksHciCluster -name nono -ErrorAction Ignore; 'c'
$Error[0].FullyQualifiedErrorId
$ErrorActionPreference = 'SilentlyContinue'
Get-AksHciCluster -name nono; 'd'
$ErrorActionPreference = 'Stop'
Get-AksHciCluster -name nono; 'never'
"""
    )
    assert said.output == ["a", "b", "c", "ClusterNotFound,Get-AksHciCluster", "d"]
    assert not isinstance(said.thrown, str)
    assert said.thrown.category == "ObjectNotFound"


CATEGORIES = {
    1: "InvalidResult", 64: "InvalidArgument", 65: "InvalidData", 66: "ObjectNotFound", 69: "NotImplemented",
    70: "NotSpecified", 73: "InvalidOperation", 74: "ResourceUnavailable", 75: "ResourceBusy",
    77: "AuthenticationError", 130: "OperationStopped",
}  # fmt: skip


def test_every_exit_code_is_a_category_that_a_script_can_catch(shell: Shell) -> None:
    program = shell.folder / "program"
    program.write_text(
        """#!/bin/sh
echo '{"kind":"error","error":{"code":"C'$CODE'","what":"w","where":"","why":"","fix":"","exitCode":'$CODE'}}'
echo '{"kind":"end","exitCode":'$CODE'}'
"""
    )
    program.chmod(0o755)
    said = shell.output(
        f"foreach ($code in {', '.join(map(str, CATEGORIES))}) {{ $env:CODE = $code\n"
        "    try { Get-AksHciCluster } catch [System.InvalidOperationException] {\n"
        "        $_.CategoryInfo.Category.ToString(); $_.FullyQualifiedErrorId; $_.TargetObject.exitCode\n    } }",
        AKSPROV_CLI=str(program),
    )
    assert said == [part for n, name in CATEGORIES.items() for part in (name, f"C{n},Get-AksHciCluster", n)]


def test_a_state_that_cannot_be_used_is_a_resource_that_is_unavailable(shell: Shell) -> None:
    said = shell(
        "Get-AksHciCluster -ErrorVariable kept -ErrorAction SilentlyContinue; [string] $kept[0].CategoryInfo.Category",
        AKSPROV_STATE=str(shell.folder),
    )
    assert said.output == ["ResourceUnavailable"]


def test_a_host_that_fails_is_an_error_with_its_rows_and_a_row_of_a_test(shell: Shell) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # nobody listens there
        port = unused.getsockname()[1]
        said = shell(
            f"try {{ Add-AksprovHost -name h -address 127.0.0.1 -port {port} -os linux -user x | Out-Null }} catch {{\n"
            + """
    $_.FullyQualifiedErrorId; $_.CategoryInfo.Category.ToString(); $_.TargetObject.where; $_.TargetObject.exitCode
}
(Test-AksprovHost | Where-Object TestResult -eq Failed).Host
(Get-AksprovHost).State
"""
        )
    assert said.output == ["RowsFailed,Add-AksprovHost", "InvalidResult", "h", 1, "h", "Unseen"]
    assert (said.errors, said.thrown) == ([], "")


def test_stopping_the_pipeline_stops_the_program(shell: Shell) -> None:
    """A host that answers nothing keeps a run busy; Ctrl-C is what the engine calls Stop()."""
    program = shell.folder / "program"
    program.write_text(f'#!/bin/sh\necho $$ >"{shell.folder}/pid"\nexec {AKSPROV} "$@"\n')
    program.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        said = shell.output(
            f"Add-AksprovHost -name h -address 127.0.0.1 -port {port} -os linux -user x -offline | Out-Null\n"
            + """
$busy = [powershell]::Create().AddScript('Import-Module Aksprov; Test-AksprovHost -Verbose')
$handle = $busy.BeginInvoke()
while (-not ($busy.Streams.Progress | Where-Object Activity -eq 'Test-AksprovHost')) {
    Start-Sleep -Milliseconds 50; if ($handle.IsCompleted) { break }
}
$busy.Stop()
"$($busy.InvocationStateInfo.State)"
$busy.Streams.Verbose[0].Message -match "h"
$shown = $busy.Streams.Progress | Where-Object Activity -eq 'Test-AksprovHost'
"$($shown[0].CurrentOperation.Split()[0]) $($shown[-1].RecordType)"
""",
            AKSPROV_CLI=str(program),
        )
    assert said == ["Stopped", True, "h Completed"]
    with pytest.raises(ProcessLookupError):
        os.kill(int((shell.folder / "pid").read_text()), 0)


def test_completion_knows_live_names(shell: Shell) -> None:
    said = shell.output(
        NETWORK
        + """
foreach ($line in 'New-AksHciCluster -vnet ', 'Get-AksHciClusterNetwork -name MY', 'New-AksHciCluster -osType ') {
    ([System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null)).CompletionMatches |
        ForEach-Object CompletionText
}
"""
    )
    assert said == ["mynet", "mynet", "Linux", "Windows"]


def test_help_has_examples_and_parameters(shell: Shell) -> None:
    said = shell.output(
        """
$help = Get-Help New-AksHciCluster
$help.Synopsis; @($help.examples.example).Count; $help.parameters.parameter.Count -gt 20
"""
    )
    assert said == ["Make a cluster on hosts of the inventory.", 4, True]


def test_the_program_must_be_there_and_of_the_same_version(shell: Shell) -> None:
    missing = shell("Get-AksHciCluster", AKSPROV_CLI=str(shell.folder / "nothing"))
    other = shell.folder / "other"
    other.write_text("#!/bin/sh\necho 'Error UnknownVerb' >&2; exit 64\n")
    other.chmod(0o755)
    older = shell("Get-AksHciCluster", AKSPROV_CLI=str(other))
    forged = "& (Get-Module Aksprov) { $script:Version, $script:Kept = '0.0.1', $script:Version }\n"
    differs = shell(forged + "Get-AksHciCluster")
    shell("& (Get-Module Aksprov) { $script:Version = $script:Kept }")
    found = [
        said.thrown.id + " " + said.thrown.category
        for said in (missing, older, differs)
        if not isinstance(said.thrown, str)
    ]
    assert found == [
        "ProgramNotFound,Get-AksHciCluster NotInstalled",
        "ProgramFailed,Get-AksHciCluster NotSpecified",
        "VersionDiffers,Get-AksHciCluster NotImplemented",
    ]


def test_a_script_that_imports_akshci_gets_ours_and_is_told(shell: Shell) -> None:
    said = shell("Import-Module AksHci; @(AksHci\\Get-AksHciVmSize).Count -gt 10; Remove-Module AksHci")
    assert said.thrown == ""
    assert said.output == [True]
    assert len(said.warnings) == 1
