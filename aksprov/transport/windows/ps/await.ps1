# await.ps1: wait a moment for the end of a long step; say how it ended and what it said, and forget it.
# Request: unit.
# Answer: {"text": "running"}, or its first line is "exited STATUS", or "gone" where there is no result: the host restarted.
$mine = "$D\run\$($asked.unit)"
$quiet = 0
$watch = [Diagnostics.Stopwatch]::StartNew()
while (-not [IO.File]::Exists("$mine.result")) {
    $task = Get-ScheduledTask -TaskName $asked.unit -ErrorAction SilentlyContinue
    # it is not Running at once, and its result comes before its end
    if ($task -and 'Running', 'Queued' -contains "$($task.State)") { $quiet = 0 } else { $quiet++ }
    if (-not $task -or $quiet -gt 20) { break }
    if ($watch.Elapsed.TotalSeconds -ge 20) { return Write-Answer @{ text = 'running' } }
    Start-Sleep -Milliseconds 500
}
$said = if ([IO.File]::Exists("$mine.log")) { @([IO.File]::ReadAllLines("$mine.log") | Select-Object -Last 40) } else { @() }
if ([IO.File]::Exists("$mine.result")) { $how = "exited $([IO.File]::ReadAllText("$mine.result"))" }
else {
    $how = 'gone'
    $said = @($said) + 'it has no result: the host restarted meanwhile, or may not run scripts as scheduled tasks'
}
if (Get-ScheduledTask -TaskName $asked.unit -ErrorAction SilentlyContinue) { Unregister-ScheduledTask -TaskName $asked.unit -Confirm:$false }
if ([IO.Directory]::Exists("$D\run")) { foreach ($left in [IO.Directory]::GetFiles("$D\run", "$($asked.unit).*")) { [IO.File]::Delete($left) } }
Write-Answer @{ text = (@($how) + @($said)) -join "`n" }
