# adopt.ps1: this host's manifest passes to another state; the files that it names stay as they are.
# Request: state_id, epoch, was (the sha256 of the manifest that was read), manifest (the text of the new one).
# Answer: "adopted", "locked WHO", "changed", or "failed WHAT", as on Linux.
try {
    if (-not (Enter-Lock 30 $asked.epoch)) { return "locked $(Get-Holder)" }
    if ((Get-Sha256 "$D\manifest.json") -ne $asked.was -or [IO.File]::Exists("$D\swap.log")) { return 'changed' }
    Write-Durable "$D\manifest.json.new" $asked.manifest 'Create'
    Write-Durable "$D\epoch.new" "$($asked.epoch) $($asked.state_id)" 'Create'
    Move-Over "$D\epoch.new" "$D\epoch"
    Move-Over "$D\manifest.json.new" "$D\manifest.json"
    'adopted'
} catch { "failed $_" }
finally {
    foreach ($name in 'manifest.json.new', 'epoch.new') { Remove-File "$D\$name" }
    Exit-Lock
}
