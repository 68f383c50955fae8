# What PowerShell's own syntax tree has in scripts: errors, tokens and nodes that Windows PowerShell 5.1 lacks, commands with their
# parameters, .NET types, and members that are named.  Prints one JSON object, by path.
param([Parameter(Mandatory, ValueFromRemainingArguments)][string[]] $Path)
$ErrorActionPreference = 'Stop'
$newer = 'QuestionQuestion', 'QuestionQuestionEquals', 'QuestionDot', 'QuestionLBracket', 'AndAnd', 'OrOr', 'Clean', 'TernaryExpressionAst', 'PipelineChainAst'
$seen = [ordered]@{}
foreach ($file in $Path) {
    $tokens = $errors = $null
    $tree = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref] $tokens, [ref] $errors)
    $nodes = $tree.FindAll({ $true }, $true)
    $of = { param($kind) foreach ($node in $nodes) { if ($node.GetType().Name -eq $kind) { $node } } }
    $seen[$file] = [ordered]@{
        errors = @($errors | ForEach-Object { "$_" })
        newer = @(@($tokens | ForEach-Object { "$($_.Kind)" }) + @($nodes | ForEach-Object { $_.GetType().Name }) | Where-Object { $_ -in $newer })
        functions = @(& $of FunctionDefinitionAst | ForEach-Object { $_.Name })
        commands = @(& $of CommandAst | ForEach-Object {
                $parameters = @($_.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] } | ForEach-Object { $_.ParameterName })
                [ordered]@{ name = "$($_.GetCommandName())"; text = $_.Extent.Text; parameters = $parameters }
            })
        types = @(@(& $of TypeExpressionAst) + @(& $of TypeConstraintAst) | ForEach-Object { $_.TypeName.FullName } | Sort-Object -Unique)
        statics = @(@(& $of MemberExpressionAst) + @(& $of InvokeMemberExpressionAst) | Where-Object { $_.Static } | ForEach-Object { "$($_.Expression.TypeName.FullName)::$($_.Member.Value)" } | Sort-Object -Unique)
        methods = @(& $of InvokeMemberExpressionAst | Where-Object { -not $_.Static } | ForEach-Object { "$($_.Member.Value)" } | Sort-Object -Unique)
    }
}
ConvertTo-Json -Depth 6 -InputObject $seen
