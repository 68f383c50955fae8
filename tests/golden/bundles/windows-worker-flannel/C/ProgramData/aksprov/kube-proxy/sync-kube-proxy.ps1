# managed by aksprov
# Run at start-up and every minute, as SYSTEM.
# kube-proxy must be told its source VIP, an address of the node's pod subnet.  It is there only once the network
# plugin has made its HNS network, and is another one when that network is made again.  So this script adds it to a
# copy of the configuration, and starts kube-proxy anew when that copy changes.
$ErrorActionPreference = 'Stop'

$networkName = 'flannel.4096'
$serviceName = 'kube-proxy'
$kubeconfig = 'C:/etc/kubernetes/kube-proxy.conf'
$definition = 'C:/ProgramData/aksprov/kube-proxy/kube-proxy.yaml'
$configuration = 'C:/ProgramData/aksprov/kube-proxy/kube-proxy-live.yaml'
$failure = 'C:/ProgramData/aksprov/kube-proxy/last-failure.txt'
$hostLocal = 'C:/opt/cni/bin/host-local.exe'
$reservation = 'C:/ProgramData/aksprov/kube-proxy/source-vip.json'

function Invoke-HostLocal($Command, $Request) {
    $env:CNI_COMMAND = $Command
    $env:CNI_CONTAINERID = 'aksprov-kube-proxy'
    $env:CNI_NETNS = 'none'
    $env:CNI_IFNAME = 'source-vip'
    $env:CNI_PATH = Split-Path -Path $hostLocal -Parent
    $answer = $Request | & $hostLocal
    if ($LASTEXITCODE -ne 0) { throw "host-local $Command ended with $LASTEXITCODE, $answer" }
    return $answer
}

function Get-SourceVip($Network) {
    # Flannel gives the host no address in its subnet, so one is reserved where those of pods are, and kept.
    $subnet = [string]$Network.Subnets[0].AddressPrefix
    if (Test-Path -LiteralPath $reservation) {
        $kept = [IO.File]::ReadAllText($reservation) | ConvertFrom-Json
        if ($kept.subnet -eq $subnet) { return $kept.address }
    }
    $ipam = @{ type = 'host-local'; subnet = $subnet }
    $request = ConvertTo-Json -Compress -InputObject @{ cniVersion = '0.3.1'; name = $networkName; ipam = $ipam }
    $null = Invoke-HostLocal 'DEL' $request
    $result = Invoke-HostLocal 'ADD' $request | Out-String | ConvertFrom-Json
    $address = ([string]$result.ips[0].address).Split('/')[0]
    $kept = ConvertTo-Json -Compress -InputObject @{ subnet = $subnet; address = $address }
    [IO.File]::WriteAllText($reservation, $kept)
    return $address
}

function Update-KubeProxy {
    # Before the join there is no kubeconfig, and before the plugin runs no network: the next run looks again.
    if (-not (Test-Path -LiteralPath $kubeconfig)) { return }
    $network = Get-HnsNetwork | Where-Object { $_.Name -eq $networkName } | Select-Object -First 1
    if (-not $network) { return }
    $sourceVip = [string](Get-SourceVip $network)
    if (-not $sourceVip) { return }
    if (-not ($sourceVip -as [Net.IPAddress])) { throw "the source VIP is no address, it is $sourceVip" }

    # A network that was made again has another ID, and kube-proxy must look for it again.
    $text = [IO.File]::ReadAllText($definition) + "  sourceVip: `"$sourceVip`"`n# HNS network $($network.ID)`n"
    $current = ''
    if (Test-Path -LiteralPath $configuration) { $current = [IO.File]::ReadAllText($configuration) }
    if ($current -cne $text) {
        Stop-Service -Name $serviceName
        [IO.File]::WriteAllText($configuration, $text)
    }
    if ((Get-Service -Name $serviceName).Status -ne 'Running') { Start-Service -Name $serviceName }
}

try {
    Update-KubeProxy
    if (Test-Path -LiteralPath $failure) { Remove-Item -LiteralPath $failure }
} catch {
    # The last failure only: a script that runs every minute would fill a log.
    [IO.File]::WriteAllText($failure, "$(Get-Date -Format o) $($_ | Out-String)")
    exit 1
}
