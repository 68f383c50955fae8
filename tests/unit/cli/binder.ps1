# What PowerShell makes of command lines: for each, what its binder binds, and the words that it hands to a program.
param([Parameter(Mandatory)][string]$Questions, [Parameter(Mandatory)][string]$Answers)

$asked = Get-Content -Raw -LiteralPath $Questions | ConvertFrom-Json
foreach ($text in $asked.functions) { . ([scriptblock]::Create($text)) }

function Get-Text($value) {
    if ($value -is [array]) { , @($value | ForEach-Object { "$_" }) } elseif ($null -ne $value) { "$value" }
}

$all = foreach ($line in $asked.lines) {
    $answer = @{ error = ''; set = ''; values = @{}; words = '' }
    try {
        $bound = & ([scriptblock]::Create($line))
        $answer.set = $bound.Set
        foreach ($name in $bound.Values.Keys) { $answer.values[$name] = Get-Text $bound.Values[$name] }
    } catch {
        $answer.error = $_.FullyQualifiedErrorId
    }
    try {
        $program = $line -replace '^\S+', "/usr/bin/printf '%s\001'"
        $answer.words = (& ([scriptblock]::Create($program))) -join "`n"
    } catch [System.Management.Automation.MethodInvocationException] {
        $answer.words = ''  # no line of PowerShell's grammar
    }
    $answer
}
ConvertTo-Json -InputObject @($all) -Depth 5 | Set-Content -LiteralPath $Answers -Encoding utf8
