# setup.ps1: makes true what firewall.json and services.json say, and puts back what there was before.
# A state before is in swap.log before it is changed.

function ConvertTo-State($Value) { if ($null -eq $Value) { 'null' } else { ConvertTo-Json -InputObject $Value -Compress -Depth 4 } }

# ---- firewall ----

function Restore-Rule([string] $Name, $Rule) {
    $there = @(Get-NetFirewallRule -Name $Name -ErrorAction SilentlyContinue)
    if (-not $Rule) {
        if ($there) { Remove-NetFirewallRule -Name $Name }
        return
    }
    $how = @{
        Name = $Name; Enabled = 'True'; Direction = 'Inbound'; Action = 'Allow'; Profile = 'Any'
        Protocol = $Rule.protocol; LocalPort = $Rule.localPort; RemoteAddress = $Rule.remoteAddress
    }
    if ($there) { Set-NetFirewallRule @how -NewDisplayName $Rule.displayName } else { $null = New-NetFirewallRule @how -DisplayName $Rule.displayName }
}

function Set-Firewall($New, $Old) {
    $before = @{}
    foreach ($rule in Get-List $Old 'rules') { $before[$rule.name] = $rule }
    $wanted = @(Get-List $New 'rules')
    foreach ($rule in $wanted) {
        Add-Log "rule`t$($rule.name)`t$(ConvertTo-State $before[$rule.name])"
        Restore-Rule $rule.name $rule
    }
    foreach ($name in @($before.Keys)) {
        if (@($wanted | ForEach-Object { $_.name }) -contains $name) { continue }
        Add-Log "rule`t$name`t$(ConvertTo-State $before[$name])"
        Restore-Rule $name $null
    }
    $S.text = "$($wanted.Count) rules"
}

# ---- tasks ----

