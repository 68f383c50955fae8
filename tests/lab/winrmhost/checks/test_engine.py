"""With a real engine behind the host: drives, paths, Windows-only commands, WinRS as powershell.exe."""

import base64
import json
import os
import pathlib
import time

import pytest
import requests
from pypsrp.client import Client
from pypsrp.exceptions import InvalidPSRPOperation, WinRMError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from winrmhost import engine
from winrmhost.checks import clients
from winrmhost.checks.clients import USER, psrp_kw, serving

pytestmark = [
    pytest.mark.pwsh,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:'pywinrm' will use:DeprecationWarning"),
]


@pytest.fixture
def serve(tmp_path):
    yield from serving(tmp_path / "win", pwsh=os.environ["AKSPROV_TEST_PWSH"])


def run(host, script, **kw):
    """The script's output as text, line by line, and the ids of its errors."""
    with Client(**psrp_kw(host)) as c:
        out, streams, failed = c.execute_ps(script, **kw)
    assert not failed, [str(e) for e in streams.error]
    return out.splitlines(), [e.fq_error for e in streams.error]


def lines(host, script):
    out, errors = run(host, script)
    assert errors == []
    return [line for line in out if line]


def fs(host, path):
    return host.fs(USER).path(path)


# drives and paths -----------------------------------------------------------------


def test_drives(serve):
    first = serve()
    (first.root / "D").mkdir()
    host = serve()
    script = r"""
        New-Item -ItemType Directory C:\ProgramData\kit -Force | Out-Null
        Set-Content D:\on-d.txt two; Get-Content C:\..\..\ProgramData\none -ErrorAction SilentlyContinue
        Push-Location C:\ProgramData\kit; Set-Content here.txt one; Pop-Location
        Get-Content C:\ProgramData\kit\here.txt
        $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath('C:\new\x.txt')
        Test-Path HKLM:\SOFTWARE; Test-Path E:\ -ErrorAction Ignore
        $PWD.Path; $HOME; Set-Location ~; $PWD.Path
        "$env:ProgramData|$env:TEMP|$env:SystemRoot|$env:COMPUTERNAME|$env:programdata|$env:USERNAME"
        "$($PSVersionTable.PSVersion) $($PSVersionTable.PSEdition) [$IsLinux]"
    """
    home = r"C:\Users\Administrator"
    expected = ["one", f"{host.root}/C/new/x.txt", "True", "False", home, home, home]
    expected += [
        rf"C:\ProgramData|{home}\AppData\Local\Temp|C:\Windows|WINHOST|C:\ProgramData|Administrator",
        "5.1.20348.2700 Desktop []",
    ]
    got = lines(host, script)
    assert [g.replace("/", "\\") if g.startswith("C:") else g for g in got] == expected
    assert (host.root / "D" / "on-d.txt").read_text().strip() == "two"


def test_every_runspace_of_a_pool_is_prepared(host):
    with WSMan(**psrp_kw(host)) as w, RunspacePool(w, max_runspaces=3) as pool:
        shells = [
            PowerShell(pool).add_script(
                r"Start-Sleep 1; Test-Path C:\ProgramData; [runspace]::DefaultRunspace.Id; (Get-Service WinRM).Status -eq 'Running'"
            )
            for _ in range(3)
        ]
        for s in shells:
            s.begin_invoke()
        answers = [s.end_invoke() for s in shells]
        assert len({a[1] for a in answers}) == 3 and all(a[0] is a[2] is True for a in answers)
        assert not any(s.streams.error for s in shells)


