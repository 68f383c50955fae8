"""The scripts for Windows hosts: PowerShell's syntax, and only what Windows PowerShell 5.1 on .NET Framework 4.7.2 has.

The lists below are the review: a command, a parameter or a .NET member that is not there fails.  Sources: the 5.1
reference of Microsoft.PowerShell.* and of each Windows module on learn.microsoft.com, and the API browser there set
to .NET Framework 4.7.2.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import tree_sitter_pwsh
from tree_sitter import Language, Parser

from aksprov import checks
from aksprov.errors import HostError
from aksprov.transport.windows import ps
from aksprov.transport.windows.delivery import read_answer
from aksprov.transport.windows.refusals import WINDOWS_MEANINGS
from aksprov.workflows.bring_up import scripts

SCRIPTS = [
    *sorted(Path(ps.__file__).parent.glob("*.ps1")),
    *sorted(Path(scripts.__file__).parent.glob("*.ps1")),
    Path(checks.__file__).parent / "probes.ps1",
]
WALK = Path(__file__).parent / "powershell" / "walk.ps1"

COMMANDS: dict[str, set[str]] = {
    "Add-Type": {"AssemblyName"},  # never source: nothing is compiled on a host
    "ConvertFrom-Json": {"InputObject"},
    "ConvertTo-SecureString": {"AsPlainText", "Force", "String"},
    "ConvertTo-Json": {"Compress", "Depth", "InputObject"},
    "ForEach-Object": set(),
    "Get-CimInstance": {"ClassName", "Filter"},
    "Get-Command": {"ErrorAction", "Name"},
    "Get-ExecutionPolicy": {"Scope"},
    "Get-FileHash": {"Algorithm", "InputStream", "LiteralPath"},
    "Get-Item": {"LiteralPath"},
    "Get-ItemProperty": {"ErrorAction", "LiteralPath"},
    "Get-NetAdapter": set(),
    "Get-HnsNetwork": set(),
    "Get-NetFirewallPortFilter": set(),
    "Get-NetFirewallRule": {"ErrorAction", "Name"},
    "Get-NetIPAddress": set(),
    "Get-ScheduledTask": {"ErrorAction", "TaskName"},
    "Get-Service": {"Name"},
    "Get-WindowsFeature": {"Name"},
    "Install-WindowsFeature": {"Name"},
    "Invoke-CimMethod": {"Arguments", "InputObject", "MethodName"},
    "New-Item": {"ItemType", "Path", "Value"},
    "New-NetFirewallRule": {"DisplayName"},
    "New-Object": {"ArgumentList", "TypeName"},
    "New-ScheduledTaskAction": {"Argument", "Execute"},
    "New-ScheduledTaskPrincipal": {"LogonType", "RunLevel", "UserId"},
    "New-ScheduledTaskSettingsSet": {
        "AllowStartIfOnBatteries",
        "DontStopIfGoingOnBatteries",
        "ExecutionTimeLimit",
        "MultipleInstances",
        "StartWhenAvailable",
    },
    "New-ScheduledTaskTrigger": {"At", "AtStartup", "Once", "RepetitionInterval"},
    "New-Service": {"BinaryPathName", "DisplayName", "Name", "StartupType"},
    "Register-ScheduledTask": {"Action", "Force", "Principal", "Settings", "TaskName", "Trigger"},
    "Remove-HnsNetwork": set(),
    "Remove-NetFirewallRule": {"Name"},
    "Select-Object": {"Last"},
    "Set-NetFirewallRule": {"NewDisplayName"},
    "Set-StrictMode": {"Version"},
    "Sort-Object": {"Descending", "Unique"},
    "Start-ScheduledTask": {"TaskName"},
    "Start-Sleep": {"Milliseconds", "Seconds"},
    "Stop-ScheduledTask": {"TaskName"},
    "Stop-Service": {"Force", "Name", "NoWait"},
    "Test-Path": {"LiteralPath"},
    "Unregister-ScheduledTask": {"Confirm", "TaskName"},
    "Where-Object": set(),
    "icacls.exe": set(),  # a program of Windows
}
# What has no name before it runs: programs of our own lists, and blocks of our own text.
COMPUTED = {
    "& $Program $Arguments 2>&1",
    "& $Ask",
    "& { while ($lines.MoveNext()) { $lines.Current } }",
    "& $body @named",
    "& $body -Request $request",
    "& $Work",
}
TYPES = {
    "Console", "Convert", "DateTime", "DateTimeOffset", "Diagnostics.Stopwatch", "IO.Compression.ZipFile",
    "IO.Directory", "IO.File", "IO.FileAttributes", "IO.IOException", "Net.SecurityProtocolType",
    "Net.ServicePointManager", "Net.WebRequest", "NullString", "Security.Principal.WindowsBuiltInRole",
    "Security.Principal.WindowsIdentity", "Text.Encoding", "TimeSpan", "array", "bool", "char", "hashtable", "int",
    "long", "regex", "scriptblock", "securestring", "string", "string[]", "version",
}  # fmt: skip
STATICS = {
    "Console::Error", "Convert::FromBase64String", "Convert::ToBase64String", "DateTime::Now", "DateTime::UtcNow",
    "DateTimeOffset::UtcNow",
    "Diagnostics.Stopwatch::StartNew", "IO.Compression.ZipFile::OpenRead", "IO.Directory::CreateDirectory",
    "IO.Directory::Delete", "IO.Directory::Exists", "IO.Directory::GetFileSystemEntries", "IO.Directory::GetFiles",
    "IO.File::AppendAllText", "IO.File::Copy", "IO.File::Delete", "IO.File::Exists", "IO.File::GetAttributes",
    "IO.File::GetLastWriteTimeUtc",
    "IO.File::Move", "IO.File::Open", "IO.File::ReadAllBytes", "IO.File::ReadAllLines", "IO.File::ReadAllText",
    "IO.File::Replace", "IO.File::WriteAllText", "IO.FileAttributes::ReparsePoint", "Net.SecurityProtocolType::Tls12",
    "Net.ServicePointManager::SecurityProtocol", "Net.WebRequest::Create", "NullString::Value",
    "Security.Principal.WindowsBuiltInRole::Administrator", "Security.Principal.WindowsIdentity::GetCurrent",
    "Text.Encoding::UTF8", "TimeSpan::FromMinutes", "array::Reverse", "regex::Matches",
}  # fmt: skip
METHODS = {
    "Abort", "AddMinutes", "Close", "ConnectAsync", "Contains", "CopyTo", "Dispose", "EndsWith", "Flush",
    "GetBaseException", "GetBytes", "GetEntry", "GetResponse", "GetResponseStream",
    "IndexOf", "IsInRole", "LastIndexOf", "MoveNext", "Open", "Read", "ReadToEnd", "Remove", "Replace", "Seek",
    "SetLength", "Split", "StartsWith",
    "Substring", "ToLowerInvariant", "ToString", "ToUniversalTime", "ToUnixTimeSeconds", "TrimEnd", "Wait", "Write",
    "WriteLine",
}  # fmt: skip


def walk(*scripts: Path) -> dict[str, Any]:
    command = [os.environ["AKSPROV_TEST_PWSH"], "-NoProfile", "-NonInteractive", "-File", str(WALK), *map(str, scripts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def flaws(text: bytes) -> list[str]:
    """Pieces of a script that are no PowerShell, as tree-sitter's grammar has it."""
    found, todo = [], [Parser(Language(tree_sitter_pwsh.language())).parse(text).root_node]
    while todo:
        node = todo.pop()
        if node.is_error or node.is_missing:
            found.append(text[node.start_byte : node.end_byte].decode() or node.type)
        todo += node.children
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.name)
def test_each_script_is_ascii_and_powershell(script: Path) -> None:
    text = script.read_bytes()
    assert text.isascii()
    assert flaws(text) == []
    assert not re.search(rb"(?i)invoke-expression|\biex\b|encodedcommand|nonpublic|getfield|getmethod|dllimport", text)


