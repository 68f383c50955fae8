# join.ps1: kubeadm join on a Windows host, once, as join.sh.  Request: ca (SHA-256 of the cluster's ca.crt), arguments.
# run\UNIT.secret has the end of the JoinConfiguration; then each kubeconfig after a line "> PATH".

# the secret text in parts: the end of the JoinConfiguration, then each "PATH`nTEXT".  No cmdlet gets them, as Windows may
# be told to log what cmdlets get.
function Read-Secret { , [IO.File]::ReadAllText("$mine.secret").Replace("`n> ", "`f").Split("`f") }

function Save-Kubeconfigs {
    $parts = Read-Secret
    for ($n = 1; $n -lt $parts.Length; $n++) {
        $cut = $parts[$n].IndexOf("`n")
        $path = Get-Native $parts[$n].Substring(0, $cut)
        Write-Durable "$path.new" '' 'Create'
        Set-Access "$path.new" '0600' ''
        Write-Durable "$path.new" $parts[$n].Substring($cut + 1) 'Create'
        Move-Over "$path.new" $path
    }
}

function Join-Node {
    $authority = "$kubernetes\pki\ca.crt"
    Save-Found
    if ((Get-Stage) -ne 'begun' -and [IO.File]::Exists("$kubernetes\kubelet.conf")) {
        if (-not [IO.File]::Exists($authority) -or (Get-Sha256 $authority) -ne $asked.ca) { Stop-With 10 "$authority is not this cluster's" }
        Save-Kubeconfigs
        foreach ($name in 'containerd', 'kubelet') { Start-ServiceSoon $name }
        return Set-Stage 'done'
    }
    Start-ServiceSoon 'containerd'
    Import-Images
    if ((Get-Stage) -eq 'begun') { Clear-Node }
    Set-Stage 'begun'
    # kubeadm's own copy, which it refuses to overwrite
    Remove-File $authority
    Write-Durable "$mine.yaml" '' 'Create'
    Set-Access "$mine.yaml" '0600' ''
    $end = (Read-Secret)[0]
    $E.hidden += [regex]::Matches($end, 'token: "([^"]+)"')[0].Groups[1].Value
    Write-Durable "$mine.yaml" ([IO.File]::ReadAllText("$kubernetes\aksprov\kubeadm-join.yaml") + $end) 'Create'
    $status = Invoke-Told $kubeadm (@('join', '--config', "$mine.yaml") + @($asked.arguments))
    if ($status -ne 0) {
        # it has the token
        Remove-File "$kubernetes\bootstrap-kubelet.conf"
        Write-KubeletLog
        Stop-With 1 "kubeadm join ended with $status"
    }
    Save-Kubeconfigs
    Start-ServiceSoon 'kubelet'
    Set-Stage 'done'
}

Complete-Step { Join-Node }
