# forget.ps1: once nothing is managed here, nothing of ours stays; else nothing is done.
# Answer: {"text": WHY} where it cannot be done.
$why = ''
try {
    if ([IO.Directory]::Exists($D) -and -not [IO.File]::Exists("$D\manifest.json")) {
        if (Enter-Lock 30 '0') {
            Exit-Lock
            [IO.Directory]::Delete($D, $true)
        } else { $why = Get-Holder }
    }
} catch { $why = "$_" }
Write-Answer @{ text = $why }