def test_paths_of_net_are_windows_paths(host):
    got = lines(host, r"""
        $dir = Join-Path $env:ProgramData 'kit\sub'
        [IO.Directory]::CreateDirectory($dir).FullName
        [IO.File]::WriteAllText("$dir\Ünï.txt", 'text')
        [System.IO.File]::ReadAllText('c:\PROGRAMDATA\kit\SUB\üNÏ.TXT')
        (Get-Item c:\programdata\kit\sub\ünï.txt).FullName
        (Get-ChildItem C:\ProgramData\kit -Recurse -File).DirectoryName
        [IO.Path]::Combine('C:\a', 'b', '..\c'); [IO.Path]::GetFullPath('C:\a\.\b\..\c\'); [IO.Path]::GetDirectoryName('C:\a\b.txt'); [IO.Path]::GetFileName('C:\a\b.txt')
        [IO.Path]::GetFileNameWithoutExtension('C:\a\b.txt'); [IO.Path]::GetPathRoot('C:\a'); [IO.Path]::IsPathRooted('C:\a')
        Split-Path C:\a\b; Split-Path -Leaf C:\a\b; (Resolve-Path C:\ProgramData\KIT).Path; Convert-Path C:\ProgramData\kit
        $t = [IO.Path]::GetTempFileName(); $t -like 'C:\Users\Administrator\AppData\Local\Temp\tmp*.tmp'; Test-Path $t; (New-TemporaryFile).DirectoryName
        [Environment]::GetFolderPath('CommonApplicationData'); [Environment]::MachineName; [Environment]::OSVersion.Platform
        [Environment]::SetEnvironmentVariable('Path', 'C:\kit', 'Machine'); [Environment]::GetEnvironmentVariable('Path', [EnvironmentVariableTarget]::Machine)
        ([Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()).IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
        Remove-Item C:\PROGRAMDATA\KIT -Recurse; [IO.Directory]::Exists($dir)
    """)  # fmt: skip
    kit = r"C:\ProgramData\kit"
    assert got[:5] == [kit + r"\sub", "text", r"C:\programdata\kit\sub\ünï.txt", kit + r"\sub", r"C:\a\b\..\c"]
    assert got[5:14] == ["C:\\a\\c\\", r"C:\a", "b.txt", "b", "C:\\", "True", r"C:\a", "b", r"C:\ProgramData\KIT"]
    assert got[14:18] == [kit, "True", "True", r"C:\Users\Administrator\AppData\Local\Temp"]
    assert got[18:] == [r"C:\ProgramData", "WINHOST", "Win32NT", r"C:\kit", "True", "False"]
    assert not fs(host, kit).exists()


def test_net_paths_in_several_runspaces(host):
    with WSMan(**psrp_kw(host)) as w, RunspacePool(w, max_runspaces=2) as pool:
        shells = [
            PowerShell(pool).add_script("1..150 | ForEach-Object { $p = [IO.Path]::Combine('C:\\', 'x', \"$_\") }; $p")
            for _ in range(2)
        ]
        for s in shells:
            s.begin_invoke()
        assert [s.end_invoke() for s in shells] == [["C:\\x\\150"]] * 2


def test_without_winpath_cmdlets_still_know_the_drives(serve):
    host = serve(winpath=False)
    assert lines(
        host, r"Set-Content C:\ProgramData\a.txt x; Get-Content C:\ProgramData\a.txt; (Get-Service WinRM).Name; $HOME"
    ) == ["x", "WinRM", r"C:\Users\Administrator"]


def test_a_zip_is_expanded(host):
    got = lines(host, r"""
        mkdir C:\src\in | Out-Null; Set-Content C:\src\in\a.txt A; Set-Content C:\src\b.txt B
        Compress-Archive -Path C:\src\* -DestinationPath C:\kit.zip
        Expand-Archive C:\kit.zip -DestinationPath C:\ProgramData\kit; Get-Content C:\ProgramData\kit\in\a.txt, C:\ProgramData\kit\b.txt
        try { Expand-Archive C:\kit.zip -DestinationPath C:\ProgramData\kit -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }
        Expand-Archive C:\kit.zip C:\ProgramData\kit -Force
    """)  # fmt: skip
    assert got == ["A", "B", "ExpandArchiveFileExists,Expand-Archive"]


