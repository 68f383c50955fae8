# receive.ps1: pieces of a zip, base64 on the pipeline, go to the end of run\MARK.zip.
# A bundle that is larger than one pipeline may carry comes in several; all but the last end here.
$S.mark = $asked.mark
$zip = "$D\run\$($asked.mark).zip"
try {
    Initialize-Home
    $stream = [IO.File]::Open($zip, 'Append', 'Write', 'None')
    try {
        foreach ($piece in $input) {
            $bytes = [Convert]::FromBase64String($piece)
            $stream.Write($bytes, 0, $bytes.Length)
        }
        $stream.Flush($true)
    } finally { $stream.Dispose() }
} catch {
    if (-not $S.failure) { $S.failure = @($S.step, (Get-Code $_), "$_") }
    Remove-File $zip
    return Write-Answer @{ failed = @(, $S.failure) }
}
if (-not $asked.last) { return Write-Answer @{ bytes = (Get-Item -LiteralPath $zip).Length } }