function Restore-Task([string] $Name, $Task) {
    if (-not $Task) {
        if (Get-ScheduledTask -TaskName $Name -ErrorAction SilentlyContinue) { Unregister-ScheduledTask -TaskName $Name -Confirm:$false }
        return
    }
    $script = Get-Native $Task.script
    $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$script`""
    $triggers = @(
        (New-ScheduledTaskTrigger -AtStartup),
        (New-ScheduledTaskTrigger -Once -At ([DateTime]::Now) -RepetitionInterval ([TimeSpan]::FromMinutes($Task.everyMinutes)))
    )
    $limit = [TimeSpan]::FromMinutes($Task.limitMinutes)
    $settings = New-ScheduledTaskSettingsSet -MultipleInstances IgnoreNew -StartWhenAvailable -ExecutionTimeLimit $limit
    $system = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -LogonType ServiceAccount -RunLevel Highest
    $null = Register-ScheduledTask -TaskName $Name -Action $action -Trigger $triggers -Settings $settings -Principal $system -Force
}

# ---- services ----

function Wait-ServiceState([string] $Name, [string] $State, [int] $Seconds) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    while (($now = (Get-Service -Name $Name).Status) -ne $State) {
        if ($watch.Elapsed.TotalSeconds -ge $Seconds) { Stop-Step $S.step 'ServiceNotRunning' "$Name is $now after $Seconds s" }
        Start-Sleep -Milliseconds 200
    }
}

# names of running services that stop with this one, itself last
function Stop-ServiceTree([string] $Name) {
    $stopped = @()
    foreach ($other in (Get-Service -Name $Name).DependentServices) { if ($other.Status -eq 'Running') { $stopped += $other.Name } }
    Stop-Service -Name $Name -Force -NoWait
    Wait-ServiceState $Name 'Stopped' 60
    $stopped
}

# names of running services whose command line has a program, and of those that stop with them
function Get-RunningFrom([string] $Path) {
    $native = (Get-Native $Path).ToLowerInvariant()
    foreach ($one in Get-CimInstance -ClassName Win32_Service -Filter "State = 'Running'") {
        if (-not "$($one.PathName)".ToLowerInvariant().Contains($native)) { continue }
        $one.Name
        foreach ($other in (Get-Service -Name $one.Name).DependentServices) { if ($other.Status -eq 'Running') { $other.Name } }
    }
}

# sc.exe does not wait, so the bound is ours
function Start-ServiceSoon([string] $Name) {
    $done = Invoke-Program 'sc.exe' @('start', $Name)
    # 1056: it runs already
    if ($done.status -ne 0 -and $done.status -ne 1056) { Stop-Step $S.step 'ServiceNotRunning' "sc start ${Name}: $($done.status) $($done.text)" }
    Wait-ServiceState $Name 'Running' 60
    if ($S.touched -notcontains $Name) { $S.touched += $Name }
}

function Remove-ServiceWhole([string] $Name) {
    if ((Get-Service -Name $Name).Status -ne 'Stopped') { $null = Stop-ServiceTree $Name }
    $done = Invoke-Program 'sc.exe' @('delete', $Name)
    if ($done.status -ne 0) { Stop-Step $S.step 'ServiceRefused' "sc delete ${Name}: $($done.status) $($done.text)" }
}

# create the service or change what differs; whether anything did
function Set-ServiceWhole([string] $Name, $Is, $Wanted) {
    $auto = if ($Wanted.start -eq 'Auto') { 'Automatic' } else { $Wanted.start }
    if (-not $Is) {
        $more = @{}
        if (@($Wanted.depends).Count) { $more.DependsOn = @($Wanted.depends) }
        $null = New-Service -Name $Name -BinaryPathName $Wanted.binary -DisplayName $Wanted.display -StartupType $auto @more
        return $true
    }
    $same = $Is.binary -ceq $Wanted.binary -and $Is.display -ceq $Wanted.display -and $Is.start -eq $Wanted.start
    if ($same -and (@($Is.depends) -join '/') -eq (@($Wanted.depends) -join '/')) { return $false }
    # Set-Service of 5.1 knows no command line, and quotes in an argument of sc.exe do not survive 5.1
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name = '$Name'"
    $how = @{ PathName = $Wanted.binary; DisplayName = $Wanted.display; StartMode = $auto; ServiceDependencies = [string[]] @($Wanted.depends) }
    $done = Invoke-CimMethod -InputObject $service -MethodName Change -Arguments $how
    if ($done.ReturnValue -ne 0) { Stop-Step $S.step 'ServiceRefused' "${Name}: Win32_Service.Change says $($done.ReturnValue)" }
    $true
}

# bring a service to a state that was recorded
function Restore-ServiceState([string] $Name, $State) {
    $is = Get-ServiceState $Name
    if (-not $State) {
        if ($is) { Remove-ServiceWhole $Name }
        return
    }
    $changed = Set-ServiceWhole $Name $is $State
    if (-not $State.running) { if ($is -and $is.running) { $null = Stop-ServiceTree $Name } }
    elseif (-not $is -or -not $is.running) { Start-ServiceSoon $Name }
    elseif ($changed) { Restart-ServiceTree $Name }
}

function Restart-ServiceTree([string] $Name) {
    $others = @(Stop-ServiceTree $Name)
    foreach ($one in @($Name) + $others) { Start-ServiceSoon $one }
}

# keep how a service was when we first met it, for the day when we leave
function Save-FirstState([string] $Name, $Is) {
    $place = "$D\originals\services\$Name"
    if ([IO.File]::Exists($place)) { return }
    $null = [IO.Directory]::CreateDirectory("$D\originals\services")
    Write-Durable "$place.new" (ConvertTo-State $Is) 'Create'
    [IO.File]::Move("$place.new", $place)
}

# whether a service has what it needs to run: its program, which may come with Kubernetes later; and a kubelet has
# nothing to run with until its node has joined
function Test-Ready([string] $Line) {
    $program = if ($Line -match '^"([^"]+)"') { $Matches[1] } else { $Line.Split(' ')[0] }
    if (-not [IO.File]::Exists($program)) { return $false }
    $named = @([regex]::Matches($Line, '--(?:bootstrap-)?kubeconfig=(\S+)') | ForEach-Object { Get-Native $_.Groups[1].Value })
    -not $named -or @($named | Where-Object { [IO.File]::Exists($_) })
}

function Set-OneService($Service) {
    $is = Get-ServiceState $Service.name
    $wanted = @{ binary = $Service.binaryPathName; display = $Service.displayName; start = (Get-Start $Service); depends = @($Service.dependsOn) }
    Add-Log "service`t$($Service.name)`t$(ConvertTo-State $is)"
    Save-FirstState $Service.name $is
    $changed = Set-ServiceWhole $Service.name $is $wanted
    if ($changed) {
        $delay = 1000 * $Service.restartSeconds
        $done = Invoke-Program 'sc.exe' @('failure', $Service.name, 'reset=', '86400', 'actions=', "restart/$delay/restart/$delay/restart/$delay")
        if ($done.status -ne 0) { Stop-Step $S.step 'ServiceRefused' "sc failure $($Service.name): $($done.status) $($done.text)" }
    }
    if ($is -and $is.running) { if ($changed) { Restart-ServiceTree $Service.name } }
    elseif ($Service.startupType -eq 'Automatic' -and (Test-Ready $Service.binaryPathName)) { Start-ServiceSoon $Service.name }
    $now = (Get-Service -Name $Service.name).Status
    "$($Service.name) $now".ToLowerInvariant()
}

function Add-Folder([string] $Path) {
    $missing = @()
    while (-not [IO.Directory]::Exists($Path)) { $missing = @($Path) + $missing; $Path = Get-Folder $Path }
    foreach ($one in $missing) {
        Add-Log "folder`t$one"
        Save-Folder $one
    }
    New-Folders $missing
}