def test_programs_and_scripts_of_the_drives(host):
    tool = fs(host, r"C:\kit\tool.exe")
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\necho "ran $1"\nexit 3\n')
    tool.chmod(0o755)
    fs(host, r"C:\kit\lib.ps1").write_text("function Get-Kit { 'kit' }")
    fs(host, r"C:\kit\mod.psm1").write_text('function Get-Mod { "$(Split-Path -Leaf $PSScriptRoot)" }')
    got = lines(
        host,
        r"$env:Path += ';C:\kit'; tool one; $LASTEXITCODE; & C:\kit\tool.exe two; . C:\kit\lib.ps1; Get-Kit; Import-Module C:\kit\mod.psm1; Get-Mod",
    )
    assert got == ["ran one", "3", "ran two", "kit", "kit"]


def test_a_provisioning_script(host, winrs):
    """The same script by PSRP and, from a file, by WinRS: the second finds nothing to do."""
    script = pathlib.Path(__file__).with_name("provision.ps1").read_text()
    first = json.loads(lines(host, script)[-1])
    assert first["changed"] == ["bin", "etc", "config", "service", "firewall", "registry", "path"]
    assert first["command"] == r'"C:\ProgramData\kit\bin\agent.exe" --config "C:\ProgramData\kit\etc\agent.yaml"'
    assert fs(host, r"C:\ProgramData\kit\etc\agent.yaml").read_bytes() == b"port: 10250\r\n"
    fs(host, r"C:\provision.ps1").write_bytes(b"\xef\xbb\xbf" + script.replace("\n", "\r\n").encode())
    out, err, rc = winrs(r"powershell.exe -NoProfile -ExecutionPolicy Bypass -File C:\provision.ps1 -Port 10250")
    assert (
        (err, rc) == (b"", 0)
        and out.startswith(b"caught by its type\r\n")
        and json.loads(out.splitlines()[1]) == {**first, "changed": []}
    )
    assert host.windows.state["services"]["agent"]["failure"] == {"reset": "0", "actions": "restart/10000"}


def test_a_broken_prologue_breaks_the_pool(host, monkeypatch):
    monkeypatch.setattr(engine, "PROLOGUE", "throw 'no drives';")
    with WSMan(**psrp_kw(host)) as w, pytest.raises(InvalidPSRPOperation, match="no drives"):
        RunspacePool(w).open()
    assert any(r["event"] == "prologue-failed" for r in host.records)


# Windows-only commands --------------------------------------------------------------


def calls(host, command):
    return [r["parameters"] for r in host.records if r["event"] == "windows" and r["command"] == command]


def test_services(host):
    got = lines(host, r"""
        $s = New-Service -Name kubelet -BinaryPathName 'C:\k\kubelet.exe --v=2' -DisplayName 'The Kubelet' -DependsOn RpcSs -StartupType Manual
        "$($s.Status) $($s.StartType) $($s.DisplayName)"
        Start-Service kubelet; $s.Refresh(); $s.Status; $s.Status -eq 'Running'; (Get-Service -DisplayName 'the kub*').Name
        Set-Service kubelet -StartupType Automatic -Status Stopped; "$((Get-Service KUBELET).Status) $((Get-Service kubelet).StartType)"
        Get-Service kubelet | Start-Service -PassThru | ForEach-Object Status; ((Get-Service RpcSs -DependentServices).Name | Sort-Object) -join ','
        Restart-Service kubelet; (Get-CimInstance Win32_Service -Filter "Name = 'kubelet' AND StartMode LIKE 'Au%'").PathName
        sc.exe query kubelet | Select-String STATE; $LASTEXITCODE
        sc.exe delete kubelet; @(Get-Service kubele[t]).Count
    """)  # fmt: skip
    assert got[:5] == ["Stopped Manual The Kubelet", "Running", "True", "kubelet", "Stopped Automatic"]
    assert got[5:8] == ["Running", "kubelet,Schedule,WinRM", r"C:\k\kubelet.exe --v=2"]
    assert "RUNNING" in got[8] and got[9:] == ["0", "[SC] DeleteService SUCCESS", "0"]
    assert [c.get("nested") for c in host.records if c.get("command") == "Stop-Service"] == [True, True]
    assert calls(host, "New-Service") == [
        {
            "Name": "kubelet",
            "BinaryPathName": r"C:\k\kubelet.exe --v=2",
            "DisplayName": "The Kubelet",
            "DependsOn": "RpcSs",
            "StartupType": "Manual",
        }
    ]


