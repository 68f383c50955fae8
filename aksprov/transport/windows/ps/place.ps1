# place.ps1: files that came as NAME.part take their places, all of them or none; services of theirs are stopped meanwhile.
# Request: state_id, epoch, files [{path, sha256, size}], record (the text of programs.json).
# Answer: {"text": what was done}
function Save-ProgramSwap($Files) {
    $S.log = "$D\swap.log.new"
    Remove-File $S.log
    Remove-File "$D\programs.json.new"
    Write-Durable "$D\programs.json.new" $asked.record 'Create'
    Add-Log "commit`t$(Get-Sha256 "$D\programs.json.new")"
    foreach ($file in $Files) {
        # an old one that was running when it was replaced stayed
        try { Remove-File (Get-Old $file.path) } catch { Stop-Step $S.step 'TargetRefused' "$(Get-Old $file.path) still runs" }
        Add-Log "part`t$($file.path)"
        if ([IO.File]::Exists((Get-Native $file.path))) { Add-Log "had`t$($file.path)" } else { Add-Log "new`t$($file.path)" }
    }
    [IO.File]::Move($S.log, "$D\swap.log")
    $S.log = "$D\swap.log"
    $S.swapping = $true
}

# the files that are not in place; what came of them is right
function Get-Coming {
    foreach ($file in $asked.files) {
        $part = Get-Part $file.path
        if (Test-Whole (Get-Native $file.path) $file) { Remove-File $part; continue }
        if (-not (Test-Whole $part $file)) {
            Remove-File $part
            Stop-Step $S.step 'StreamCut' "$($file.path) did not arrive whole"
        }
        Assert-Target $file.path
        $file
    }
}

try {
    Enter-Fence
    Undo-Preparation
    $coming = @(Get-Coming)
    if ($coming) {
        Save-ProgramSwap $coming
        $S.code = 'SwapFailed'
        $running = @($coming | ForEach-Object { Get-RunningFrom $_.path } | Sort-Object -Unique)
        foreach ($name in $running) { Add-Log "service`t$name`t$(ConvertTo-State (Get-ServiceState $name))" }
        foreach ($name in $running) { if ((Get-ServiceState $name).running) { $null = Stop-ServiceTree $name } }
        foreach ($file in $coming) { Move-In $file.path (Get-Part $file.path) }
        foreach ($name in $running) { Start-ServiceSoon $name }
        Assert-Settled
        Move-Over "$D\programs.json.new" "$D\programs.json"
        $S.swapping = $false
        Clear-Old
    }
    $answer = @{ text = "$($coming.Count) of $(@($asked.files).Count) files" }
} catch {
    $answer = Get-Failed $_
    try {
        if ($S.swapping) {
            Undo-Swap
            if ($S.broken) { $answer.failed += , @('back', 'HostLeftHalf', ($S.broken -join "`n")) }
        } elseif ($S.lock) { Undo-Preparation }
    } catch { $answer.failed += , @('back', 'HostLeftHalf', "$_") }
} finally {
    if ($S.lock) { Remove-File "$D\programs.json.new" }
    Exit-Lock
}
Write-Answer $answer
