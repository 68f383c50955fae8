# What all cmdlets of the module share: it starts aksprov, hands it one request as JSON on standard input and passes on
# what it says, a JSON object on each line (aksprov/cli/invoke.py). Written for Windows PowerShell 5.1 and PowerShell 7.

# Exit code of aksprov -> category of the error record.
$script:Categories = @{
    1 = 'InvalidResult'; 64 = 'InvalidArgument'; 65 = 'InvalidData'; 66 = 'ObjectNotFound'; 69 = 'NotImplemented'
    70 = 'NotSpecified'; 73 = 'InvalidOperation'; 74 = 'ResourceUnavailable'; 75 = 'ResourceBusy'
    77 = 'AuthenticationError'; 127 = 'NotInstalled'; 130 = 'OperationStopped'
}
# Preference variables, and the common parameters that set them.
$script:Preferences = @{
    ErrorActionPreference = 'ErrorAction'; WarningPreference = 'WarningAction'; VerbosePreference = 'Verbose'
    InformationPreference = 'InformationAction'; ProgressPreference = 'ProgressAction'
    ConfirmPreference = 'Confirm'; WhatIfPreference = 'WhatIf'
}
$script:Patience = 60000  # milliseconds that a stopped run has to end the hosts that have begun

# Carry out one verb for a cmdlet. About: Verb, Type (of the objects), Plans, Rows (its objects are rows of checks),
# Older (names of older releases -> today's).
function Invoke-AksprovVerb {
    param([System.Management.Automation.PSCmdlet] $Cmdlet, [System.Collections.IDictionary] $Bound, [hashtable] $About)

    # A module's functions do not see the preferences of a script that calls them.
    foreach ($name in $script:Preferences.Keys) {
        if (-not $Bound.ContainsKey($script:Preferences[$name])) {
            $value = $Cmdlet.SessionState.PSVariable.GetValue($name)
            if ($null -ne $value) { Set-Variable -Name $name -Value $value -WhatIf:$false -Confirm:$false }
        }
    }
    $command = $Cmdlet.MyInvocation.MyCommand.Name
    $target = if ($Bound.ContainsKey('name')) { [string] $Bound['name'] } else { '' }
    $values = Get-AksprovValues $Bound
    if ($About.Older) { Write-AksprovOlderNames $Cmdlet $values.Keys $About.Older }
    if ($WhatIfPreference -and $About.Plans) {
        $values['whatIf'] = $true
    } elseif ($About.Changes) {
        if (-not $Cmdlet.ShouldProcess($target, $command)) { return }
        if ($WhatIfPreference) {  # a script's own variable, which ShouldProcess does not see
            $Cmdlet.Host.UI.WriteLine("What if: Performing the operation ""$command"" on target ""$target"".")
            return
        }
        if ($About.Asks -and ($Bound.ContainsKey('Confirm') -or $ConfirmPreference -eq 'None')) { $values['yes'] = $true }
    }
    $progress = New-AksprovProgress "$command $target".Trim()
    $problem = $null
    try {
        Read-Aksprov $About.Verb $values $Cmdlet | ForEach-Object {
            $said = $_
            switch ($said.kind) {
                'object' { Add-AksprovType $said $About.Type }
                'plan' { Add-AksprovText $said 'Aksprov.Plan' 'ToString'; $said.value }
                'event' { Write-AksprovEvent $said.event $progress }
                'note' { Write-Information $said.text }
                'row' { if ($said.value.TestResult -eq 'Warning') { Write-Warning (Format-AksprovRow $said.value) } }
                'error' { $problem = $said.error }
            }
        }
    } finally {
        if ($progress.Shown) { Write-Progress -Activity $progress.Activity -Completed }
    }
    if ($null -eq $problem -or ($About.Rows -and $problem.code -eq 'RowsFailed')) { return }
    $record = ConvertTo-AksprovErrorRecord $problem
    if ($ErrorActionPreference -eq 'SilentlyContinue' -or $ErrorActionPreference -eq 'Ignore') {
        $Cmdlet.WriteError($record)
    } else {
        $Cmdlet.ThrowTerminatingError($record)
    }
}

