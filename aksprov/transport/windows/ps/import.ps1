# import.ps1: containerd takes the images of one archive; the archive goes, and its hash is kept.
# Request: state_id, epoch, path, sha256.
try {
    Enter-Fence
    Exit-Lock
    $ctr = 'C:\Program Files\containerd\ctr.exe'
    if (-not [IO.File]::Exists($ctr)) { Stop-Step $S.step 'HostToolMissing' "$ctr takes images from archives, and is not there" }
    $native = Get-Native $asked.path
    if ([IO.File]::Exists($native)) {
        $done = Invoke-Program $ctr @('--namespace', 'k8s.io', 'images', 'import', $native)
        if ($done.status -ne 0) { Stop-Step $S.step 'ImageRefused' "$($asked.path): $($done.text)" }
        Write-Durable "$D\images.imported" "$($asked.sha256)`r`n" 'Append'
        Remove-File $native
    }
    $answer = @{ text = 'imported' }
} catch { $answer = Get-Failed $_ }
finally { Exit-Lock }
Write-Answer $answer
