# managed by aksprov
# Run at start-up and every minute, as SYSTEM, one at a time.
# flanneld is no service of Windows, so this script stays with it; when it ends, the next run starts it anew.
$ErrorActionPreference = 'Stop'

$kubeconfig = 'C:/etc/kubernetes/flannel.conf'
$log = 'C:/var/log/flanneld/flanneld.log'

# Before the join there is no kubeconfig: the next run looks again.
if (-not (Test-Path -LiteralPath $kubeconfig)) { exit 0 }

# The end of the log says why flanneld ended the last time.
if (Test-Path -LiteralPath $log) { Move-Item -LiteralPath $log -Destination "$log.previous" -Force }
$env:NODE_NAME = 'w2'
$start = @{
    FilePath              = 'C:/k/flanneld.exe'
    ArgumentList          = @('--kube-subnet-mgr', '--iface=10.77.0.17', '--kubeconfig-file=C:/etc/kubernetes/flannel.conf', '--net-config-path=C:/etc/kube-flannel/net-conf.json', '--subnet-file=C:/run/flannel/subnet.env')
    RedirectStandardError = $log
    NoNewWindow           = $true
    PassThru              = $true
    Wait                  = $true
}
exit (Start-Process @start).ExitCode