ERRORS = [
    ("Get-Service nope", "NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand"),
    (
        "Get-Service -DisplayName nope",
        "NoServiceFoundForGivenDisplayName,Microsoft.PowerShell.Commands.GetServiceCommand",
    ),
    ("Start-Service nope", "NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.StartServiceCommand"),
    (
        "Set-Service nope -StartupType Manual",
        "InvalidOperationException,Microsoft.PowerShell.Commands.SetServiceCommand",
    ),
    ("New-Service WinRM x.exe", "CouldNotNewService,Microsoft.PowerShell.Commands.NewServiceCommand"),
    ("Stop-Service RpcSs", "ServiceHasDependentServices,Microsoft.PowerShell.Commands.StopServiceCommand"),
    (
        "Set-Service W32Time -StartupType Disabled; Start-Service W32Time",
        "CouldNotStartService,Microsoft.PowerShell.Commands.StartServiceCommand",
    ),
    ("Get-Service -Nope x", "NamedParameterNotFound,Get-Service"),
    ("New-Service a b -StartupType AutomaticDelayedStart", "ParameterArgumentTransformationError,New-Service"),
    ("Get-NetFirewallRule -DisplayName nope", "CmdletizationQuery_NotFound_DisplayName,Get-NetFirewallRule"),
    ("Get-NetFirewallRule -Name nope", "CmdletizationQuery_NotFound_InstanceID,Get-NetFirewallRule"),
    ("New-NetFirewallRule -DisplayName x -Action Perhaps", "ParameterArgumentValidationError,New-NetFirewallRule"),
    (
        "Install-WindowsFeature Nope",
        "NameDoesNotExist,Microsoft.Windows.ServerManager.Commands.AddWindowsFeatureCommand",
    ),
    ("Get-ItemProperty HKLM:\\SOFTWARE\\Nope", "PathNotFound,Microsoft.PowerShell.Commands.GetItemPropertyCommand"),
    (
        "Get-ItemProperty HKLM:\\SOFTWARE -Name nope",
        "System.Management.Automation.PSArgumentException,Microsoft.PowerShell.Commands.GetItemPropertyCommand",
    ),
    ("Get-NetAdapter nope", "CmdletizationQuery_NotFound_Name,Get-NetAdapter"),
    ("Get-CimInstance Nope", "HRESULT 0x80041010,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand"),
    ("Get-ScheduledTask nope", "CmdletizationQuery_NotFound_TaskName,Get-ScheduledTask"),
]


def test_errors_are_those_of_windows(host):
    with WSMan(**psrp_kw(host)) as w, RunspacePool(w) as pool:
        got = []
        for script, _ in ERRORS:
            stop = f"$ErrorActionPreference = 'Continue'; function f {{ $ErrorActionPreference = 'Stop'; {script} }}; try {{ f; 'no error' }} catch {{ $_.FullyQualifiedErrorId }}"
            with PowerShell(pool) as ps:
                got.append((script, str(ps.add_script(stop).invoke()[-1])))
        assert got == ERRORS
        with PowerShell(pool) as ps:
            ps.add_script("Get-Service nope, WinRM").invoke()
            assert [str(e) for e in ps.streams.error] == ["Cannot find any service with service name 'nope'."] and len(
                ps.output
            ) == 1
            assert (
                ps.streams.error[0].target_object == "nope" and ps.streams.error[0].reason == "ServiceCommandException"
            )


