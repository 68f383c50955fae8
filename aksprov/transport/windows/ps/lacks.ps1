# lacks.ps1: what of these files is here, and how much of one that is not.
# Request: piece (bytes), files [{path, sha256, size}].
# Answer: {"files": [{path, state: "right"|"other"|"absent", pieces: "SHA256 SHA256 ..." of NAME.part}], "free": bytes on C:}
function Read-Pieces([string] $Part) {
    $buffer = New-Object -TypeName byte[] -ArgumentList $asked.piece
    $stream = [IO.File]::Open($Part, 'Open', 'Read', 'ReadWrite, Delete')
    try {
        do {
            $count = 0
            # a read may give less than there is
            while ($count -lt $asked.piece -and ($read = $stream.Read($buffer, $count, $asked.piece - $count)) -gt 0) { $count += $read }
            if ($count) { Get-BytesHash $buffer $count }
        } while ($count -eq $asked.piece)
    } finally { $stream.Dispose() }
}

function Get-Imported {
    if ([IO.File]::Exists("$D\images.imported")) { [IO.File]::ReadAllLines("$D\images.imported") }
}

try {
    $imported = @(Get-Imported)
    $files = @()
    foreach ($file in $asked.files) {
        $native, $part = (Get-Native $file.path), (Get-Part $file.path)
        $state = 'absent'
        if ($imported -contains $file.sha256 -or (Test-Whole $native $file)) { $state = 'right' }
        elseif ([IO.File]::Exists($native)) { $state = 'other' }
        $pieces = if ($state -ne 'right' -and [IO.File]::Exists($part)) { @(Read-Pieces $part) -join ' ' } else { '' }
        $files += @{ path = $file.path; state = $state; pieces = $pieces }
    }
    $disk = Get-CimInstance -ClassName Win32_LogicalDisk -Filter "DeviceID = 'C:'"
    $answer = @{ files = $files; free = [long] $disk.FreeSpace }
} catch { $answer = Get-Failed $_ }
Write-Answer $answer
