# state.ps1: what firewall.json and services.json say, and whether it is so.  States of services are those of WMI, which are
# English everywhere.

# what a file of ours says; nothing where there is none
function Read-Setup([string] $Path) {
    if ([IO.File]::Exists($Path)) { ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($Path)) }
}

# a list of a file; empty where there is no file
function Get-List($Setup, [string] $Name) { if ($Setup) { @($Setup.$Name) } else { @() } }

# how a service is; nothing where there is none.  Names come from our own files and have letters and hyphens only.
function Get-ServiceState([string] $Name) {
    $found = Get-CimInstance -ClassName Win32_Service -Filter "Name = '$Name'"
    if (-not $found) { return }
    $depends = @(Get-Service -Name $Name | ForEach-Object { $_.ServicesDependedOn } | ForEach-Object { $_.Name })
    @{ binary = $found.PathName; display = $found.DisplayName; start = $found.StartMode; depends = $depends; running = ($found.State -eq 'Running') }
}

# WMI's word for a start of services.json
function Get-Start($Service) { if ($Service.startupType -eq 'Automatic') { 'Auto' } else { $Service.startupType } }

function Test-ServiceAs($Service) {
    $is = Get-ServiceState $Service.name
    if (-not $is) { return $false }
    $is.binary -ceq $Service.binaryPathName -and $is.start -eq (Get-Start $Service) -and (@($is.depends) -join '/') -eq (@($Service.dependsOn) -join '/')
}

function Test-Rule($Rule) {
    $is = Get-NetFirewallRule -Name $Rule.name -ErrorAction SilentlyContinue
    if (-not $is) { return $false }
    $filter = $is | Get-NetFirewallPortFilter
    "$($is.Enabled) $($is.Direction) $($is.Action) $($filter.Protocol) $($filter.LocalPort)" -eq "True Inbound Allow $($Rule.protocol) $($Rule.localPort)"
}

function Test-Task($Task) {
    $is = Get-ScheduledTask -TaskName $Task.name -ErrorAction SilentlyContinue
    if (-not $is) { return $false }
    "$($is.State)" -ne 'Disabled'
}

# those of the two files of which something was taken away or changed
function Find-Lost {
    $rules = @(Get-List (Read-Setup "$D\firewall.json") 'rules')
    if (@($rules | Where-Object { -not (Test-Rule $_) }).Count) { 'firewall' }
    $setup = Read-Setup "$D\services.json"
    $lost = @(Get-List $setup 'services' | Where-Object { -not (Test-ServiceAs $_) })
    $lost += @(Get-List $setup 'tasks' | Where-Object { -not (Test-Task $_) })
    $lost += @(@(Get-List $setup 'folders') + @(Get-List $setup 'links' | ForEach-Object { $_.path }) | Where-Object { -not [IO.Directory]::Exists((Get-Native $_)) })
    if ($lost.Count) { 'services' }
}

# files with a secret of long steps that do not run any more: they were killed, or the power went
function Find-LeftSecret {
    if (-not [IO.Directory]::Exists("$D\run")) { return }
    foreach ($ending in '.secret', '.yaml') {
        foreach ($path in [IO.Directory]::GetFiles("$D\run", "aksprov-step-*$ending")) {
            $name = $path.Substring($path.IndexOf('aksprov-step-')).Replace($ending, '')
            $task = Get-ScheduledTask -TaskName $name -ErrorAction SilentlyContinue
            if (-not $task -or 'Running', 'Queued' -notcontains "$($task.State)") { $path }
        }
    }
}
