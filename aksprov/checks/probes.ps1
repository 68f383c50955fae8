# Answers questions about this host.  The pipeline has texts with one question a line, "KIND VALUE".  An answer is one or more lines
# "KIND<TAB>VALUE<TAB>TEXT"; "end" is the last line, so that an answer cut short is seen.  Nothing is judged here.
# Where Linux answers with what a program prints, this has the same form.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# access lists are not read back: mode and owner are "-"
function Get-FileAnswer([string] $Path) {
    $native = $Path.Replace('/', '\')
    if ([IO.Directory]::Exists($native)) { return 'directory' }
    if (-not [IO.File]::Exists($native)) { return 'missing' }
    if ([IO.File]::GetAttributes($native) -band [IO.FileAttributes]::ReparsePoint) { return 'link' }
    "file - - $((Get-FileHash -LiteralPath $native -Algorithm SHA256).Hash.ToLowerInvariant())"
}

# as systemctl shows a unit; states of WMI are English everywhere
function Get-UnitAnswer([string] $Name) {
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name = '$Name'"
    if (-not $service) { return 'LoadState=not-found' }
    'LoadState=loaded'
    if ($service.State -eq 'Running') { 'ActiveState=active' } else { 'ActiveState=inactive' }
    "SubState=$($service.State)"
    if ($service.StartMode -eq 'Auto') { 'UnitFileState=enabled' } else { "UnitFileState=$($service.StartMode)" }
}

function Get-ProgramAnswer([string] $Name) {
    foreach ($folder in 'C:\k', 'C:\Program Files\containerd') { if ([IO.File]::Exists("$folder\$Name.exe")) { return "$folder\$Name.exe" } }
}

# as ip -o address show; a blank in a name would end it there
function Get-AddressAnswer {
    foreach ($one in Get-NetIPAddress) {
        $family = if ("$($one.IPAddress)".Contains(':')) { 'inet6' } else { 'inet' }
        "$($one.InterfaceIndex): $("$($one.InterfaceAlias)".Replace(' ', '_')) $family $("$($one.IPAddress)".Split('%')[0])/$($one.PrefixLength)"
    }
}

function Get-LinkAnswer {
    foreach ($one in Get-NetAdapter) { "$($one.ifIndex): $($one.Name.Replace(' ', '_')): link/ether $("$($one.MacAddress)".Replace('-', ':').ToLowerInvariant())" }
}

# "ENABLED DIRECTION ACTION PROTOCOL PORT"
function Get-RuleAnswer([string] $Name) {
    $rule = Get-NetFirewallRule -Name $Name -ErrorAction SilentlyContinue
    if (-not $rule) { return }
    $filter = $rule | Get-NetFirewallPortFilter
    "$($rule.Enabled) $($rule.Direction) $($rule.Action) $($filter.Protocol) $($filter.LocalPort)"
}

function Get-FeatureAnswer([string] $Name) {
    $feature = Get-WindowsFeature -Name $Name
    if ($feature) { "$($feature.InstallState)" }
}

function Get-NetworkAnswer {
    foreach ($one in Get-HnsNetwork) { "$($one.Type) $($one.Name)" }
}

function Get-TaskAnswer([string] $Name) {
    $task = Get-ScheduledTask -TaskName $Name -ErrorAction SilentlyContinue
    if ($task) { "$($task.State)" }
}

$lines = @(foreach ($text in $input) {
        foreach ($question in $text.Split("`n")) {
            if (-not $question) { continue }
            $cut = $question.IndexOf(' ')
            $kind, $value = $question.Substring(0, $cut), $question.Substring($cut + 1)
            # what a Windows does not have (a server's features, HNS) is a question without an answer
            try {
                $answer = switch ($kind) {
                    'file' { Get-FileAnswer $value }
                    'unit' { Get-UnitAnswer $value }
                    'program' { Get-ProgramAnswer $value }
                    'addresses' { Get-AddressAnswer }
                    'links' { Get-LinkAnswer }
                    'rule' { Get-RuleAnswer $value }
                    'feature' { Get-FeatureAnswer $value }
                    'network' { Get-NetworkAnswer }
                    'task' { Get-TaskAnswer $value }
                }
            } catch { $answer = $null }
            foreach ($said in $answer) { if ($null -ne $said) { "$kind`t$value`t$said" } }
        }
    })
($lines + @('end')) -join "`n"
