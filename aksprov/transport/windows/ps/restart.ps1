# restart.ps1: restart this machine once the answer has left; shutdown is a program, so nothing here waits for it.
$done = Invoke-Program 'shutdown.exe' @('/r', '/t', '5', '/d', 'p:2:4')
Write-Answer @{ status = $done.status; text = $done.text }
