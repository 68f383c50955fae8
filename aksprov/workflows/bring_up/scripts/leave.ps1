# leave.ps1: end Kubernetes on a Windows host: kubeadm reset, then what that leaves, as leave.sh.
# Services and tasks that aksprov made are taken away by the removal that follows.

function Stop-IfThere([string] $Name) {
    $is = Get-ServiceState $Name
    if ($is -and $is.running) { $null = Stop-ServiceTree $Name }
}

function Remove-Networks([string[]] $Kept) {
    if (-not (Get-Command -Name Get-HnsNetwork -ErrorAction SilentlyContinue)) { return }
    foreach ($network in @(Get-HnsNetwork)) {
        $plugins = $network.Name -eq 'Calico' -or $network.Name -eq 'External' -or $network.Name.StartsWith('flannel.')
        if ($plugins -and $Kept -notcontains "network $($network.Name)") { $network | Remove-HnsNetwork }
    }
}

function Remove-Node {
    if (-not [IO.File]::Exists($found)) { return }
    $kept = [IO.File]::ReadAllLines($found)
    # what would begin again what is ended here
    foreach ($file in $kubeconfigs) { Remove-File $file }
    foreach ($task in @(Get-ScheduledTask -TaskName 'aksprov-flanneld' -ErrorAction SilentlyContinue)) { Stop-ScheduledTask -TaskName $task.TaskName }
    Stop-IfThere 'kube-proxy'
    if ([IO.File]::Exists($kubeadm)) {
        if ((Get-ServiceState 'containerd') -and [IO.File]::Exists('C:\Program Files\containerd\containerd.exe')) { Start-ServiceSoon 'containerd' }
        Clear-Node
    }
    Stop-IfThere 'kubelet'
    if ([IO.Directory]::Exists('C:\etc\cni\net.d')) {
        foreach ($file in [IO.Directory]::GetFiles('C:\etc\cni\net.d')) { if ($kept -notcontains "cni $file") { [IO.File]::Delete($file) } }
    }
    foreach ($name in 'kube-proxy-live.yaml', 'source-vip.json', 'last-failure.txt') { Remove-File "$D\kube-proxy\$name" }
    foreach ($folder in 'C:\var\lib\kubelet', 'C:\var\lib') { if ($kept -notcontains "folder $folder") { Remove-EmptyFolder $folder } }
    # it may cut the connection, so it is last
    Remove-Networks $kept
    Remove-File $mark
    Remove-File $found
}

Complete-Step { Remove-Node }
