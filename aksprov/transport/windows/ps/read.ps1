# read.ps1: the contents of files that are there, as base64 by path.
$found = @{}
foreach ($path in $asked.paths) {
    $native = Get-Native $path
    if ([IO.File]::Exists($native)) { $found[$path] = [Convert]::ToBase64String([IO.File]::ReadAllBytes($native)) }
}
Write-Answer @{ contents = $found }
