# What PowerShell's own parser sees in scripts: errors, syntax that Windows PowerShell 5.1 lacks, and which commands
# are called with which parameters.  Prints one JSON object, by path.
param([Parameter(Mandatory, ValueFromRemainingArguments)][string[]] $Path)
$ErrorActionPreference = 'Stop'
$newerTokens = 'QuestionQuestion', 'QuestionQuestionEquals', 'QuestionDot', 'QuestionLBracket', 'AndAnd', 'OrOr', 'Clean'
$newerNodes = 'TernaryExpressionAst', 'PipelineChainAst'
$seen = [ordered]@{}
foreach ($file in $Path) {
    $tokens = $errors = $null
    $tree = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref]$tokens, [ref]$errors)
    $nodes = $tree.FindAll({ $true }, $true)
    $newer = @($tokens | Where-Object { "$($_.Kind)" -in $newerTokens } | ForEach-Object { $_.Text })
    $newer += @($nodes | Where-Object { $_.GetType().Name -in $newerNodes } | ForEach-Object { $_.Extent.Text })
    # `e and `u{...} are plain letters in 5.1
    $newer += @($nodes | Where-Object { $_.GetType().Name -like '*String*Ast' -and $_.Extent.Text -cmatch '^@?".*`[eu]' } |
            ForEach-Object { $_.Extent.Text })
    $functions = @($nodes | Where-Object { $_ -is [System.Management.Automation.Language.FunctionDefinitionAst] } |
            ForEach-Object { $_.Name })
    $commands = @(foreach ($node in $nodes) {
            if ($node -isnot [System.Management.Automation.Language.CommandAst]) { continue }
            $name = $node.GetCommandName()
            if (-not $name -or $name -in $functions) { continue }
            $parameters = @($node.CommandElements |
                    Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] } |
                    ForEach-Object { $_.ParameterName })
            [pscustomobject]@{ name = $name; parameters = $parameters }
        })
    $seen[$file] = [pscustomobject]@{ errors = @($errors | ForEach-Object { "$_" }); newer = $newer; commands = $commands }
}
ConvertTo-Json -Depth 6 -InputObject $seen
