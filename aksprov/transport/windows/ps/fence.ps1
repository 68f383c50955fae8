# fence.ps1: whose host this is, and whether a later run has it; asked under the lock.

# Whose: has state_id and epoch
function Assert-State($Whose) {
    if ([IO.File]::Exists("$D\manifest.json")) {
        $was = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText("$D\manifest.json"))
        if ($was.state_id -ne $Whose.state_id) { Stop-Step 'lock' 'HostOwnedByOtherState' "the manifest there is of state $($was.state_id)" }
    }
    # epochs are counted by one state: those of another say nothing
    $seen, $of = Read-Epoch
    if ($of -ne $Whose.state_id) { $seen = 0 }
    if ($seen -gt $Whose.epoch) { Stop-Step 'lock' 'HostEpochRefused' "the host has seen epoch $seen, this is $($Whose.epoch)" }
    if ($seen -lt $Whose.epoch) {
        Write-Durable "$D\epoch.new" "$($Whose.epoch) $($Whose.state_id)" 'Create'
        Move-Over "$D\epoch.new" "$D\epoch"
    }
}

function Read-Epoch {
    if (-not [IO.File]::Exists("$D\epoch")) { return 0, '' }
    $words = [IO.File]::ReadAllText("$D\epoch").Split(' ')
    [int] $words[0], $words[1]
}
