# recover.ps1: put a broken swap right, and clear away what killed runs left; live ones are let be.
# Answer: {"recovered": "right"}, or "locked", "broken", "unreadable", each with "text".
$answer = @{ recovered = 'right'; text = '' }
try {
    if ([IO.File]::Exists("$D\swap.log")) {
        # another run's swap may take this long to end
        if (-not (Enter-Lock 30 '0')) { return Write-Answer @{ recovered = 'locked'; text = (Get-Holder) } }
        $S.log = "$D\swap.log"
    }
    if ($S.lock -and [IO.File]::Exists("$D\swap.log")) {
        $commit = ([IO.File]::ReadAllText("$D\swap.log").Split("`n")[0].Split("`t") + @('', ''))[1]
        $is = @(foreach ($name in 'manifest.json', 'programs.json') { if ([IO.File]::Exists("$D\$name")) { Get-Sha256 "$D\$name" } })
        if ($odd = Find-OddLine) { $answer = @{ recovered = 'unreadable'; text = $odd } }
        elseif ($is -contains $commit) { Clear-Old }
        else {
            Undo-Swap
            if ($S.broken) { $answer = @{ recovered = 'broken'; text = ($S.broken -join "`n") } }
        }
    }
    Clear-Killed
    if ([IO.Directory]::Exists($D) -and ($S.lock -or (Enter-Lock 0 '0'))) {
        Undo-Preparation
        foreach ($left in Find-LeftSecret) { Remove-File $left }
    }
} catch { $answer = @{ recovered = 'broken'; text = "$_" } }
finally { Exit-Lock }
Write-Answer $answer
