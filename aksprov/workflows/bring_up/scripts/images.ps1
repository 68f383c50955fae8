# images.ps1: containerd takes the images that came as archives.  What it took is kept by hash, so that none comes again.
function Import-Images {
    if (-not [IO.Directory]::Exists("$D\images")) { return }
    foreach ($archive in [IO.Directory]::GetFiles("$D\images")) {
        if (-not $archive.EndsWith('.tar')) { continue }
        $status = Invoke-Told 'C:\Program Files\containerd\ctr.exe' @('--namespace', 'k8s.io', 'images', 'import', $archive)
        if ($status -ne 0) { Stop-With 17 "containerd does not take the images of $archive" }
        Write-Durable "$D\images.imported" "$(Get-Sha256 $archive)`r`n" 'Append'
        [IO.File]::Delete($archive)
    }
}
