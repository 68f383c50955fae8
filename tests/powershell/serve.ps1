# Runs scripts that come as JSON lines on standard input, all in one engine; a JSON line for each says what came of it.
# {"script": TEXT, "environment": {NAME: VALUE}, "folder": PATH}
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $case = ConvertFrom-Json $line
    foreach ($entry in $case.environment.PSObject.Properties) { Set-Item "env:$($entry.Name)" $entry.Value }
    Set-Location -LiteralPath $case.folder
    Import-Module Aksprov  # removing the module AksHci takes it along
    $said = [ordered]@{ output = @(); errors = @(); warnings = @(); verbose = @(); notes = @(); thrown = '' }
    $describe = {
        param($record)
        [ordered]@{
            id = $record.FullyQualifiedErrorId; category = "$($record.CategoryInfo.Category)"
            text = "$record"; problem = $record.TargetObject
        }
    }
    try {
        & ([scriptblock]::Create($case.script)) *>&1 | ForEach-Object {
            if ($_ -is [System.Management.Automation.ErrorRecord]) { $said.errors += & $describe $_ }
            elseif ($_ -is [System.Management.Automation.WarningRecord]) { $said.warnings += "$_" }
            elseif ($_ -is [System.Management.Automation.VerboseRecord]) { $said.verbose += "$_" }
            elseif ($_ -is [System.Management.Automation.InformationRecord]) { $said.notes += "$_" }
            else { $said.output += , $_ }
        }
    } catch {
        $said.thrown = & $describe $_
    }
    [Console]::Out.WriteLine('said:' + (ConvertTo-Json -InputObject $said -Depth 6 -Compress))
}
