# part.ps1: a program, or another large file of its own, lies beside its place as NAME.part until all of it is there.
$S.step = 'prepare-host'

function Get-Part([string] $Path) { (Get-Native $Path) + '.part' }

# of the first bytes of a buffer
function Get-BytesHash($Bytes, [int] $Count) {
    $memory = New-Object -TypeName IO.MemoryStream -ArgumentList @($Bytes, 0, $Count, $false)
    (Get-FileHash -InputStream $memory -Algorithm SHA256).Hash.ToLowerInvariant()
}

# what lies there is the whole file and the right one; the size is asked first, as that is soon known
function Test-Whole([string] $Native, $File) {
    [IO.File]::Exists($Native) -and (Get-Item -LiteralPath $Native).Length -eq $File.size -and (Get-Sha256 $Native) -eq $File.sha256
}

# the folders above a path
function New-ProgramFolder([string] $Path) {
    $folder = Get-Folder (Get-Native $Path)
    $missing = @()
    while ($folder.Length -gt 2 -and -not [IO.Directory]::Exists($folder)) {
        if ([IO.File]::Exists($folder)) { Stop-Step $S.step 'TargetRefused' "$folder is in the way: it is no folder" }
        $missing = @($folder) + $missing
        $folder = Get-Folder $folder
    }
    New-Folders $missing
}

# this run may change the host; locked from here on
function Enter-Fence {
    Initialize-Home
    if (-not (Enter-Lock 30 $asked.epoch)) { Stop-Step $S.step 'HostLocked' (Get-Holder) }
    if ([IO.File]::Exists("$D\swap.log")) { Stop-Step $S.step 'SwapBroken' '' }
    Assert-State $asked
}

# an empty file for what comes, or the one that is there
function Initialize-Part([string] $Path) {
    $part = Get-Part $Path
    New-ProgramFolder $Path
    if (-not [IO.File]::Exists($part)) {
        Write-Durable $part '' 'Create'
        Set-Access $part '0644' ''
    }
    $part
}

# the error of a script, as its answer
function Get-Failed($Record) {
    if (-not $S.failure) { $S.failure = @($S.step, (Get-Code $Record), "$Record") }
    @{ failed = @(, $S.failure) }
}
