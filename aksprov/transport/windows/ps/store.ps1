# store.ps1: the first half of a script's way over WinRS.  The text that comes on standard input becomes a file, in a folder
# that is closed to users before anything lies in it.  It is a line of -Command, so it has neither double quotes nor pipes.
if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') { exit 5 }
foreach ($scope in 'MachinePolicy', 'UserPolicy') { if ('Restricted', 'AllSigned' -contains [string](Get-ExecutionPolicy -Scope $scope)) { exit 6 } }
$D = 'C:\ProgramData\aksprov'
if (-not [IO.Directory]::Exists($D + '\run')) { $null = [IO.Directory]::CreateDirectory($D + '\run'); $null = icacls.exe $D /setowner *S-1-5-32-544; if ($LASTEXITCODE -ne 0) { exit 7 }; $null = icacls.exe $D /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F'; if ($LASTEXITCODE -ne 0) { exit 7 } }
# HRESULTs of Windows' errors 225 and 226: an antivirus
try { [IO.File]::WriteAllText($D + '\run\NAME', (@($input) -join [string][char]10)) } catch { [Console]::Error.WriteLine([string]$_); if (@(-2147024671, -2147024670) -contains $_.Exception.GetBaseException().HResult) { exit 8 }; exit 1 }
