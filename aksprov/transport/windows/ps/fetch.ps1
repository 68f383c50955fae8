# fetch.ps1: this host gets a large file by itself, by HTTP or HTTPS, as NAME.part.
# Request: state_id, epoch, url, proxy ("" for none), path, sha256, size, seconds (for all of it).
# Not Invoke-WebRequest: in 5.1 it holds the file in memory, and is slow.
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12

function Get-Why($Record) {
    $cause = $Record.Exception.GetBaseException()
    $said = if ($cause.PSObject.Properties['Response'] -and $cause.Response) { "HTTP $([int] $cause.Response.StatusCode): " } else { '' }
    "$($asked.url): $said$($cause.Message)"
}

function New-Request {
    $request = [Net.WebRequest]::Create($asked.url)
    # the machine's own proxy is not asked: the site's files are on the site
    $request.Proxy = if ($asked.proxy) { New-Object -TypeName Net.WebProxy -ArgumentList $asked.proxy } else { New-Object -TypeName Net.WebProxy }
    $request.Timeout = 30000
    $request.ReadWriteTimeout = 30000
    $request.MaximumAutomaticRedirections = 5
    $request
}

# at most what the file has, within the time
function Copy-Response($From, $To) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $buffer = New-Object -TypeName byte[] -ArgumentList 1048576
    $got = 0
    while ($true) {
        try { $read = $From.Read($buffer, 0, $buffer.Length) } catch { Stop-Step $S.step 'DownloadFailed' (Get-Why $_) }
        if (-not $read) { return $got }
        $got += $read
        if ($got -gt $asked.size) { Stop-Step $S.step 'DownloadWrong' "$($asked.url) gives more than the file's $($asked.size) bytes" }
        if ($watch.Elapsed.TotalSeconds -gt $asked.seconds) { Stop-Step $S.step 'DownloadFailed' "$($asked.url): $got of $($asked.size) bytes after $($asked.seconds) s" }
        $To.Write($buffer, 0, $read)
    }
}

function Save-Url([string] $Part) {
    # who was killed may still be at it, until its pool ends
    $watch = [Diagnostics.Stopwatch]::StartNew()
    while (-not ($stream = Open-Alone $Part)) {
        if ($watch.Elapsed.TotalSeconds -gt 200) { Stop-Step $S.step 'HostLocked' "another process on the host has $Part" }
        Start-Sleep -Seconds 1
    }
    try {
        $stream.SetLength(0)
        $request = New-Request
        try { $response = $request.GetResponse() } catch { Stop-Step $S.step 'DownloadFailed' (Get-Why $_) }
        # what is left of an answer that we do not want is not read
        try { $got = Copy-Response $response.GetResponseStream() $stream } finally { $request.Abort() }
        $stream.Flush($true)
    } finally { $stream.Dispose() }
    if ($got -lt $asked.size) { Stop-Step $S.step 'DownloadFailed' "$($asked.url) ended after $got of $($asked.size) bytes" }
    if ((Get-Sha256 $Part) -ne $asked.sha256) { Stop-Step $S.step 'DownloadWrong' "$($asked.url) has another hash than $($asked.sha256)" }
}

$part = ''
try {
    Enter-Fence
    $part = Initialize-Part $asked.path
    Exit-Lock
    Save-Url $part
    $answer = @{ bytes = $asked.size }
} catch {
    $answer = Get-Failed $_
    # nothing of another file, or of one that a full disk cut, stays
    if ($part -and $S.failure[1] -ne 'HostLocked') { Remove-File $part }
} finally { Exit-Lock }
Write-Answer $answer
