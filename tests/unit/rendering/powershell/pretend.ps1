# Runs a script again and again on a Windows of a few commands: HNS networks and endpoints, and one service.
# Each moment of the scenario says what there is; for each run one JSON line says what the script did.
param([string] $Root, [string] $Script, [string] $Scenario)
$ErrorActionPreference = 'Stop'
# The provider finds C: as a drive, and .NET takes it for a folder of that name, which is a link to the same place.
[Environment]::CurrentDirectory = $Root
$null = New-PSDrive -Name C -PSProvider FileSystem -Root "$Root/c" -Scope Global

$service = [pscustomobject]@{ Name = 'kube-proxy'; Status = 'Stopped' }
$calls = New-Object Collections.ArrayList
function Get-HnsNetwork { $moment.networks }
function Get-HnsEndpoint { $moment.endpoints }
function Get-Service([string] $Name) { if ($Name -eq $service.Name) { $service } }
function Start-Service([string] $Name) { $null = $calls.Add("start $Name"); $service.Status = 'Running' }
function Stop-Service([string] $Name) { $null = $calls.Add("stop $Name"); $service.Status = 'Stopped' }
function Read-File([string] $Name) {
    $file = "$Root/c/ProgramData/aksprov/kube-proxy/$Name"
    if (Test-Path -LiteralPath $file) { [IO.File]::ReadAllText($file) } else { '' }
}

foreach ($moment in Get-Content -LiteralPath $Scenario | ConvertFrom-Json) {
    $calls.Clear()
    $global:LASTEXITCODE = 0
    if ($moment.joined) {
        $null = New-Item -ItemType Directory -Force -Path "$Root/c/etc/kubernetes"
        $null = New-Item -ItemType File -Force -Path "$Root/c/etc/kubernetes/kube-proxy.conf"
    }
    if ($moment.died) { $service.Status = 'Stopped' }
    & $Script
    $did = @{ exit = $LASTEXITCODE; calls = @($calls); live = Read-File 'kube-proxy-live.yaml'; failure = Read-File 'last-failure.txt' }
    ConvertTo-Json -Compress -InputObject $did
}
