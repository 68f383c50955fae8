# swap.ps1: the record of a swap, from which it is put back or finished, also after a power cut.
# swap.log is on the disk before what it tells of is done; a tab between the words:
#   commit SHA256       of the manifest that ends this swap
#   kept PATH           its first version went to originals
#   had PATH            the old file is kept beside it
#   new PATH            there was no file
#   service|rule|task NAME STATE    the state before as JSON, null for none
#   folder|link PATH    there was none
#   part PATH           the new file came as NAME.part, and goes back there
# While it is still called swap.log.new nothing has been renamed.
function Add-Log([string] $Line) { Write-Durable $S.log "$Line`n" 'Append' }

# the whole lines of a log; one without its end was never acted upon
function Get-Log([string] $Path) {
    $text = [IO.File]::ReadAllText($Path)
    foreach ($line in $text.Substring(0, $text.LastIndexOf("`n") + 1).Split("`n")) {
        if (-not $line) { continue }
        $words = $line.Split("`t") + @('', '')
        @{ kind = $words[0]; name = $words[1]; state = $words[2] }
    }
}

# the first line that we cannot have written
function Find-OddLine {
    $count = 0
    foreach ($line in Get-Log "$D\swap.log") {
        $count++
        $kinds = if ($count -eq 1) { 'commit' } else { 'kept', 'had', 'new', 'service', 'rule', 'task', 'folder', 'link', 'part' }
        if ($kinds -notcontains $line.kind -or -not $line.name) { return "line ${count}: $($line.kind)" }
    }
    if (-not $count) { 'no whole line is there' }
}

# a target must be nothing or a file that a rename can replace
function Assert-Target([string] $Path) {
    $native = Get-Native $Path
    if ([IO.Directory]::Exists($native)) { Stop-Step 'stage' 'TargetRefused' "$native is a folder" }
    if (-not [IO.File]::Exists($native)) { return }
    if ([IO.File]::GetAttributes($native) -band [IO.FileAttributes]::ReparsePoint) { Stop-Step 'stage' 'TargetRefused' "$native is a symbolic link" }
    # one that a program holds open for itself cannot be renamed
    try { ([IO.File]::Open($native, 'Open', 'Read', 'ReadWrite, Delete')).Dispose() }
    catch [IO.IOException] { Stop-Step 'stage' 'TargetRefused' "$native is in use" }
}

# a rename, the old file kept beside it; only that where nothing comes in its place
function Move-In([string] $Path, [string] $From) {
    $native = Get-Native $Path
    if ([IO.File]::Exists($native)) { [IO.File]::Move($native, (Get-Old $Path)) }
    if ($From) { [IO.File]::Move($From, $native) }
}

function Remove-Original([string] $Path) {
    Remove-File (Get-OriginalPlace 'files' $Path)
    Remove-File (Get-OriginalPlace 'absent' $Path)
}

# put everything back as swap.log tells; S.broken says what could not be
function Undo-Swap {
    $S.broken = @()
    $lines = @(Get-Log "$D\swap.log")
    foreach ($line in $lines) {
        try {
            switch ($line.kind) {
                'part' { Undo-Program $line.name }
                'had' {
                    $old = Get-Old $line.name
                    if ([IO.File]::Exists($old)) {
                        Remove-File (Get-Native $line.name)
                        [IO.File]::Move($old, (Get-Native $line.name))
                    }
                }
                'new' { Remove-File (Get-Native $line.name) }
                'kept' { Remove-Original $line.name }
            }
        } catch { $S.broken += "$($line.name): $_" }
    }
    [array]::Reverse($lines)
    foreach ($line in $lines) {
        try {
            switch ($line.kind) {
                # one that was not there goes before those it depends on
                'service' { if ($line.state -eq 'null') { Restore-ServiceState $line.name $null } }
                'rule' { Restore-Rule $line.name (ConvertFrom-Json -InputObject $line.state) }
                'task' { Restore-Task $line.name (ConvertFrom-Json -InputObject $line.state) }
                'link' { if ([IO.Directory]::Exists((Get-Native $line.name))) { [IO.Directory]::Delete((Get-Native $line.name)) } }
                'folder' { Remove-EmptyFolder (Get-Native $line.name) }
            }
        } catch { $S.broken += "$($line.name): $_" }
    }
    # in the order they were recorded: a service starts after those it depends on
    [array]::Reverse($lines)
    foreach ($line in $lines) {
        try { if ($line.kind -eq 'service' -and $line.state -ne 'null') { Restore-ServiceState $line.name (ConvertFrom-Json -InputObject $line.state) } }
        catch { $S.broken += "$($line.name): $_" }
    }
    if (-not $S.broken) { Remove-File "$D\swap.log" }
}

# a new program ends, and goes back to where it came
function Undo-Program([string] $Path) {
    $native = Get-Native $Path
    if ([IO.File]::Exists("$native.part")) { return }
    foreach ($name in @(Get-RunningFrom $Path)) { if ((Get-ServiceState $name).running) { $null = Stop-ServiceTree $name } }
    if ([IO.File]::Exists($native)) { [IO.File]::Move($native, "$native.part") }
}

function Remove-EmptyFolder([string] $Path) {
    if ([IO.Directory]::Exists($Path) -and -not @([IO.Directory]::GetFileSystemEntries($Path))) { [IO.Directory]::Delete($Path) }
}

# the swap never began: nothing of its preparation stays
function Undo-Preparation {
    if (-not [IO.File]::Exists("$D\swap.log.new")) { return }
    foreach ($line in Get-Log "$D\swap.log.new") { if ($line.kind -eq 'kept') { Remove-Original $line.name } }
    Remove-File "$D\swap.log.new"
}

# what runs left that were killed: a live one holds its list open.  A zip without a list is of a bundle that comes in
# several pipelines; between two of them nobody holds it, so only an old one goes, as of scripts that never ran (WinRS).
function Clear-Killed {
    if (-not [IO.Directory]::Exists("$D\run")) { return }
    foreach ($list in [IO.Directory]::GetFiles("$D\run", '*.stage')) {
        $alone = Open-Alone $list
        if (-not $alone) { continue }
        $alone.Dispose()
        $folders = @()
        foreach ($path in [IO.File]::ReadAllLines($list)) {
            if ($path.EndsWith('\')) { $folders = @($path.TrimEnd('\')) + $folders } elseif ($path) { Remove-File $path }
        }
        foreach ($folder in $folders) { Remove-EmptyFolder $folder }
        Remove-File $list
    }
    foreach ($ending in '*.zip', '*.ps1') {
        foreach ($left in [IO.Directory]::GetFiles("$D\run", $ending)) {
            if ([IO.File]::GetLastWriteTimeUtc($left) -lt [DateTime]::UtcNow.AddMinutes(-15)) { Remove-File $left }
        }
    }
}

# the manifest is in place: what was kept for putting back is not needed any more
function Clear-Old {
    $programs = @(Get-Log "$D\swap.log" | Where-Object { $_.kind -eq 'part' } | ForEach-Object { $_.name })
    foreach ($line in Get-Log "$D\swap.log") {
        if ($line.kind -ne 'had') { continue }
        # of a program that no service of its own has (a shim) the old file may run on; it goes before the next one comes
        try { Remove-File (Get-Old $line.name) } catch { if ($programs -notcontains $line.name) { throw } }
    }
    Remove-File "$D\swap.log"
}