def test_injected_failures(host):
    host.windows.fail(
        "Start-Service",
        "Failed to start service 'Windows Time (W32Time)'.",
        id="StartServiceFailed,Microsoft.PowerShell.Commands.StartServiceCommand",
        match="W32*",
    )
    host.windows.fail("sc.exe", "[SC] StartService FAILED 1053:", match="start *", exit=1053)
    out, errors = run(
        host,
        "Start-Service W32Time; (Get-Service W32Time).Status; Start-Service W32Time; (Get-Service W32Time).Status; sc.exe start wuauserv; $LASTEXITCODE",
    )
    assert errors == ["StartServiceFailed,Microsoft.PowerShell.Commands.StartServiceCommand"]
    assert out == ["Stopped", "Running", "[SC] StartService FAILED 1053:", "1053"]


def test_firewall(host):
    got = lines(host, r"""
        (New-NetFirewallRule -Name kubelet -DisplayName 'Kubelet 10250' -Direction Inbound -Protocol TCP -LocalPort 10250 -Action Allow).Enabled
        (Get-NetFirewallRule -DisplayName 'kubelet *' | Get-NetFirewallPortFilter).LocalPort
        Set-NetFirewallRule kubelet -Enabled False -LocalPort 10250, 10255; (Get-NetFirewallRule kubelet).Enabled
        netsh advfirewall firewall add rule 'name=from netsh' dir=in action=allow protocol=TCP localport=80; $LASTEXITCODE
        netsh advfirewall firewall show rule name=nope; $LASTEXITCODE
        ((Get-NetFirewallRule).DisplayName | Sort-Object -Descending) -join ','
        Get-NetFirewallRule -Name kubelet | Remove-NetFirewallRule; netsh advfirewall set allprofiles state off; (Get-NetFirewallProfile Public).Enabled
    """)  # fmt: skip
    assert got == [
        "True",
        "10250",
        "False",
        "Ok.",
        "0",
        "No rules match the specified criteria.",
        "1",
        "Kubelet 10250,from netsh",
        "Ok.",
        "False",
    ]
    assert [r["DisplayName"] for r in host.windows.state["firewall"].values()] == ["from netsh"]


def test_registry(host):
    got = lines(host, r"""
        New-Item -Path HKLM:\SOFTWARE\Kit\Deep -Force | Out-Null; Test-Path HKLM:\software\kit\DEEP
        New-ItemProperty -Path HKLM:\SOFTWARE\Kit -Name Number -Value 7 -PropertyType DWord | Out-Null
        Set-ItemProperty -Path 'HKLM:\SOFTWARE\Kit' -Name Text -Value 'x y'; Set-ItemProperty HKLM:\SOFTWARE\Kit Many a, b -Type MultiString
        $p = Get-ItemProperty HKLM:\SOFTWARE\Kit; "$($p.Number) $($p.Number.GetType().Name) $($p.Text) $($p.Many.Count)"
        (Get-Item HKLM:\SOFTWARE\Kit).GetValue('Text'); (Get-Item HKLM:\SOFTWARE\Kit).Property -join ','; Get-ItemPropertyValue Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Kit Number
        (Get-ChildItem HKLM:\SOFTWARE\Kit).PSChildName; Remove-ItemProperty HKLM:\SOFTWARE\Kit Text
        try { New-ItemProperty HKLM:\SOFTWARE\Kit Number -Value 8 -ErrorAction Stop } catch { $_.Exception.Message }
        reg add HKLM\SOFTWARE\Kit /v FromReg /t REG_SZ /d abc /f; reg query HKLM\SOFTWARE\Kit /v Nope; $LASTEXITCODE
        Set-Location HKLM:\SOFTWARE; Test-Path Kit; Remove-Item HKLM:\SOFTWARE\Kit\Deep -Recurse; Test-Path HKLM:\SOFTWARE\Kit\Deep
    """)  # fmt: skip
    assert got[:6] == ["True", "7 Int32 x y 2", "x y", "Number,Text,Many", "7", "Deep"]
    assert got[6:] == [
        "The property already exists.",
        "The operation completed successfully.",
        "ERROR: The system was unable to find the specified registry key or value.",
        "1",
        "True",
        "False",
    ]
    kit = host.windows.state["registry"][r"HKEY_LOCAL_MACHINE\SOFTWARE\Kit"]
    assert (
        kit["FromReg"] == {"kind": "String", "value": "abc"}
        and kit["Number"] == {"kind": "DWord", "value": 7}
        and "Text" not in kit
    )


