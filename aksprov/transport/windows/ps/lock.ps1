# lock.ps1: one writer at a time on this host.  The lock is a file held open for nobody else, so it goes with its process;
# lock.holder beside it says who has it.
function Open-Alone([string] $Path) {
    try { return [IO.File]::Open($Path, 'OpenOrCreate', 'ReadWrite', 'None') }
    catch [IO.IOException] { return $null }
}

# take the lock within so many seconds
function Enter-Lock([int] $Seconds, [string] $Epoch) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    while (-not ($S.lock = Open-Alone "$D\lock")) {
        if ($watch.Elapsed.TotalSeconds -ge $Seconds) { return $false }
        Start-Sleep -Milliseconds 300
    }
    [IO.File]::WriteAllText("$D\lock.holder", "process $PID on the host, of the run with epoch $Epoch")
    $true
}

function Get-Holder {
    if ([IO.File]::Exists("$D\lock.holder")) { [IO.File]::ReadAllText("$D\lock.holder") } else { 'another process on the host' }
}

function Exit-Lock {
    if (-not $S.lock) { return }
    Remove-File "$D\lock.holder"
    $S.lock.Dispose()
    $S.lock = $null
}