def test_what_is_sent_is_powershell_too() -> None:
    """Without comments and indentation, and the parts one after the other."""
    sent = ps.script("files", "lock", "fence", "swap", "setup", "receive", "apply")
    assert flaws(sent.encode()) == []
    assert not re.search(r"(?m)^\s|^#", sent)


def test_every_code_has_its_meaning() -> None:
    codes: set[str] = set()
    for script in SCRIPTS:
        text = script.read_text()
        codes |= set(re.findall(r"Stop-Step \S+ '(\w+)'", text)) | set(re.findall(r"\"session\",\"(\w+)\"", text))
        codes |= set(re.findall(r"'back', '(\w+)'", text))
    assert len(codes) > 15
    assert codes - WINDOWS_MEANINGS.keys() == set()


@pytest.mark.pwsh
def test_an_antivirus_that_holds_a_file_back_is_told_by_its_number() -> None:
    """Its words are those of the host's language; 0x800700E1 is ERROR_VIRUS_INFECTED."""
    functions = ps.bare("head").partition("$S = ")[2]
    throws = "try { throw [IO.IOException]::new('Der Vorgang ...', NUMBER) } catch { Get-Code $_ }"
    texts = [throws.replace("NUMBER", number) for number in ("-2147024671", "-2147024784")]
    command = [os.environ["AKSPROV_TEST_PWSH"], "-NoProfile", "-NonInteractive", "-Command"]
    done = subprocess.run(
        [*command, "\n".join([f"$S = {functions}", *texts])], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["HostAntivirusBlocked", "StagingFailed"]


@pytest.mark.pwsh
@pytest.mark.parametrize(("number", "status"), [("-2147024671", 8), ("-2147024784", 1)])
def test_an_antivirus_that_lets_no_script_be_stored_is_told_by_its_number(number: str, status: int) -> None:
    """Over WinRS a script is a file first."""
    line = ps.bare("store").splitlines()[-1]
    writes = "[IO.File]::WriteAllText($D + '\\run\\NAME', (@($input) -join [string][char]10))"
    assert writes in line
    line = line.replace(writes, f"throw [IO.IOException]::new('Der Vorgang ...', {number})")
    command = [os.environ["AKSPROV_TEST_PWSH"], "-NoProfile", "-NonInteractive", "-Command", line]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, "Der Vorgang ...\n")


