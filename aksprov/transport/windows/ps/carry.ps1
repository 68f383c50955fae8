# carry.ps1: the second half.  It is the file that runs: the first line of standard input has the script's parameters, the
# others are its pipeline input.
$lines = $input
$null = $lines.MoveNext()
$given = ConvertFrom-Json -InputObject $lines.Current
$named = @{}
foreach ($each in $given.parameters.PSObject.Properties) { $named[$each.Name] = $each.Value }
foreach ($each in $given.secrets.PSObject.Properties) { $named[$each.Name] = ConvertTo-SecureString -String $each.Value -AsPlainText -Force }
$given = $null
[IO.File]::Delete($PSCommandPath)
$body = {
'SCRIPT'
}
& { while ($lines.MoveNext()) { $lines.Current } } | & $body @named
