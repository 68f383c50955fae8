# append.ps1: a piece of a large file, base64 on the pipeline, goes to its place in NAME.part.  Nothing here runs before all of the
# piece has come, so of a run that was killed meanwhile nothing arrives.
# Request: state_id, epoch, path, offset, sha256 (of the piece).
function Write-Piece([string] $Part, $Piece) {
    $stream = [IO.File]::Open($Part, 'Open', 'ReadWrite', 'None')
    try {
        if ($stream.Length -lt $asked.offset) { Stop-Step $S.step 'HostChangedMeanwhile' "$Part has $($stream.Length) bytes, and not $($asked.offset)" }
        $stream.SetLength($asked.offset)
        $null = $stream.Seek(0, 'End')
        try {
            $Piece.Position = 0
            $Piece.CopyTo($stream)
            $stream.Flush($true)
        } catch {
            $stream.SetLength($asked.offset)
            throw
        }
    } finally { $stream.Dispose() }
}

try {
    $piece = New-Object -TypeName IO.MemoryStream
    foreach ($one in $input) {
        $bytes = [Convert]::FromBase64String($one)
        $piece.Write($bytes, 0, $bytes.Length)
    }
    $piece.Position = 0
    $is = (Get-FileHash -InputStream $piece -Algorithm SHA256).Hash.ToLowerInvariant()
    if ($is -ne $asked.sha256) { Stop-Step $S.step 'StreamCut' "a piece of $($asked.path) has another hash" }
    Enter-Fence
    Write-Piece (Initialize-Part $asked.path) $piece
    $answer = @{ bytes = $piece.Length }
} catch { $answer = Get-Failed $_ }
finally { Exit-Lock }
Write-Answer $answer
