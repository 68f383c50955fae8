# Runs the text of a script in a session that is limited or old, as far as a variable and the language mode tell it.
param([Parameter(Mandatory)][string] $Script, [Parameter(Mandatory)][string] $Kind)
$shell = [powershell]::Create([System.Management.Automation.Runspaces.InitialSessionState]::CreateDefault())
if ($Kind -eq 'old') { $shell.Runspace.SessionStateProxy.GetVariable('PSVersionTable').PSVersion = [version] '4.0' }
if ($Kind -eq 'constrained') { $shell.Runspace.SessionStateProxy.LanguageMode = 'ConstrainedLanguage' }
$null = $shell.AddScript([IO.File]::ReadAllText($Script)).AddParameter('Request', '{"paths":[]}')
$shell.Invoke()
if ($shell.HadErrors) { $shell.Streams.Error | ForEach-Object { "error: $_" } }