# What is given to a cmdlet that makes something. Typed are the parameters that stand in the command itself; of an object in
# the pipeline a property that is empty says nothing, as there are some in what Get- cmdlets and Import-Csv hand on.
function Get-AksprovGiven {
    param([System.Management.Automation.PSCmdlet] $Cmdlet, [System.Collections.IDictionary] $Bound, [string[]] $Typed, $Piped)

    $given = New-Object 'System.Collections.Generic.Dictionary[string,object]'  # in the order of the command
    foreach ($name in $Bound.Keys) {
        $names = @($name) + @($Cmdlet.MyInvocation.MyCommand.Parameters[$name].Aliases)
        if ($Typed -contains $name -or -not (Test-AksprovEmpty $Piped $names)) { $given[$name] = $Bound[$name] }
    }
    $given
}

# Whether the property of the first of these names that an object has is empty.
function Test-AksprovEmpty {
    param($Piped, [string[]] $Names)

    foreach ($name in $Names) {
        $property = $Piped.PSObject.Properties[$name]
        if ($property) {
            $value = $property.Value
            return $null -eq $value -or ($value -is [string] -and -not $value) -or ($value -is [array] -and -not $value.Count)
        }
    }
    $false
}

# The values of a request, without what PowerShell itself handles.
function Get-AksprovValues {
    param([System.Collections.IDictionary] $Bound)

    $common = [System.Management.Automation.Cmdlet]::CommonParameters +
        [System.Management.Automation.Cmdlet]::OptionalCommonParameters
    $values = [ordered] @{}  # the first that is wrong is the one that is told
    foreach ($name in $Bound.Keys) {
        if ($common -notcontains $name) { $values[$name] = ConvertTo-AksprovValue $Bound[$name] }
    }
    $values
}

# A value as JSON has it.
function ConvertTo-AksprovValue {
    param($Value)

    if ($Value -is [System.Management.Automation.SwitchParameter]) { return $Value.IsPresent }
    # A new string: one that Get-Content read has properties, which Windows PowerShell would write, too.
    if ($Value -is [string]) { return [string]::new($Value.ToCharArray()) }
    if ($Value -is [array]) { return , @($Value | ForEach-Object { ConvertTo-AksprovValue $_ }) }
    $Value
}

# Start aksprov with one request; an object for each line that it says. The end of its input is what Ctrl-C is to it.
function Read-Aksprov {
    param([string] $Verb, [System.Collections.IDictionary] $Values, [System.Management.Automation.PSCmdlet] $Cmdlet)

    $program = Find-Aksprov
    if (-not $program) {
        return New-AksprovError 'ProgramNotFound' 'the program aksprov is not there' 127 $env:AKSPROV_CLI `
            'it is neither at $env:AKSPROV_CLI nor on PATH' 'install it (pip install aksprov), or set $env:AKSPROV_CLI'
    }
    $request = @{ verb = $Verb; parameters = $Values; version = $script:Version; attended = $true }
    $process = Start-Aksprov $program
    $ended = $false
    try {
        $complaints = $process.StandardError.ReadToEndAsync()
        Send-Aksprov $process $request
        while ($null -ne ($line = Receive-AksprovLine $process)) {
            if (-not $line.StartsWith('{')) { continue }
            $said = ConvertFrom-Json $line
            if ($said.kind -eq 'ask') {
                Send-Aksprov $process @{ answer = (Read-AksprovAnswer $said $Cmdlet) }
            } elseif ($said.kind -eq 'end') {
                $ended = $true
            } else {
                $said
            }
        }
        if (-not $ended) {
            New-AksprovError 'ProgramFailed' 'aksprov ended without an answer' 70 $program $complaints.Result.Trim() `
                'see that aksprov and this module are of one release: aksprov --version; aksprov install-module'
        }
    } finally {
        if (-not $ended) { Stop-Aksprov $process }
        $process.Dispose()
    }
}

