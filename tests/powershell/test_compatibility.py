"""No file of the modules uses what Windows PowerShell 5.1 on .NET Framework 4.7.2 lacks, by the engine's syntax tree.

The lists are the review: a command, a parameter, a type or a member that is not there fails.  Sources: the 5.1
reference of Microsoft.PowerShell.Core, .Management and .Utility on learn.microsoft.com, and the API browser there, set
to .NET Framework 4.7.2 (System.Management.Automation: PowerShell SDK 1.1).
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pwsh_engine import ROOT

pytestmark = pytest.mark.pwsh

WALK = ROOT / "tests/unit/transport/powershell/walk.ps1"
FILES = sorted(path for end in ("ps1", "psm1", "psd1") for path in (ROOT / "modules").rglob(f"*.{end}"))
COMMANDS: dict[str, set[str]] = {
    "Add-Member": {"Force", "InputObject", "MemberType", "Name", "Value"},
    "ConvertFrom-Json": set(),
    "ConvertTo-Json": {"Compress", "Depth", "InputObject"},
    "Export-ModuleMember": {"Alias", "Function"},
    "ForEach-Object": set(),
    "Get-Command": {"CommandType", "ErrorAction", "Module", "Name"},
    "Get-Location": {"PSProvider"},
    "Get-PSCallStack": set(),
    "Import-Module": {"Name", "Scope"},
    "Join-Path": set(),
    "New-Object": set(),
    "Register-ArgumentCompleter": {"CommandName", "ParameterName", "ScriptBlock"},
    "Resolve-Path": {"LiteralPath"},
    "Select-Object": {"Unique"},
    "Set-Alias": {"Name", "Value"},
    "Set-Variable": {"Confirm", "Name", "Value", "WhatIf"},
    "Test-Path": {"LiteralPath", "PathType"},
    "Where-Object": {"eq"},
    "Write-Debug": set(),
    "Write-Information": set(),
    "Write-Progress": {"Activity", "Completed", "CurrentOperation", "PercentComplete", "Status"},
    "Write-Verbose": set(),
    "Write-Warning": set(),
}
TYPES = {
    "Environment", "Math", "System.Collections.IDictionary", "System.Diagnostics.Process", "System.IO.IOException",
    "System.Management.Automation.Cmdlet", "System.Management.Automation.Host.HostException",
    "System.Management.Automation.Language.CommandParameterAst", "System.Management.Automation.Language.Parser",
    "System.Management.Automation.Language.VariableExpressionAst", "System.Management.Automation.PSCmdlet",
    "System.Management.Automation.PSCustomObject", "System.Management.Automation.PSInvalidOperationException",
    "System.Management.Automation.SwitchParameter", "System.NotImplementedException", "System.Text.Encoding",
    "WildcardPattern", "array", "bool", "double", "hashtable", "int", "object", "ordered", "pscustomobject", "ref",
    "scriptblock", "string", "string[]", "switch", "void",
}  # fmt: skip
STATICS = {
    "Environment::NewLine", "Math::Max", "System.Diagnostics.Process::Start",
    "System.Management.Automation.Cmdlet::CommonParameters",  # PowerShell 3.0 and newer
    "System.Management.Automation.Cmdlet::OptionalCommonParameters",
    "System.Management.Automation.Language.Parser::ParseInput", "System.Text.Encoding::UTF8",
    "WildcardPattern::Escape", "scriptblock::Create",
    "string::new",  # PowerShell 5.0 and newer
}  # fmt: skip
METHODS = {
    "Add", "Close", "ContainsKey", "Dispose", "FindAll", "Flush", "GetBytes", "GetValue", "Insert", "Kill",
    "ReadLineAsync", "ReadLineAsSecureString", "ReadToEndAsync", "Replace", "ShouldContinue", "ShouldProcess",
    "StartsWith", "ThrowTerminatingError", "ToCharArray", "Trim", "TrimEnd", "Wait", "WaitForExit", "Write",
    "WriteError", "WriteLine",
}  # fmt: skip


def walk(*files: Path) -> dict[str, Any]:
    command = [os.environ["AKSPROV_TEST_PWSH"], "-NoProfile", "-NonInteractive", "-File", str(WALK), *map(str, files)]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def test_only_what_5_1_has_is_used() -> None:
    seen = walk(*FILES)
    assert seen.keys() == set(map(str, FILES))
    ours = {name for said in seen.values() for name in said["functions"]}
    for path, said in seen.items():
        assert (said["errors"], said["newer"]) == ([], []), path
        for called in said["commands"]:
            name = called["name"]
            computed = not name and called["text"].startswith(". (Join-Path $PSScriptRoot ")
            assert name in COMMANDS or name in ours or computed, (path, called)
            assert name not in COMMANDS or set(called["parameters"]) <= COMMANDS[name], (path, called)
        assert set(said["types"]) <= TYPES, path
        assert set(said["statics"]) <= STATICS, path
        assert set(said["methods"]) <= METHODS, path


def test_what_5_1_lacks_is_seen(tmp_path: Path) -> None:
    """The check above can fail; the lists leave these out."""
    newer = tmp_path / "newer.psm1"
    newer.write_text(
        "$a ??= 1\n$b = $a ? 1 : 2\n[IO.Path]::GetRelativePath('a', 'b')\nGet-Date | Join-String\n$p.Kill($true)\n"
    )
    (said,) = walk(newer).values()
    assert set(said["newer"]) == {"QuestionQuestionEquals", "TernaryExpressionAst"}
    assert not set(said["statics"]) <= STATICS
    assert {called["name"] for called in said["commands"]} - COMMANDS.keys() == {"Get-Date", "Join-String"}
