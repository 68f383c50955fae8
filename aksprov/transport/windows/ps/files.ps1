# files.ps1: files of this host.  Names come as "C:/x/y"; what is staged or kept lies beside the target under a name that its
# reader ignores.
function Get-Native([string] $Path) { $Path.Replace('/', '\') }

function Get-Beside([string] $Path, [string] $Ending) {
    $native = Get-Native $Path
    $cut = $native.LastIndexOf('\')
    $native.Substring(0, $cut) + '\.' + $native.Substring($cut + 1) + '.aksprov-' + $Ending
}

function Get-Staged([string] $Path) { Get-Beside $Path $S.mark }
function Get-Old([string] $Path) { Get-Beside $Path 'old' }
function Get-OriginalPlace([string] $Kind, [string] $Path) { "$D\originals\$Kind\" + (Get-Native $Path).Remove(1, 1) }
function Get-Folder([string] $Path) { $Path.Substring(0, $Path.LastIndexOf('\')) }

function Get-Sha256([string] $Path) { (Get-FileHash -LiteralPath $Path -Algorithm SHA256).Hash.ToLowerInvariant() }

# a text that is on the disk when this returns
function Write-Durable([string] $Path, [string] $Text, [string] $How) {
    $bytes = (New-Object -TypeName Text.UTF8Encoding -ArgumentList $false).GetBytes($Text)
    $stream = [IO.File]::Open($Path, $How, 'Write', 'Read')
    try {
        $stream.Write($bytes, 0, $bytes.Length)
        $stream.Flush($true)
    } finally { $stream.Dispose() }
}

function Remove-File([string] $Path) { if ([IO.File]::Exists($Path)) { [IO.File]::Delete($Path) } }

# a rename; what has the place already goes
function Move-Over([string] $From, [string] $To) {
    if ([IO.File]::Exists($To)) { [IO.File]::Replace($From, $To, [NullString]::Value) } else { [IO.File]::Move($From, $To) }
}

# a program's output and exit code; 5.1 takes a line on stderr for an error of ours
function Invoke-Program([string] $Program, [string[]] $Arguments) {
    $ErrorActionPreference = 'Continue'
    $said = & $Program $Arguments 2>&1
    @{ status = $LASTEXITCODE; text = (@($said | Select-Object -Last 8 | ForEach-Object { "$_" }) -join "`n") }
}

# who may do what with a file or folder, by SID: SYSTEM, Administrators, Users
function Set-Access([string] $Path, [string] $Mode, [string] $Inherited) {
    $grants = @("*S-1-5-18:$($Inherited)F", "*S-1-5-32-544:$($Inherited)F")
    if ($Mode -eq '0644') { $grants += "*S-1-5-32-545:$($Inherited)RX" }
    foreach ($words in @(@('/setowner', '*S-1-5-32-544'), (@('/inheritance:r', '/grant:r') + $grants))) {
        $done = Invoke-Program 'icacls.exe' (@($Path) + $words)
        if ($done.status -ne 0) { Stop-Step 'stage' 'OwnerRefused' "${Path}: $($done.text)" }
    }
}

# folders, the outermost first.  Below C:\ every user may add files to a folder, if nothing is said, and what lies in ours runs as
# SYSTEM; those further in inherit what is said of the first.
function New-Folders([string[]] $Paths) {
    foreach ($one in $Paths) {
        $null = [IO.Directory]::CreateDirectory($one)
        if ($one -eq $Paths[0]) { Set-Access $one '0644' '(OI)(CI)' }
    }
}

# our own folder, closed to users before anything lies in it
function Initialize-Home {
    if (-not [IO.Directory]::Exists("$D\run")) {
        $null = [IO.Directory]::CreateDirectory("$D\run")
        Set-Access $D '0600' '(OI)(CI)'
    }
}