# The program's path, or nothing.
function Find-Aksprov {
    $name = if ($env:AKSPROV_CLI) { $env:AKSPROV_CLI } else { 'aksprov' }
    if ($env:AKSPROV_CLI -and (Test-Path -LiteralPath $name -PathType Leaf)) {
        return (Resolve-Path -LiteralPath $name).ProviderPath
    }
    $found = Get-Command -Name ([WildcardPattern]::Escape($name)) -CommandType Application -ErrorAction SilentlyContinue
    if ($found) { @($found)[0].Path }
}

function Start-Aksprov {
    param([string] $Program)

    $start = New-Object System.Diagnostics.ProcessStartInfo
    $start.FileName = $Program
    $start.Arguments = 'invoke'
    $start.WorkingDirectory = (Get-Location -PSProvider FileSystem).ProviderPath
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $start.StandardOutputEncoding = New-Object System.Text.UTF8Encoding $false
    $start.StandardErrorEncoding = New-Object System.Text.UTF8Encoding $false
    [System.Diagnostics.Process]::Start($start)
}

# One line of JSON in UTF-8, which a writer of Windows PowerShell would not promise.
function Send-Aksprov {
    param($Process, [hashtable] $Message)

    $text = ConvertTo-Json -InputObject $Message -Depth 20 -Compress
    $bytes = [System.Text.Encoding]::UTF8.GetBytes($text + "`n")
    try {
        $Process.StandardInput.BaseStream.Write($bytes, 0, $bytes.Length)
        $Process.StandardInput.BaseStream.Flush()
    } catch [System.IO.IOException] {
        Write-Debug 'aksprov has ended; what it said tells why'
    }
}

# The next line; short waits, because nothing stops PowerShell inside of a long one.
function Receive-AksprovLine {
    param($Process)

    $task = $Process.StandardOutput.ReadLineAsync()
    while (-not $task.Wait(100)) { }
    $task.Result
}

function Stop-Aksprov {
    param($Process)

    try { $Process.StandardInput.Close() } catch [System.IO.IOException] { Write-Debug 'aksprov has ended by itself' }
    if (-not $Process.WaitForExit($script:Patience)) { $Process.Kill() }
}

# What a person answers: true, false, a secret, or nothing where there is nobody to ask.
function Read-AksprovAnswer {
    param($Question, [System.Management.Automation.PSCmdlet] $Cmdlet)

    try {
        if (-not $Question.secret) { return $Cmdlet.ShouldContinue($Question.question, 'aksprov') }
        $secret = $Cmdlet.Host.UI.ReadLineAsSecureString()
        return (New-Object System.Net.NetworkCredential '', $secret).Password
    } catch [System.Management.Automation.PSInvalidOperationException] {
        return $null
    } catch [System.Management.Automation.Host.HostException] {
        return $null
    } catch [System.NotImplementedException] {
        return $null
    }
}

function Add-AksprovType {
    param($Said, [string] $Type)

    if ($Said.value -is [System.Management.Automation.PSCustomObject]) {
        $Said.value.PSTypeNames.Insert(0, $Type)
        if ($Said.text) { Add-AksprovText $Said 'Aksprov.Drawn' 'Drawn' }
    }
    $Said.value
}

