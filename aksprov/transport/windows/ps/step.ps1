# step.ps1: the file that the task of a long step runs.  Its script gets run\UNIT.json as its parameter; one that ends without
# run\UNIT.result could not begin, and what it answered says why.
$mine = $PSCommandPath.Substring(0, $PSCommandPath.Length - 4)
$request = [IO.File]::ReadAllText("$mine.json")
$body = {
'SCRIPT'
}
$said = try { & $body -Request $request } catch { "$_" }
if (-not [IO.File]::Exists("$mine.result")) {
    foreach ($ending in 'secret', 'yaml') { if ([IO.File]::Exists("$mine.$ending")) { [IO.File]::Delete("$mine.$ending") } }
    [IO.File]::AppendAllText("$mine.log", (@($said | ForEach-Object { "$_" }) -join "`n"))
    [IO.File]::WriteAllText("$mine.result", '1')
}