def test_network(host):
    got = lines(host, r"""
        $n = New-HnsNetwork -Type L2Bridge -Name cbr0 -AddressPrefix 10.244.1.0/24 -Gateway 10.244.1.1
        $same = Get-HnsNetwork | Where-Object Name -EQ cbr0; "$($same.Type) $($same.Subnets[0].AddressPrefix) $($same.ID -eq (Get-HnsNetwork $n.ID).ID)"
        Get-HnsNetwork | Remove-HnsNetwork; @(Get-HnsNetwork).Count
        $a = Get-NetAdapter | Where-Object Status -EQ Up; "$($a.Name) $($a.ifIndex)"; (Get-NetIPAddress -InterfaceIndex $a.ifIndex -AddressFamily IPv4).IPAddress
        New-NetRoute -DestinationPrefix 10.244.2.0/24 -InterfaceIndex $a.ifIndex -NextHop 10.0.0.5 | Out-Null; (Get-NetRoute -DestinationPrefix 10.244.2.0/24).NextHop
        Remove-NetRoute -DestinationPrefix 10.244.2.0/24 -Confirm:$false; @(Get-NetRoute).Count
    """)  # fmt: skip
    assert got == ["L2Bridge 10.244.1.0/24 True", "0", "Ethernet 6", "10.0.0.4", "10.0.0.5", "1"]


def test_machine_and_tasks(host):
    got = lines(host, r"""
        $os = Get-CimInstance Win32_OperatingSystem; "$($os.Version) $($os.CSName) $($os.LastBootUpTime.GetType().Name)"
        (Get-CimInstance -ClassName Win32_ComputerSystem).PartOfDomain; (Get-CimInstance -Query "SELECT * FROM Win32_LogicalDisk WHERE DeviceID = 'C:' AND DriveType = 3").FileSystem
        (Get-Volume -DriveLetter C).FileSystem; (Get-ComputerInfo OsBuildNumber).OsBuildNumber
        $what = New-ScheduledTaskAction -Execute powershell.exe -Argument '-File C:\k\boot.ps1'
        Register-ScheduledTask -TaskName boot -Action $what -Trigger (New-ScheduledTaskTrigger -AtStartup) -User SYSTEM -RunLevel Highest | Out-Null
        $t = Get-ScheduledTask -TaskName boot; "$($t.TaskPath) $($t.State) $($t.Actions[0].Arguments) $($t.Principal.UserId)"
        Unregister-ScheduledTask boot -Confirm:$false; @(Get-ScheduledTask).Count
        icacls C:\ProgramData /inheritance:r | Out-Null; takeown /f C:\ProgramData | Out-Null; w32tm /resync; hostname; whoami
    """)  # fmt: skip
    assert got == [
        "10.0.20348 WINHOST DateTime",
        "False",
        "NTFS",
        "NTFS",
        "20348",
        r"\ Ready -File C:\k\boot.ps1 SYSTEM",
        "0",
        "The command completed successfully.",
        "WINHOST",
        r"winhost\administrator",
    ]
    assert calls(host, "icacls.exe") == [{"Arguments": [r"C:\ProgramData", "/inheritance:r"]}]


