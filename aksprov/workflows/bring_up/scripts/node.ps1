# node.ps1: what the scripts that make a Windows host a node begin with, as node.sh.  Request: unit, and values of each script.
# originals\kubernetes has how the host was found: lines "cni FILE", "network NAME", "folder PATH".
# originals\kubeadm is "begun" from before kubeadm's first change on, then "done".
$mine = "$D\run\$($asked.unit)"
$kubeadm = 'C:\k\kubeadm.exe'
$kubernetes = 'C:\etc\kubernetes'
$found = "$D\originals\kubernetes"
$mark = "$D\originals\kubeadm"
# of the network plugin's and kube-proxy's accounts
$kubeconfigs = "$kubernetes\kube-proxy.conf", "$kubernetes\flannel.conf"
# how the step ends, and what it may not tell
$E = @{ status = 1; hidden = @() }
$env:Path = "C:\k;C:\Program Files\containerd;$env:Path"
# our calls go direct, whatever proxy the machine has
$env:NO_PROXY = '*'

function Write-Line([string] $Text) {
    foreach ($secret in $E.hidden) { $Text = $Text.Replace($secret, '[secret]') }
    [IO.File]::AppendAllText("$mine.log", "$Text`n")
}

function Stop-With([int] $Status, [string] $Text) {
    $E.status = $Status
    throw $Text
}

# a program that tells what it does; its exit code
function Invoke-Told([string] $Program, [string[]] $Arguments) {
    $ErrorActionPreference = 'Continue'
    if (-not [IO.File]::Exists($Program)) { Stop-With 1 "$Program is not there" }
    & $Program $Arguments 2>&1 | ForEach-Object { Write-Line "$_" }
    $LASTEXITCODE
}

function Get-Stage { if ([IO.File]::Exists($mark)) { [IO.File]::ReadAllText($mark) } else { '' } }

function Set-Stage([string] $Stage) {
    Write-Durable "$mark.new" $Stage 'Create'
    Move-Over "$mark.new" $mark
}

function Get-NetworkName {
    if (Get-Command -Name Get-HnsNetwork -ErrorAction SilentlyContinue) { Get-HnsNetwork | ForEach-Object { $_.Name } }
}

function Save-Found {
    $null = [IO.Directory]::CreateDirectory("$D\originals")
    if ([IO.File]::Exists($found)) { return }
    $lines = @()
    if ([IO.Directory]::Exists('C:\etc\cni\net.d')) { foreach ($file in [IO.Directory]::GetFiles('C:\etc\cni\net.d')) { $lines += "cni $file" } }
    foreach ($name in Get-NetworkName) { $lines += "network $name" }
    foreach ($folder in 'C:\var\lib\kubelet', 'C:\var\lib') { if ([IO.Directory]::Exists($folder)) { $lines += "folder $folder" } }
    Write-Durable "$found.new" ($lines -join "`n") 'Create'
    Move-Over "$found.new" $found
}

# what kubeadm left half done, or all of it; folders and links of ours that it takes with it are made again
function Clear-Node {
    $status = Invoke-Told $kubeadm @('reset', '-f', '--kubeconfig', 'C:\nonexistent', '--cri-socket', 'npipe:////./pipe/containerd-containerd')
    if ($status -ne 0) { Stop-With 1 "kubeadm reset ended with $status" }
    foreach ($file in @("$kubernetes\pki\ca.crt") + $kubeconfigs) { Remove-File $file }
    $setup = Read-Setup "$D\services.json"
    foreach ($folder in Get-List $setup 'folders') { $null = [IO.Directory]::CreateDirectory((Get-Native $folder)) }
    foreach ($link in Get-List $setup 'links') {
        $native = Get-Native $link.path
        if ([IO.Directory]::Exists($native)) { continue }
        $null = [IO.Directory]::CreateDirectory((Get-Folder $native))
        $null = New-Item -ItemType SymbolicLink -Path $native -Value (Get-Native $link.target)
    }
}

# the end of the kubelet's log, which it holds open
function Write-KubeletLog {
    foreach ($name in 'kubelet.log', 'kubelet.exe.INFO') {
        $path = "C:\var\log\kubelet\$name"
        if (-not [IO.File]::Exists($path)) { continue }
        $stream = [IO.File]::Open($path, 'Open', 'Read', 'ReadWrite, Delete')
        $reader = New-Object -TypeName IO.StreamReader -ArgumentList $stream
        try { $lines = $reader.ReadToEnd().Split("`n") } finally { $reader.Dispose() }
        $lines | Where-Object { $_ } | Select-Object -Last 6 | ForEach-Object { Write-Line $_ }
    }
}

# the step's result is the last thing of it: what was secret is gone by then
function Complete-Step([scriptblock] $Work) {
    try {
        & $Work
        $E.status = 0
    } catch { Write-Line "$_" }
    finally { foreach ($ending in 'secret', 'yaml') { Remove-File "$mine.$ending" } }
    Write-Durable "$mine.part" "$($E.status)" 'Create'
    [IO.File]::Move("$mine.part", "$mine.result")
}
