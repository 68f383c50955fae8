# observe.ps1: everything a plan needs to know of this host, in one answer.
# A fact that cannot be read is left out; Windows' own words for states are those of WMI, English everywhere.
function Get-Fact([scriptblock] $Ask) { try { & $Ask } catch { $null } }

function Get-ProgramVersion([string] $Path, [string[]] $Arguments) {
    if (-not [IO.File]::Exists($Path)) { return }
    $said = Get-Fact { Invoke-Program $Path $Arguments }
    if ($said) { "$($said.text)".Split("`n")[0] } else { '' }
}

function Get-FileState([string] $Path) {
    $native = Get-Native $Path
    if ([IO.Directory]::Exists($native)) { return @{ path = $Path; kind = 'directory'; sha256 = '' } }
    if (-not [IO.File]::Exists($native)) { return }
    if ([IO.File]::GetAttributes($native) -band [IO.FileAttributes]::ReparsePoint) { return @{ path = $Path; kind = 'link'; sha256 = '' } }
    # a file that a program holds for itself is there, and has no hash that we know
    try { @{ path = $Path; kind = 'file'; sha256 = (Get-Sha256 $native) } } catch { @{ path = $Path; kind = 'file'; sha256 = '' } }
}

function Get-Interfaces {
    $adapters = @{}
    foreach ($one in Get-Fact { Get-NetAdapter }) {
        if ($one) { $adapters[[string] $one.ifIndex] = @{ name = $one.Name; mac = "$($one.MacAddress)"; up = ("$($one.Status)" -eq 'Up'); addresses = @() } }
    }
    foreach ($one in Get-Fact { Get-NetIPAddress }) {
        if (-not $one) { continue }
        $key = [string] $one.InterfaceIndex
        if (-not $adapters[$key]) { $adapters[$key] = @{ name = $one.InterfaceAlias; mac = ''; up = $true; addresses = @() } }
        $adapters[$key].addresses += "$("$($one.IPAddress)".Split('%')[0])/$($one.PrefixLength)"
    }
    @($adapters.Values)
}

# what Windows itself puts down when it waits for a restart
function Test-PendingRestart {
    $session = Get-ItemProperty -LiteralPath 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager' -ErrorAction SilentlyContinue
    if ($session -and $session.PSObject.Properties['PendingFileRenameOperations']) { return $true }
    foreach ($key in 'Component Based Servicing\RebootPending', 'WindowsUpdate\Auto Update\RebootRequired') {
        if (Test-Path -LiteralPath "HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\$key") { return $true }
    }
    $false
}

function Get-Unfinished {
    foreach ($name in 'swap.log', 'swap.log.new') { if ([IO.File]::Exists("$D\$name")) { $name } }
    if ([IO.Directory]::Exists("$D\run")) { foreach ($list in [IO.Directory]::GetFiles("$D\run", '*.stage')) { $list } }
    if (Find-LeftSecret) { 'secret' }
    if ([IO.File]::Exists("$D\lock")) {
        $alone = Open-Alone "$D\lock"
        if ($alone) { $alone.Dispose() } else { 'lock' }
    }
}

$system = Get-Fact { Get-CimInstance -ClassName Win32_OperatingSystem }
$computer = Get-Fact { Get-CimInstance -ClassName Win32_ComputerSystem }
$disk = Get-Fact { Get-CimInstance -ClassName Win32_LogicalDisk -Filter "DeviceID = 'C:'" }
$machine = Get-Fact { (Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Cryptography').MachineGuid }
$answer = @{
    hostname = "$env:COMPUTERNAME"; powershell = "$($PSVersionTable.PSVersion)"; architecture = "$env:PROCESSOR_ARCHITECTURE"
    machine = "$machine"; now = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds(); pending = [bool] (Get-Fact { Test-PendingRestart }); interfaces = @(Get-Interfaces); unfinished = @(Get-Unfinished)
    features = @(); services = @(); programs = @{}; files = @(); same = @(); lost = @(); manifest = ''; epoch = ''
}
if ($system) {
    $answer.version = "$($system.Version)"
    $answer.build = "$($system.BuildNumber)"
    $answer.server = [int] $system.ProductType -ne 1
    $answer.boot = $system.LastBootUpTime.ToUniversalTime().ToString('yyyyMMddHHmmss')
}
if ($computer) {
    $answer.cpus = [long] $computer.NumberOfLogicalProcessors
    $answer.memory = [long] $computer.TotalPhysicalMemory
}
if ($disk) { $answer.free = [long] $disk.FreeSpace }
# a Windows that is no server has no such command
foreach ($one in Get-Fact { Get-WindowsFeature }) { if ($one -and "$($one.InstallState)" -eq 'Installed') { $answer.features += $one.Name } }
foreach ($name in 'containerd', 'kubelet', 'kube-proxy') {
    $one = Get-Fact { Get-CimInstance -ClassName Win32_Service -Filter "Name = '$name'" }
    if ($one) { $answer.services += @{ name = $name; state = $one.State; start = $one.StartMode } }
}
$programs = @(
    @('containerd', 'C:\Program Files\containerd\containerd.exe', @('--version')), @('kubelet', 'C:\k\kubelet.exe', @('--version')),
    @('kubeadm', 'C:\k\kubeadm.exe', @('version', '-o', 'short')), @('crictl', 'C:\Program Files\containerd\crictl.exe', @('--version'))
)
foreach ($one in $programs) {
    $said = Get-ProgramVersion $one[1] $one[2]
    if ($null -ne $said) { $answer.programs[$one[0]] = $said }
}
foreach ($path in 'Program Files\containerd\containerd-shim-runhcs-v1', 'Program Files\containerd\ctr', 'k\kube-proxy', 'k\kube-log-runner', 'k\flanneld') {
    if ([IO.File]::Exists("C:\$path.exe")) { $answer.programs[$path.Substring($path.LastIndexOf('\') + 1)] = '' }
}
foreach ($name in 'flannel', 'win-overlay', 'host-local') { if ([IO.File]::Exists("C:\opt\cni\bin\$name.exe")) { $answer.programs["cni/$name"] = '' } }
$answer.lost = @(Get-Fact { Find-Lost } | Where-Object { $_ })
$listed = @()
if ([IO.File]::Exists("$D\epoch")) { $answer.epoch = [IO.File]::ReadAllText("$D\epoch") }
if ([IO.File]::Exists("$D\manifest.json")) {
    $answer.manifest = [IO.File]::ReadAllText("$D\manifest.json")
    # one that cannot be read is an error, and it is told where the text is
    $read = Get-Fact { ConvertFrom-Json -InputObject $answer.manifest }
    if ($read) { $listed = @($read.files) }
}
# most files are as the manifest has them, and their numbers there say so: with 200 files the answer stays one message
$known = @{}
for ($n = 0; $n -lt $listed.Count; $n++) {
    $path = $listed[$n].path
    $known[$path] = $true
    $one = if ($path -cmatch '^[A-Z]:/') { Get-FileState $path }
    if ($one -and $one.sha256 -and $one.sha256 -eq $listed[$n].sha256) { $answer.same += $n } elseif ($one) { $answer.files += $one }
}
foreach ($path in @($asked.paths | Where-Object { $_ -cmatch '^[A-Z]:/' -and -not $known[$_] } | Sort-Object -Unique)) {
    $one = Get-FileState $path
    if ($one) { $answer.files += $one }
}
Write-Answer $answer