# What is shown of an object, as aksprov prints it, by a method of this name.
function Add-AksprovText {
    param($Said, [string] $Type, [string] $Method)

    $Said.value.PSTypeNames.Insert(0, $Type)
    # PowerShell ends a text at other apostrophes, too, and this text has what files of hosts say
    $text = $Said.text.TrimEnd() -replace '[''\u2018-\u201b]', '$0$0'
    Add-Member -InputObject $Said.value -MemberType ScriptMethod -Name $Method -Force -Value `
        ([scriptblock]::Create("'$text'"))
}

function Format-AksprovRow {
    param($Row)

    $subject = if ($Row.Host) { $Row.Host } else { $Row.Cluster }
    $line = "$subject $($Row.TestName): $($Row.Details)".Trim()
    if ($Row.Recommendation) { "$line -> $($Row.Recommendation)" } else { $line }
}

function New-AksprovProgress {
    param([string] $Activity)

    @{ Activity = $Activity; Total = 0; Done = 0; Shown = $false }
}

# An event of a run on the stream where PowerShell has such things.
function Write-AksprovEvent {
    param($Happened, [hashtable] $Progress)

    switch -Regex ($Happened.kind) {
        '^warning$' { Write-Warning $Happened.text; return }
        '^(note|state\.created)$' { Write-Information $Happened.text; return }
        '^run\.started$' {
            $Progress.Total = 0
            $Progress.Done = 0
            foreach ($wave in @($Happened.data.waves.PSObject.Properties)) { $Progress.Total += [int] $wave.Value }
        }
        '^host\.(finished|failed)$' { $Progress.Done++ }
    }
    $line = "$($Happened.host) $($Happened.step) $($Happened.kind) $($Happened.text)" -replace ' +', ' '
    Write-Verbose $line.Trim()
    if ($Happened.host) {
        $Progress.Shown = $true
        $total = [Math]::Max($Progress.Total, $Progress.Done)
        $percent = if ($total) { [int] (100 * $Progress.Done / $total) } else { -1 }
        Write-Progress -Activity $Progress.Activity -Status "$($Progress.Done) of $total hosts" `
            -CurrentOperation "$($Happened.host) $($Happened.step)".Trim() -PercentComplete $percent
    }
}

# Warn of names of older releases: of parameters that were bound, else of what stands in the caller's line or in the
# hashtable that it splats, as an alias is bound under today's name.
function Write-AksprovOlderNames {
    param([System.Management.Automation.PSCmdlet] $Cmdlet, [string[]] $Given, [hashtable] $Older)

    $used = New-Object System.Collections.Generic.List[string]
    $used.Add(($Cmdlet.MyInvocation.InvocationName -replace '^.*\\', ''))
    foreach ($name in $Given) { $used.Add($name) }
    $caller = @(Get-PSCallStack)[3]
    $tree = [System.Management.Automation.Language.Parser]::ParseInput($caller.Position.Text, [ref] $null, [ref] $null)
    foreach ($part in $tree.FindAll({ $true }, $true)) {
        if ($part -is [System.Management.Automation.Language.CommandParameterAst]) {
            $used.Add($part.ParameterName)
        } elseif ($part -is [System.Management.Automation.Language.VariableExpressionAst] -and $part.Splatted) {
            $splatted = $Cmdlet.SessionState.PSVariable.GetValue($part.VariablePath.UserPath)
            if ($splatted -is [System.Collections.IDictionary]) { foreach ($key in $splatted.Keys) { $used.Add($key) } }
        }
    }
    foreach ($name in $used | Select-Object -Unique) {
        if ($Older.ContainsKey($name)) { Write-Warning "$name is a name of older releases; write $($Older[$name])" }
    }
}

# An error of the module's own, in the form of aksprov's.
function New-AksprovError {
    param([string] $Code, [string] $What, [int] $ExitCode, [string] $Where, [string] $Why, [string] $Fix)

    $problem = [pscustomobject] @{
        code = $Code; what = $What; where = $Where; why = $Why; fix = $Fix; exitCode = $ExitCode
    }
    [pscustomobject] @{ kind = 'error'; error = $problem }
}

function ConvertTo-AksprovErrorRecord {
    param($Problem)

    $lines = @($Problem.what)
    foreach ($label in 'where', 'why', 'fix') {
        if ($Problem.$label) { $lines += '  {0,-6} {1}' -f "${label}:", $Problem.$label }
    }
    $exception = New-Object System.InvalidOperationException ($lines -join [Environment]::NewLine)
    $category = $script:Categories[[int] $Problem.exitCode]
    New-Object System.Management.Automation.ErrorRecord $exception, $Problem.code, $category, $Problem
}

# Names that a parameter can have, for completion; nothing where aksprov cannot tell.
function Get-AksprovName {
    param([string] $Verb, [string] $Property, [string] $Begun, [hashtable] $Values = @{})

    $pattern = [WildcardPattern]::Escape($Begun.Trim("'", '"')) + '*'
    $names = Read-Aksprov $Verb $Values | Where-Object kind -eq 'object' | ForEach-Object { [string] $_.value.$Property }
    $names | Where-Object { $_ -like $pattern } | Select-Object -Unique
}
