# apply.ps1: stage what came in run\MARK.zip, swap it in, have its readers take it; or put everything back.
# The zip has header.json and the files by number.  The header: state_id, epoch, manifest (its text), files [{entry, reader, mode,
# sha256, path}], removes [{reader, path}], steps, leaving.
# Answer: {"steps": [[STEP, "done", TEXT]...]}, {"restart": FEATURES}, or {"failed": [[STEP, CODE, TEXT]...]}; a second failure says
# that putting back failed too.
$header = $null
$made = @()
$staged = @()

# ---- staging, without the lock ----

function Add-Staged([string] $Line) {
    $bytes = [Text.Encoding]::UTF8.GetBytes("$Line`r`n")
    $S.list.Write($bytes, 0, $bytes.Length)
    $S.list.Flush($true)
}

# make the folders above a path; what is in the way, and links that lead elsewhere, are refused
function New-FolderOf([string] $Path) {
    $folder = Get-Folder (Get-Native $Path)
    $missing = @()
    while (-not [IO.Directory]::Exists($folder)) {
        if ([IO.File]::Exists($folder)) { Stop-Step 'stage' 'TargetRefused' "$folder is in the way: it is no folder" }
        $missing = @($folder) + $missing
        $folder = Get-Folder $folder
        if ($folder.Length -eq 2 -and -not [IO.Directory]::Exists("$folder\")) { Stop-Step 'stage' 'TargetRefused' "there is no drive $folder" }
        if ($folder.Length -eq 2) { break }
    }
    foreach ($one in $missing) { Add-Staged "$one\" }
    New-Folders $missing
    $missing
}

function Read-Entry($Zip, [string] $Name) {
    $stream = $Zip.GetEntry($Name).Open()
    $reader = New-Object -TypeName IO.StreamReader -ArgumentList $stream, ([Text.Encoding]::UTF8)
    try { $reader.ReadToEnd() } finally { $reader.Dispose() }
}

function Expand-Entry($Zip, $File, [string] $To) {
    $from = $Zip.GetEntry($File.entry).Open()
    $stream = [IO.File]::Open($To, 'Create', 'Write', 'None')
    try {
        $from.CopyTo($stream)
        $stream.Flush($true)
    } finally { $stream.Dispose(); $from.Dispose() }
    if ((Get-Sha256 $To) -ne $File.sha256) { Stop-Step 'stage' 'StreamCut' "$($File.path) has another hash" }
    Set-Access $To $File.mode ''
}

# ---- under the lock, before the first rename ----

function Save-Original([string] $Path) {
    if ($Path.StartsWith('C:/ProgramData/aksprov/')) { return }
    $kept, $absent = (Get-OriginalPlace 'files' $Path), (Get-OriginalPlace 'absent' $Path)
    if ([IO.File]::Exists($kept) -or [IO.File]::Exists($absent)) { return }
    Add-Log "kept`t$Path"
    $native = Get-Native $Path
    $place = if ([IO.File]::Exists($native)) { $kept } else { $absent }
    $null = [IO.Directory]::CreateDirectory((Get-Folder $place))
    if ($place -eq $absent) { return Write-Durable $absent '' 'Create' }
    [IO.File]::Copy($native, "$kept.part", $true)
    [IO.File]::Move("$kept.part", $kept)
}

# features come first and outlive a failure: taking one away would need one more restart
function Install-Features {
    $file = @($header.files | Where-Object { $_.reader -eq 'features' })
    $path = if ($file) { Get-Staged $file[0].path } else { "$D\features.json" }
    if ($header.steps -notcontains 'features' -or $header.leaving -or -not [IO.File]::Exists($path)) { return }
    $S.step = 'features'
    $names = @((Read-Setup $path).features)
    if (-not (Get-Command -Name Install-WindowsFeature -ErrorAction SilentlyContinue)) {
        Stop-Step 'features' 'FeatureMissing' "$($names -join ', '): this Windows has no Install-WindowsFeature, so it is no server"
    }
    foreach ($name in $names) {
        $feature = Get-WindowsFeature -Name $name
        if (-not $feature) { Stop-Step 'features' 'FeatureMissing' "${name}: there is no such feature" }
        if ("$($feature.InstallState)" -eq 'Installed') { continue }
        if ("$($feature.InstallState)" -ne 'InstallPending') {
            try { $done = Install-WindowsFeature -Name $name }
            catch { Stop-Step 'features' 'FeatureMissing' "${name}: $_" }
            if (-not $done.Success) { Stop-Step 'features' 'FeatureMissing' "${name}: $($done.ExitCode)" }
            if ("$($done.RestartNeeded)" -eq 'No') { continue }
        }
        $S.restart = $true
    }
    $S.text = $names -join ', '
}

function Save-Preparation([string] $Manifest) {
    $paths = @($header.files | ForEach-Object { $_.path })
    $gone = @($header.removes | ForEach-Object { $_.path })
    foreach ($path in $paths + $gone) { Assert-Target $path }
    $S.log = "$D\swap.log.new"
    Remove-File $S.log
    Write-Durable $Manifest $header.manifest 'Create'
    Add-Log "commit`t$(Get-Sha256 $Manifest)"
    foreach ($path in $paths) { Save-Original $path }
    foreach ($folder in $made) { Save-Folder $folder }
    foreach ($path in $gone) {
        $original = Get-OriginalPlace 'files' $path
        if ([IO.File]::Exists($original)) { [IO.File]::Copy($original, (Get-Staged $path), $true) }
    }
    foreach ($path in $paths + $gone) {
        if ([IO.File]::Exists((Get-Native $path))) { Add-Log "had`t$path" } else { Add-Log "new`t$path" }
    }
    [IO.File]::Move($S.log, "$D\swap.log")
    $S.log = "$D\swap.log"
    $S.swapping = $true
}

# ---- the swap ----

function Remove-Managed([string] $Path) {
    $ours = $Path.StartsWith('C:/ProgramData/aksprov/')
    # what we never put there is not ours to remove: somebody wrote it into the manifest
    if (-not $ours -and -not [IO.File]::Exists((Get-OriginalPlace 'files' $Path)) -and -not [IO.File]::Exists((Get-OriginalPlace 'absent' $Path))) { return }
    $original = Get-Staged $Path
    if (-not [IO.File]::Exists($original)) { $original = '' }
    Move-In $Path $original
}

function Test-Containerd {
    $S.text = 'not checked: containerd is not installed'
    $program = 'C:\Program Files\containerd\containerd.exe'
    if (-not [IO.File]::Exists($program)) { return }
    foreach ($file in $header.files) {
        if ($file.reader -ne 'containerd' -or -not $file.path.EndsWith('.toml')) { continue }
        $done = Invoke-Program $program @('-c', (Get-Staged $file.path), 'config', 'dump')
        if ($done.status -ne 0) { Stop-Step 'containerd' 'ConfigRefused' $done.text }
    }
    $S.text = 'checked'
}

function Update-Containerd {
    $is = Get-ServiceState 'containerd'
    if (-not $is -or -not $is.running) { return }
    Add-Log "service`tcontainerd`t$(ConvertTo-State $is)"
    Restart-ServiceTree 'containerd'
    $S.text = (@($S.text, 'restarted') -ne '') -join ', '
}

function Test-Kubeadm {
    $S.text = 'not checked: kubeadm is not installed'
    $program = 'C:\k\kubeadm.exe'
    if (-not [IO.File]::Exists($program)) { return }
    $S.text = 'not checked: this kubeadm cannot validate'
    if ((Invoke-Program $program @('config', 'validate', '--help')).status -ne 0) { return }
    foreach ($file in $header.files) {
        if ($file.reader -ne 'kubeadm') { continue }
        $copy = "$D\run\$($S.mark).yaml"
        Add-Staged $copy
        $document = [IO.File]::ReadAllText((Get-Staged $file.path))
        # a token that opens nothing
        if ($document.Contains('bootstrapToken:')) { $document += "`n    token: abcdef.0123456789abcdef`n    unsafeSkipCAVerification: true`n" }
        Write-Durable $copy $document 'Create'
        $done = Invoke-Program $program @('config', 'validate', '--config', $copy)
        Remove-File $copy
        if ($done.status -ne 0) { Stop-Step 'kubeadm' 'ConfigRefused' $done.text }
    }
    $S.text = 'checked with kubeadm'
}

function Switch-All {
    $order = 'named', 'features', 'firewall', 'containerd', 'services', 'kubeadm', 'data'
    # a removal goes the opposite way: services end before what they read goes
    if ($header.leaving) { [array]::Reverse($order) }
    $features = $S.text
    foreach ($reader in $order) {
        $S.step, $S.code, $S.text = $reader, 'SwapFailed', ''
        $at_work = $header.steps -contains $reader
        $setup = "$D\$reader.json"
        $old = if ($reader -eq 'firewall' -or $reader -eq 'services') { Read-Setup $setup }
        if ($at_work -and -not $header.leaving -and $reader -eq 'containerd') { Test-Containerd }
        if ($at_work -and -not $header.leaving -and $reader -eq 'kubeadm') { Test-Kubeadm }
        foreach ($file in $header.files) { if ($file.reader -eq $reader) { Move-In $file.path (Get-Staged $file.path) } }
        foreach ($gone in $header.removes) { if ($gone.reader -eq $reader) { Remove-Managed $gone.path } }
        if (-not $at_work) { continue }
        switch ($reader) {
            'features' { $S.text = if ($header.leaving) { 'stay: taking them away needs a restart' } else { $features } }
            'firewall' { Set-Firewall (Read-Setup $setup) $old }
            'containerd' { Update-Containerd }
            'services' { Set-Services (Read-Setup $setup) $old }
        }
        # not as output: 5.1 makes an object of an array that came from a function (value, Count) where it writes JSON
        $S.report += , @($reader, 'done', $S.text)
    }
}

# ---- after the manifest is in place: what goes only once nothing names it ----

function Complete-Removal {
    foreach ($gone in $header.removes) { Remove-Original $gone.path }
    if (-not $header.leaving) { return }
    if ([IO.File]::Exists("$D\originals\folders")) {
        $folders = @([IO.File]::ReadAllLines("$D\originals\folders") | Where-Object { $_ } | Sort-Object -Unique -Descending)
        foreach ($folder in $folders) { Remove-EmptyFolder $folder }
        $left = @($folders | Where-Object { [IO.Directory]::Exists($_) } | ForEach-Object { "$_`n" }) -join ''
        Write-Durable "$D\originals\folders" $left 'Create'
    }
    if ($header.steps -contains 'services' -and [IO.Directory]::Exists("$D\originals\services")) { [IO.Directory]::Delete("$D\originals\services", $true) }
    if ((ConvertFrom-Json -InputObject $header.manifest).files) { return }
    # the manifest goes last: while it is there, the next removal of this cluster ends what this one began.  The epoch
    # stays: a run that was paused may still wake.
    if ([IO.Directory]::Exists("$D\originals")) { [IO.Directory]::Delete("$D\originals", $true) }
    Remove-File "$D\manifest.json"
}

$zip = "$D\run\$($S.mark).zip"
try {
    Clear-Killed
    $S.list = [IO.File]::Open("$D\run\$($S.mark).stage", 'Create', 'Write', 'Read')
    Add-Staged $zip
    if ((Get-Sha256 $zip) -ne $asked.sha256) { Stop-Step 'stage' 'StreamCut' 'the bundle has another hash' }
    Add-Type -AssemblyName System.IO.Compression, System.IO.Compression.FileSystem
    $archive = [IO.Compression.ZipFile]::OpenRead($zip)
    try {
        $header = ConvertFrom-Json -InputObject (Read-Entry $archive 'header.json')
        $manifest = Get-Staged "$D\manifest.json"
        $staged = @(@($header.files) + @($header.removes) | Where-Object { $_ } | ForEach-Object { Get-Staged $_.path }) + @($manifest)
        foreach ($path in $staged) { Add-Staged $path }
        foreach ($file in $header.files) { $made += @(New-FolderOf $file.path) }
        foreach ($file in $header.files) { Expand-Entry $archive $file (Get-Staged $file.path) }
    } finally { $archive.Dispose() }
    Remove-File $zip
    if (-not (Enter-Lock 30 $header.epoch)) { Stop-Step 'lock' 'HostLocked' (Get-Holder) }
    if ([IO.File]::Exists("$D\swap.log")) { Stop-Step 'lock' 'SwapBroken' '' }
    Undo-Preparation
    Assert-State $header
    Install-Features
    if ($S.restart) {
        $answer = @{ restart = $S.text }
        foreach ($path in $staged) { Remove-File $path }
        foreach ($folder in @($made | Sort-Object -Descending)) { Remove-EmptyFolder $folder }
    } else {
        $S.step = 'stage'
        Save-Preparation $manifest
        Switch-All
        Assert-Settled
        $S.step = 'manifest'
        Move-Over $manifest "$D\manifest.json"
        $S.swapping = $false
        Clear-Old
        Complete-Removal
        $answer = @{ steps = $S.report }
    }
} catch {
    if (-not $S.failure) { $S.failure = @($S.step, (Get-Code $_), "$_") }
    $failed = @(, $S.failure)
    $S.failure = $null
    try {
        if ($S.swapping) {
            Undo-Swap
            if ($S.broken) { $failed += , @('back', 'HostLeftHalf', ($S.broken -join "`n")) }
        } elseif ($S.lock) { Undo-Preparation }
        foreach ($path in $staged) { Remove-File $path }
        foreach ($folder in @($made | Sort-Object -Descending)) { Remove-EmptyFolder $folder }
    } catch { $failed += , @('back', 'HostLeftHalf', "$_") }
    $answer = @{ failed = $failed }
} finally {
    Exit-Lock
    if ($S.list) {
        $S.list.Dispose()
        Remove-File "$D\run\$($S.mark).stage"
        Remove-File $zip
    }
}
Write-Answer $answer