def test_features_and_restart(serve):
    host = serve(shutdown_s=1.0, restart_s=1.0)
    script = """
        $r = Install-WindowsFeature -Name Containers -WarningAction SilentlyContinue; "$($r.Success) $($r.RestartNeeded) $($r.ExitCode) $((Get-WindowsFeature Containers).InstallState)"
        (Install-WindowsFeature Telnet-Client).RestartNeeded; (Install-WindowsFeature Telnet-Client).ExitCode
        (Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V -All -NoRestart).RestartNeeded; (Get-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V).State
        Start-Service W32Time; Set-Service wuauserv -StartupType Automatic
    """
    assert lines(host, script) == [
        "True Yes SuccessRestartRequired InstallPending",
        "No",
        "NoChangeNeeded",
        "True",
        "EnablePending",
    ]
    boot = host.windows.state["boot"]
    time.sleep(1.1)
    w = WSMan(**psrp_kw(host))
    pool = RunspacePool(w)
    pool.open()
    assert PowerShell(pool).add_script("Restart-Computer -Force; 'going'").invoke() == ["going"]
    with pytest.raises((requests.exceptions.ConnectionError, WinRMError)):
        for _ in range(100):
            PowerShell(pool).add_script("1").invoke()
            time.sleep(0.05)
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.post(host.http_url, timeout=1)
    start = time.monotonic()
    while time.monotonic() - start < 10:
        try:
            got = lines(
                host,
                "(Get-WindowsFeature Containers).Installed; (Get-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V).State; (Get-Service W32Time, wuauserv).Status -join ','",
            )
            break
        except requests.exceptions.ConnectionError:
            time.sleep(0.1)
    assert got == ["True", "Enabled", "Stopped,Running"]
    assert host.windows.state["boot"] > boot
    events = [r["event"] for r in host.records]
    assert events.index("down") < events.index("up")


def test_machine_variables_reach_new_processes(host):
    lines(
        host,
        r"[Environment]::SetEnvironmentVariable('STAGE', 'two', 'Machine'); [Environment]::SetEnvironmentVariable('Path', 'C:\Windows;C:\k', 'Machine')",
    )
    assert lines(host, "$env:STAGE; $env:stage; $env:Path") == ["two", "two", r"C:\Windows;C:\k"]


def test_shutdown_program_restarts_too(serve):
    host = serve(shutdown_s=1.0, restart_s=0.1)
    lines(host, "shutdown /r /t 0")
    deadline = time.monotonic() + 10
    while not any(r["event"] == "up" for r in host.records):
        assert time.monotonic() < deadline
        time.sleep(0.05)


# WinRS --------------------------------------------------------------------------------


@pytest.fixture()
def winrs(host):
    p = clients.winrm_session(host).protocol

    def call(line, stdin=None, codepage=437, **kw):
        sid = p.open_shell(codepage=codepage, **kw)
        cid = p.run_command(sid, line)
        if stdin is not None:
            p.send_command_input(sid, cid, stdin, end=True)
        answer = p.get_command_output(sid, cid)
        p.close_shell(sid)
        return answer

    call.host = host
    return call


def test_winrs_output_is_in_the_code_page_with_crlf(winrs):
    assert winrs("powershell -NoProfile -Command \"'é'; '☃'; Write-Host two\"") == (
        "é\r\n?\r\ntwo\r\n".encode("cp437"),
        b"",
        0,
    )
    assert winrs("powershell -Command \"'☃'\"", codepage=65001)[0] == "☃\r\n".encode()


def test_winrs_exit_codes(winrs):
    assert winrs('powershell -Command "exit 255"')[2] == 255
    assert winrs('powershell -Command "exit 7"')[2] == 7
    assert winrs('powershell -Command "throw 1"')[2] == 1
    assert winrs('powershell -Command "Get-Item C:\\nope"')[2] == 1
    assert winrs("sc.exe query WinRM")[2] == 0
    assert winrs("powershell -File C:\\nope.ps1")[2] in (-196608, 4294770688)