function Set-Services($New, $Old) {
    foreach ($folder in Get-List $New 'folders') { Add-Folder (Get-Native $folder) }
    foreach ($link in Get-List $New 'links') {
        $native = Get-Native $link.path
        if ([IO.Directory]::Exists($native)) { continue }
        Add-Folder (Get-Folder $native)
        Add-Log "link`t$native"
        $null = New-Item -ItemType SymbolicLink -Path $native -Value (Get-Native $link.target)
    }
    $said = @(foreach ($service in Get-List $New 'services') { Set-OneService $service })
    foreach ($kind in 'services', 'tasks') {
        $kept = @(Get-List $New $kind | ForEach-Object { $_.name })
        $unwanted = @(Get-List $Old $kind | Where-Object { $kept -notcontains $_.name })
        # those that depend on others are listed after them, and go first
        [array]::Reverse($unwanted)
        foreach ($gone in $unwanted) {
            if ($kind -eq 'tasks') {
                Add-Log "task`t$($gone.name)`t$(ConvertTo-State $gone)"
                Restore-Task $gone.name $null
            } else { $said += Reset-Service $gone.name }
        }
    }
    $before = @{}
    foreach ($task in Get-List $Old 'tasks') { $before[$task.name] = $task }
    foreach ($task in Get-List $New 'tasks') {
        Add-Log "task`t$($task.name)`t$(ConvertTo-State $before[$task.name])"
        Restore-Task $task.name $task
    }
    foreach ($link in Get-List $Old 'links') {
        $kept = @(Get-List $New 'links' | ForEach-Object { $_.path })
        if ($kept -notcontains $link.path -and [IO.Directory]::Exists((Get-Native $link.path))) { [IO.Directory]::Delete((Get-Native $link.path)) }
    }
    $S.text = $said -join ', '
}

# a service that is ours no more is as we found it
function Reset-Service([string] $Name) {
    $is = Get-ServiceState $Name
    if (-not $is) { return "$Name not there any more" }
    $place = "$D\originals\services\$Name"
    $first = if ([IO.File]::Exists($place)) { ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($place)) } else { $null }
    Add-Log "service`t$Name`t$(ConvertTo-State $is)"
    Restore-ServiceState $Name $first
    if ($first) { "$Name as it was found" } else { "$Name removed" }
}

# folders that we made, for the day when we leave
function Save-Folder([string] $Path) {
    $null = [IO.Directory]::CreateDirectory("$D\originals")
    Write-Durable "$D\originals\folders" "$Path`n" 'Append'
}

# a service that dies within 3 s did not take its configuration
function Assert-Settled {
    if (-not $S.touched) { return }
    Start-Sleep -Seconds 3
    foreach ($name in $S.touched) {
        $now = Get-ServiceState $name
        if (-not $now -or -not $now.running) { Stop-Step 'services' 'UnitUnstable' "$name ended within 3 s" }
    }
}