@pytest.mark.pwsh
def test_only_what_5_1_has_is_used() -> None:
    """By the engine's own syntax tree, since it accepts members that 5.1 lacks."""
    seen = walk(*SCRIPTS)
    ours = {name for said in seen.values() for name in said["functions"]}
    for path, said in seen.items():
        assert (said["errors"], said["newer"]) == ([], []), path
        for called in said["commands"]:
            name = called["name"]
            assert name in COMMANDS or name in ours or (not name and called["text"] in COMPUTED), (path, called)
            assert name not in COMMANDS or set(called["parameters"]) <= COMMANDS[name], (path, called)
        assert set(said["types"]) <= TYPES, path
        assert set(said["statics"]) <= STATICS, path
        assert set(said["methods"]) <= METHODS, path


@pytest.mark.pwsh
def test_what_5_1_lacks_is_seen(tmp_path: Path) -> None:
    """The check above can fail."""
    script = tmp_path / "newer.ps1"
    script.write_text(
        "$a ?? 1\nGet-Date && Get-Date\n[IO.File]::Move('a', 'b', $true)\n[IO.Path]::GetRelativePath('a', 'b')\n"
    )
    (said,) = walk(script).values()
    assert set(said["newer"]) == {"QuestionQuestion", "AndAnd", "PipelineChainAst"}
    assert "IO.Path::GetRelativePath" in set(said["statics"]) - STATICS


@pytest.mark.pwsh
@pytest.mark.parametrize(("kind", "code"), [("old", "PowerShellTooOld"), ("constrained", "PowerShellConstrained")])
def test_a_session_that_cannot_run_our_scripts_says_so_and_nothing_more(kind: str, code: str, tmp_path: Path) -> None:
    """In a session of the engine that is so; by means that work there, so there is no error beside the answer."""
    script = tmp_path / "observe.ps1"
    script.write_text(ps.script("files", "lock", "observe"))
    command = [os.environ["AKSPROV_TEST_PWSH"], "-NoProfile", "-NonInteractive", "-File"]
    command += [str(WALK.with_name("session.ps1")), str(script), kind]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    with pytest.raises(HostError) as caught:
        read_answer(tuple(done.stdout.splitlines()), "win1")
    assert caught.value.code == code, done.stdout
    assert len(done.stdout.splitlines()) == 1