def test_winrs_exit_codes_of_32_bits(winrs):
    assert winrs('powershell -Command "sc.exe query nope > $null; exit $LASTEXITCODE"')[2] == 1060
    assert winrs("sc query nope")[2] == 1060
    assert winrs('powershell -Command "[Environment]::Exit(70000)"')[2] == 70000
    assert not list(winrs.host.state_dir.glob("exit.*"))


def test_winrs_file(winrs):
    fs(winrs.host, r"C:\a b.ps1").write_text(
        'param([string] $Name, [switch] $Loud, [int] $Rc = 0)\nsc.exe query nope | Out-Null\n"$Name $Loud $(Test-Path C:\\ProgramData)"\nif ($Rc) { exit $Rc }\n'
    )
    assert winrs('powershell -NoProfile -ExecutionPolicy Bypass -File "C:\\a b.ps1" -Name "x y" -Loud') == (
        b"x y True True\r\n",
        b"",
        0,
    )
    assert winrs('powershell -File "C:\\a b.ps1" plain -Rc 9') == (b"plain False True\r\n", b"", 9)
    fs(winrs.host, r"C:\in.ps1").write_text('$input | ForEach-Object { "got $_" }')
    assert winrs("powershell -File C:\\in.ps1", stdin=b"1\n2\n")[0] == b"got 1\r\ngot 2\r\n"


def test_winrs_stdin_and_errors(winrs):
    assert winrs("powershell -NoProfile -Command -", stdin=b"'a'\nTest-Path C:\\Windows\nexit 5") == (
        b"a\r\nTrue\r\n",
        b"",
        5,
    )
    out, err, rc = winrs("powershell -Command \"Get-Service nope; 'after'\"")
    assert (out, rc) == (b"after\r\n", 0)
    assert (
        b"At line:1 char:1\r\n+ Get-Service nope; " in err
        and b"\r\n+ FullyQualifiedErrorId : NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand\r\n"
        in err
    )
    enc = base64.b64encode("$ProgressPreference = 'SilentlyContinue'; Write-Error boom".encode("utf-16-le")).decode()
    out, err, rc = winrs(f"powershell -EncodedCommand {enc}")
    assert rc == 1 and err.startswith(b"#< CLIXML") and b'<S S="Error">' in err and b"boom" in err
    enc = base64.b64encode("param($x = 'default')\n$x".encode("utf-16-le")).decode()
    assert winrs(f"powershell -enc {enc}")[0] == b"default\r\n"


def test_winrs_environment_and_folder(winrs):
    assert (
        winrs(
            'powershell -Command "$env:STAGE; $PWD.ProviderPath"',
            env_vars={"STAGE": "one"},
            working_directory=r"C:\ProgramData",
        )[0].splitlines()[0]
        == b"one"
    )
    assert (
        winrs("powershell -Command \"'%COMPUTERNAME% %TEMP%'\"")[0]
        == b"WINHOST C:\\Users\\Administrator\\AppData\\Local\\Temp\r\n"
    )


# records --------------------------------------------------------------------------------


def test_scripts_are_recorded_with_their_text(host):
    with WSMan(**psrp_kw(host)) as w, RunspacePool(w) as pool:
        big = "# " + "x" * 600_000 + "\n'ok'"
        PowerShell(pool).add_script(big).invoke()
        PowerShell(pool).add_script("param($a, $b) $a").add_parameter("a", "one").add_parameter("b", 2).invoke()
        pool.exchange_keys()
        from pypsrp.complex_objects import ObjectMeta

        ps = (
            PowerShell(pool)
            .add_script("param($s) [Net.NetworkCredential]::new('', $s).Password")
            .add_parameter("s", pool.serialize("secret", ObjectMeta("SS")))
        )
        assert ps.invoke() == ["secret"]
    scripts = [r for r in host.records if r["event"] == "script"]
    assert scripts[0]["text"] == big and scripts[1]["params"] == {"a": "'one'", "b": "2"} and len(scripts) == 3
    assert "NetworkCredential" in scripts[2]["text"] and "secret" not in str(scripts[2])
