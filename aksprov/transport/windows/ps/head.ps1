# head.ps1: how every script begins.  Its one parameter, or what comes on the pipeline without one, is a JSON text with all
# values; its answer is one line of JSON.  What is secret comes as $Secret.
# Until it is known that this PowerShell can do what we need, only what every one of them can is used.
param([string] $Request, [securestring] $Secret)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
if ($PSVersionTable.PSVersion -lt [version] '5.1') { return '{"failed":[["session","PowerShellTooOld",""]]}' }
if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') { return '{"failed":[["session","PowerShellConstrained",""]]}' }
# a local administrator whom remote UAC holds down has the group for denials only, and this says no
$me = New-Object -TypeName Security.Principal.WindowsPrincipal -ArgumentList ([Security.Principal.WindowsIdentity]::GetCurrent())
if (-not $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) { return '{"failed":[["session","HostNotAdministrator",""]]}' }
$D = 'C:\ProgramData\aksprov'
if (-not $Request) { $Request = @($input) -join '' }
$asked = ConvertFrom-Json -InputObject $Request
# what functions change: which step is at work, the code of an error that nobody expects there, what is held open
$S = @{ step = 'stage'; code = 'StagingFailed'; mark = ''; failure = $null; lock = $null; list = $null; swapping = $false; log = ''; text = ''; broken = @(); restart = $false; touched = @(); report = @() }

function Stop-Step([string] $Step, [string] $Code, [string] $Text) {
    $S.failure = @($Step, $Code, $Text)
    throw $Text
}

# the code of an error that nobody expected: HRESULTs of Windows' errors 225 and 226 are an antivirus'
function Get-Code($Record) {
    if (@(-2147024671, -2147024670) -contains $Record.Exception.GetBaseException().HResult) { return 'HostAntivirusBlocked' }
    $S.code
}

function Write-Answer([hashtable] $Answer) { ConvertTo-Json -InputObject $Answer -Compress -Depth 8 }
