# begin.ps1: begin a long step as a scheduled task, which no end of a connection ends, or find the one that was begun.
# Request: unit (the task's name), state_id, epoch, script (what the task runs), values (a text that the script gets).
# $Secret: what the script finds in run\UNIT.secret.
# Answer: {"text": "started"}, "there", "busy UNIT", or {"failed": [[STEP, CODE, TEXT]]}.
$mine = "$D\run\$($asked.unit)"

function Write-Secret([string] $Path, [securestring] $Text) {
    Write-Durable $Path '' 'Create'
    Set-Access $Path '0600' ''
    Write-Durable $Path (New-Object -TypeName Net.NetworkCredential -ArgumentList '', $Text).Password 'Create'
}

function Start-LongStep {
    Initialize-Home
    if (-not (Enter-Lock 30 $asked.epoch)) { Stop-Step 'lock' 'HostLocked' (Get-Holder) }
    Assert-State $asked
    foreach ($task in @(Get-ScheduledTask -TaskName 'aksprov-step-*' -ErrorAction SilentlyContinue)) {
        if ($task.TaskName -eq $asked.unit) { return 'there' }
        if ('Running', 'Queued' -contains "$($task.State)") { return "busy $($task.TaskName)" }
        Unregister-ScheduledTask -TaskName $task.TaskName -Confirm:$false
    }
    # what a step left whose end nobody saw, secrets too
    foreach ($left in [IO.Directory]::GetFiles("$D\run", 'aksprov-step-*')) { [IO.File]::Delete($left) }
    Write-Durable "$mine.json" $asked.values 'Create'
    Write-Durable "$mine.ps1" $asked.script 'Create'
    if ($Secret) { Write-Secret "$mine.secret" $Secret }
    $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$mine.ps1`""
    # a host with a battery is a host
    $settings = New-ScheduledTaskSettingsSet -MultipleInstances IgnoreNew -ExecutionTimeLimit ([TimeSpan]::FromMinutes(60)) -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
    $system = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -LogonType ServiceAccount -RunLevel Highest
    $null = Register-ScheduledTask -TaskName $asked.unit -Action $action -Settings $settings -Principal $system -Force
    try { Start-ScheduledTask -TaskName $asked.unit }
    catch {
        $why = "$_"
        Unregister-ScheduledTask -TaskName $asked.unit -Confirm:$false
        foreach ($left in [IO.Directory]::GetFiles("$D\run", "$($asked.unit).*")) { [IO.File]::Delete($left) }
        throw $why
    }
    'started'
}

try { $answer = @{ text = (Start-LongStep) } }
catch {
    if (-not $S.failure) { $S.failure = @($S.step, (Get-Code $_), "$_") }
    $answer = @{ failed = @(, $S.failure) }
} finally { Exit-Lock }
Write-Answer $answer
