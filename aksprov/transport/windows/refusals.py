"""What the words of a Windows host's script mean where the cure is another one than on Linux."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aksprov.errors import HostError
from aksprov.transport.refusals import MEANINGS, refusal

# How Windows PowerShell calls a script that an antivirus holds back (AMSI); an id, so not translated.
BLOCKED: Final = "ScriptContainedMaliciousContent"

# code -> (what happened to HOST in STEP, what to do)
WINDOWS_MEANINGS: dict[str, tuple[str, str]] = MEANINGS | {
    "PowerShellTooOld": (
        "{host} has a PowerShell older than 5.1",
        "install Windows Management Framework 5.1 on the host; Windows Server 2016 and newer have it",
    ),
    "PowerShellConstrained": (
        "{host} lets PowerShell run in Constrained Language Mode only",
        "allow full language for this user: a rule of AppLocker or App Control for Windows, or __PSLockdownPolicy, "
        "limits it (on the host: $ExecutionContext.SessionState.LanguageMode)",
    ),
    "HostAntivirusBlocked": (
        "an antivirus on {host} holds back what we send",
        "see what it says (on the host: Get-MpThreatDetection), have it allow scripts that come over WinRM and the "
        "folder C:\\ProgramData\\aksprov, then run again",
    ),
    "HostNotAdministrator": (
        "we are no administrator on {host}",
        "connect as a member of its Administrators; a local account other than the built-in one is held down by remote "
        "UAC until DWORD LocalAccountTokenFilterPolicy = 1 stands under "
        "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System",
    ),
    "FeatureMissing": (
        "{host} cannot have a Windows feature that its node needs",
        "install it by hand to see what is wrong (Install-WindowsFeature), or use a Windows Server that has it",
    ),
    "HostRestartFailed": (
        "{host} did not come back from its restart",
        "look at its console; when it answers again, run the command again: it goes on from there",
    ),
    "ServiceRefused": (
        "{host} does not take the definition of a service",
        "the old configuration is in force; close services.msc and other tools that hold the service, then run again",
    ),
    "ServiceNotRunning": (
        "a service of {host} does not run with its new configuration",
        "the old configuration is in force; see the service's log below C:\\var\\log and Get-WinEvent -LogName System",
    ),
    "UnitUnstable": (
        "a service of {host} ended soon after its start",
        "the old configuration is in force; see the service's log below C:\\var\\log and Get-WinEvent -LogName System",
    ),
    "StagingFailed": (
        "{host} cannot take the new files",
        "make room on its drive C: (Get-Volume) or make it writable, then run the command again",
    ),
    "OwnerRefused": (
        "files on {host} cannot get their owner or access list",
        "see what icacls says of the file on the host, then run the command again",
    ),
    "TargetRefused": (
        "a file on {host} cannot be replaced",
        "move away what is in the way, or end the program that holds the file (see openfiles), then run again",
    ),
    "SwapFailed": (
        "{host} cannot put the new files in place",
        "the old ones are in force; look at drive C: and at programs that hold files, then run the command again",
    ),
    "DownloadFailed": (
        "{host} cannot get a file from the site's server",
        "try the URL on the host (in PowerShell: Invoke-WebRequest -UseBasicParsing -Method Head URL), mend what it "
        "says, then run the command again",
    ),
    "DownloadWrong": (
        "what the site's server gave {host} is another file",
        "put the bundle's own files on the server as they are, then run the command again; nothing of it was used",
    ),
    "SwapLogUnreadable": (
        "C:\\ProgramData\\aksprov\\swap.log on {host} was changed: a change that broke off cannot be undone",
        "on the host, rename files .NAME.aksprov-old that lie beside ours back to NAME, remove that swap.log, "
        "then run the command again",
    ),
    "HostLeftHalf": (
        "{host} could not put everything back",
        "mend the host; the next command tries again from C:\\ProgramData\\aksprov\\swap.log",
    ),
}


def windows_refusal(host: str, failures: Sequence[tuple[str, str, str]]) -> HostError:
    """The error for a script of a Windows host that failed; see :func:`aksprov.transport.refusals.refusal`."""
    return refusal(host, failures, WINDOWS_MEANINGS)
