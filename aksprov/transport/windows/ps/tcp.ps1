# tcp.ps1: whether a TCP connection from here opens within 5 s.
$client = New-Object -TypeName Net.Sockets.TcpClient
try {
    $task = $client.ConnectAsync($asked.address, $asked.port)
    try { $open = $task.Wait(5000) -and $client.Connected } catch { $open = $false }
} finally { $client.Close() }
Write-Answer @{ open = $open }
