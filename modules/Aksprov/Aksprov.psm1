# Made from the declarations in aksprov/cmdlets by `make generate`; changes belong there.

$script:Version = '0.1.0'
. (Join-Path $PSScriptRoot 'Aksprov.Core.ps1')

function New-AksHciClusterNetwork {
    <#
    .SYNOPSIS
    Define a network that clusters are made on.

    .DESCRIPTION
    It carries out 'aksprov new-cluster-network'; docs/cmdlets.md has all of it.
    StaticIP: Nodes have static addresses; the one to use.
    StaticIP+VLAN: The same, tagged.
    DHCP: Nodes have addresses by DHCP; the prefix is read from the facts of hosts.
    DHCP+VLAN: The same, tagged.
    SDN: Without a VIP pool: VIPs come from a software-defined network. Not available: without -vipPoolStart and -vipPoolEnd its VIPs would come from a network controller.

    .PARAMETER name
    Name of the network. Required.

    .PARAMETER vswitchName
    Name of the virtual switch or bridge that nodes are connected to; recorded, and the key of a host's 'interfaces'. Nothing is configured on it. Required. In older releases -vnetName.

    .PARAMETER ipAddressPrefix
    The subnet, as address and length.

    .PARAMETER gateway
    Default gateway of the subnet, outside both pools.

    .PARAMETER dnsServers
    DNS servers of the nodes, one to three: put commas between them.

    .PARAMETER vipPoolStart
    First virtual address, for API servers and Services.

    .PARAMETER vipPoolEnd
    Last virtual address.

    .PARAMETER k8sNodeIpPoolStart
    First address for nodes that bring none of their own.

    .PARAMETER k8sNodeIpPoolEnd
    Last address for nodes.

    .PARAMETER vlanID
    VLAN of the network (IEEE 802.1Q); recorded and checked, never configured. Untagged when left out. 0 to 4094.

    .PARAMETER macPoolName
    Name of the MAC address pool; recorded only.

    .PARAMETER upgradeReserve
    Addresses of the node pool that sizing keeps for the upgrades of each cluster. 0 to 1000. Default: 5.

    .PARAMETER dhcpScope
    Addresses that the DHCP server hands out, A-B; the VIP pool must be outside. It cannot be asked for them, so without this option a Warning says that nobody knows.

    .PARAMETER site
    Site of the network: address ranges of different sites may overlap, and only hosts with this label 'site' join it. Without one the network shares one scope with all others that have none.

    .EXAMPLE
    New-AksHciClusterNetwork -name labnet -vswitchName External -ipAddressPrefix 10.0.0.0/24 -gateway 10.0.0.1 -dnsServers 10.0.0.2 -vipPoolStart 10.0.0.200 -vipPoolEnd 10.0.0.220 -k8sNodeIpPoolStart 10.0.0.10 -k8sNodeIpPoolEnd 10.0.0.100

    A /24 with 21 virtual addresses and room for 91 nodes.

    .EXAMPLE
    New-AksHciClusterNetwork -name leased -vswitchName External -vipPoolStart 10.0.0.200 -vipPoolEnd 10.0.0.220 -dhcpScope 10.0.0.10-10.0.0.150

    Hosts keep the addresses that a DHCP server gave them.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.ClusterNetwork')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('vnetName')]
        [string] $vswitchName,
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'SDN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $ipAddressPrefix,
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'SDN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $gateway,
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'SDN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string[]] $dnsServers,
        [Parameter(ParameterSetName = 'DHCP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'DHCP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $vipPoolStart,
        [Parameter(ParameterSetName = 'DHCP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'DHCP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $vipPoolEnd,
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'SDN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $k8sNodeIpPoolStart,
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'SDN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $k8sNodeIpPoolEnd,
        [Parameter(ParameterSetName = 'DHCP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [int] $vlanID,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string] $macPoolName,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [int] $upgradeReserve,
        [Parameter(ParameterSetName = 'DHCP', ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'DHCP+VLAN', ValueFromPipelineByPropertyName = $true)]
        [string] $dhcpScope,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string] $site
    )
    begin { $typed = @($PSBoundParameters.Keys) }
    process {
        Invoke-AksprovVerb $PSCmdlet (Get-AksprovGiven $PSCmdlet $PSBoundParameters $typed $_) @{
            Verb = 'new-cluster-network'
            Type = 'Aksprov.ClusterNetwork'
            Changes = $true
            Older = @{
                'vnetName' = '-vswitchName'
            }
        }
    }
}

function Get-AksHciClusterNetwork {
    <#
    .SYNOPSIS
    Show networks, and who has which address.

    .DESCRIPTION
    It carries out 'aksprov get-cluster-network'; docs/cmdlets.md has all of it.
    All: Every network.
    ByName: One network.
    ByClusterName: The network of one cluster.

    .PARAMETER name
    Only the network of this name.

    .PARAMETER clusterName
    Only the network that this cluster uses.

    .PARAMETER addresses
    Show every address that is leased, by whom, and which are free.

    .PARAMETER map
    Draw the pools address by address: free, reserved, in quarantine, or leased by which cluster.

    .EXAMPLE
    Get-AksHciClusterNetwork

    All networks.

    .EXAMPLE
    Get-AksHciClusterNetwork -name labnet -addresses

    Its leases and what is free.

    .EXAMPLE
    Get-AksHciClusterNetwork -name labnet -map

    The same as a picture.
    #>
    [CmdletBinding(PositionalBinding = $false, DefaultParameterSetName = 'All')]
    [OutputType('Aksprov.ClusterNetwork')]
    param(
        [Parameter(ParameterSetName = 'ByName', ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [Parameter(ParameterSetName = 'ByClusterName', ValueFromPipelineByPropertyName = $true)]
        [string] $clusterName,
        [switch] $addresses,
        [switch] $map
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'get-cluster-network'
            Type = 'Aksprov.ClusterNetwork'
        }
    }
}

function Set-AksHciClusterNetwork {
    <#
    .SYNOPSIS
    Change a network's pools while clusters run on it.

    .DESCRIPTION
    It carries out 'aksprov set-cluster-network'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Name of the network. Required.

    .PARAMETER addVipRange
    Add these addresses to the VIP pool: A-B, or one address. Put commas between them.

    .PARAMETER addNodeRange
    Add these addresses to the node pool.

    .PARAMETER removeVipRange
    Take these addresses out of the VIP pool, where nobody has them.

    .PARAMETER removeNodeRange
    Take these addresses out of the node pool, where nobody has them.

    .PARAMETER reserve
    Never hand these addresses out.

    .PARAMETER release
    Hand these addresses out again, which were reserved, or are in quarantine as somebody answered for them.

    .EXAMPLE
    Set-AksHciClusterNetwork -name labnet -addVipRange 10.0.0.230-10.0.0.239

    Ten more virtual addresses; what is there already is not added again.

    .EXAMPLE
    Set-AksHciClusterNetwork -name labnet -removeNodeRange 10.0.0.91-10.0.0.100 -Confirm:$false

    A smaller node pool, without asking.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.ClusterNetwork')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [string[]] $addVipRange,
        [string[]] $addNodeRange,
        [string[]] $removeVipRange,
        [string[]] $removeNodeRange,
        [string[]] $reserve,
        [string[]] $release
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'set-cluster-network'
            Type = 'Aksprov.ClusterNetwork'
            Changes = $true
            Plans = $true
            Asks = $true
        }
    }
}

function Remove-AksHciClusterNetwork {
    <#
    .SYNOPSIS
    Remove a network that no cluster uses.

    .DESCRIPTION
    It carries out 'aksprov remove-cluster-network'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Name of the network. Required.

    .EXAMPLE
    Remove-AksHciClusterNetwork -name labnet -Confirm:$false

    Without asking.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'remove-cluster-network'
            Type = 'Aksprov.ClusterNetwork'
            Changes = $true
            Asks = $true
        }
    }
}

function New-AksHciNetworkSetting {
    <#
    .SYNOPSIS
    Print a network; store nothing.

    .DESCRIPTION
    It carries out 'aksprov new-network-setting'; docs/cmdlets.md has all of it.
    StaticIP: Nodes have static addresses; the one to use.
    StaticIP+VLAN: The same, tagged.
    DHCP: Nodes have addresses by DHCP; the prefix is read from the facts of hosts.
    DHCP+VLAN: The same, tagged.
    SDN: Without a VIP pool: VIPs come from a software-defined network. Not available: without -vipPoolStart and -vipPoolEnd its VIPs would come from a network controller.

    .PARAMETER name
    Name of the network. Required.

    .PARAMETER vswitchName
    Name of the virtual switch or bridge that nodes are connected to; recorded, and the key of a host's 'interfaces'. Nothing is configured on it. Required. In older releases -vnetName.

    .PARAMETER ipAddressPrefix
    The subnet, as address and length.

    .PARAMETER gateway
    Default gateway of the subnet, outside both pools.

    .PARAMETER dnsServers
    DNS servers of the nodes, one to three: put commas between them.

    .PARAMETER vipPoolStart
    First virtual address, for API servers and Services.

    .PARAMETER vipPoolEnd
    Last virtual address.

    .PARAMETER k8sNodeIpPoolStart
    First address for nodes that bring none of their own.

    .PARAMETER k8sNodeIpPoolEnd
    Last address for nodes.

    .PARAMETER vlanID
    VLAN of the network (IEEE 802.1Q); recorded and checked, never configured. Untagged when left out. 0 to 4094.

    .PARAMETER macPoolName
    Name of the MAC address pool; recorded only.

    .EXAMPLE
    New-AksHciNetworkSetting -name hostnet -vswitchName External -ipAddressPrefix 10.0.0.0/24 -gateway 10.0.0.1 -dnsServers 10.0.0.2 -vipPoolStart 10.0.0.200 -vipPoolEnd 10.0.0.220 -k8sNodeIpPoolStart 10.0.0.10 -k8sNodeIpPoolEnd 10.0.0.100 | ConvertTo-Json

    The object as JSON, for a file.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('Aksprov.NetworkSetting')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('vnetName')]
        [string] $vswitchName,
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'SDN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $ipAddressPrefix,
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'SDN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $gateway,
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'SDN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string[]] $dnsServers,
        [Parameter(ParameterSetName = 'DHCP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'DHCP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $vipPoolStart,
        [Parameter(ParameterSetName = 'DHCP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'DHCP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $vipPoolEnd,
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'SDN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $k8sNodeIpPoolStart,
        [Parameter(ParameterSetName = 'StaticIP', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'SDN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $k8sNodeIpPoolEnd,
        [Parameter(ParameterSetName = 'DHCP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'StaticIP+VLAN', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [int] $vlanID,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string] $macPoolName
    )
    begin { $typed = @($PSBoundParameters.Keys) }
    process {
        Invoke-AksprovVerb $PSCmdlet (Get-AksprovGiven $PSCmdlet $PSBoundParameters $typed $_) @{
            Verb = 'new-network-setting'
            Type = 'Aksprov.NetworkSetting'
            Older = @{
                'vnetName' = '-vswitchName'
            }
        }
    }
}

function Add-AksprovHost {
    <#
    .SYNOPSIS
    Record hosts and read their facts.

    .DESCRIPTION
    It carries out 'aksprov add-host'; docs/cmdlets.md has all of it.
    ByOptions: One host.
    ByFile: Every host of a file.
    ByAnsible: Every host of an inventory of Ansible's.

    .PARAMETER name
    Name of the host; in lower case it is the node's name.

    .PARAMETER address
    DNS name or IP address to connect to.

    .PARAMETER os
    Operating system. One of linux, windows.

    .PARAMETER connection
    How the host is reached; local is this machine. Left out: ssh for Linux, psrp for Windows. One of ssh, psrp, winrm, local.

    .PARAMETER port
    TCP port; left out it is 22 for ssh, 5986 for psrp and winrm (5985: HTTP with sealed messages). 1 to 65535.

    .PARAMETER user
    User to log on as.

    .PARAMETER auth
    How the user logs in to WinRM; negotiate when left out. basic and certificate need HTTPS. One of negotiate, ntlm, kerberos, credssp, basic, certificate.

    .PARAMETER keyFile
    Private SSH key; with -auth certificate: a PEM file of the client's certificate and its key.

    .PARAMETER keyPassphraseRef
    Where the passphrase of -keyFile is; forms as for -passwordRef.

    .PARAMETER hostKey
    The host's public SSH key, pinned: 'ssh-ed25519 AAAA...'. Find-AksprovHostKey finds it.

    .PARAMETER passwordRef
    Where the password is, never the password: env:NAME, file:PATH, keyring:SERVICE/USER or prompt.

    .PARAMETER become
    How root's rights are got; none for a user who has them. One of sudo, none.

    .PARAMETER becomePasswordRef
    Where sudo's password is; forms as for -passwordRef.

    .PARAMETER jumpHost
    Bastion to go through: a host of the inventory, or [user@]host[:port].

    .PARAMETER caFile
    CA certificates that a WinRM certificate is checked with.

    .PARAMETER certificateSha256
    SHA-256 fingerprint of a WinRM certificate, pinned.

    .PARAMETER roles
    Roles that the host may take, any when left out: put commas between them. One of control-plane, load-balancer, worker.

    .PARAMETER labels
    Labels such as site and rack: a hashtable, @{ key = 'value' }.

    .PARAMETER interfaces
    Interface that is connected to a network's switch: a hashtable, @{ key = 'value' }.

    .PARAMETER maintenanceReason
    Leave the host alone, for this reason.

    .PARAMETER maintenanceUntil
    Until this day.

    .PARAMETER cpus
    Processors. At least 1.

    .PARAMETER memoryGb
    Memory in GB. At least 0.

    .PARAMETER diskGb
    Disk in GB. At least 0.

    .PARAMETER file
    Hosts file (YAML, JSON or CSV): every host in it.

    .PARAMETER fromAnsible
    Inventory of Ansible's, read by ansible-inventory: every host in it, without passwords.

    .PARAMETER offline
    Record only; contact no host.

    .EXAMPLE
    Add-AksprovHost -file hosts.yaml

    Every host of the file, or none if one is wrong.

    .EXAMPLE
    Add-AksprovHost -name cp1 -address 10.0.0.11 -os linux -user root -roles control-plane

    One host.

    .EXAMPLE
    Add-AksprovHost -fromAnsible inventory.ini

    Every host that Ansible knows there.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.Host')]
    param(
        [Parameter(ParameterSetName = 'ByOptions', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [Parameter(ParameterSetName = 'ByOptions', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $address,
        [Parameter(ParameterSetName = 'ByOptions', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('linux', 'windows', '')]
        [string] $os,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('ssh', 'psrp', 'winrm', 'local', '')]
        [string] $connection,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [int] $port,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [string] $user,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('negotiate', 'ntlm', 'kerberos', 'credssp', 'basic', 'certificate', '')]
        [string] $auth,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [string] $keyFile,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [string] $keyPassphraseRef,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [string] $hostKey,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [string] $passwordRef,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('sudo', 'none', '')]
        [string] $become,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [string] $becomePasswordRef,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [string] $jumpHost,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [string] $caFile,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [string] $certificateSha256,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('control-plane', 'load-balancer', 'worker', '')]
        [string[]] $roles,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [object] $labels,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [object] $interfaces,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [string] $maintenanceReason,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [string] $maintenanceUntil,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [int] $cpus,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [double] $memoryGb,
        [Parameter(ParameterSetName = 'ByOptions', ValueFromPipelineByPropertyName = $true)]
        [double] $diskGb,
        [Parameter(ParameterSetName = 'ByFile', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $file,
        [Parameter(ParameterSetName = 'ByAnsible', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $fromAnsible,
        [switch] $offline
    )
    begin { $typed = @($PSBoundParameters.Keys) }
    process {
        Invoke-AksprovVerb $PSCmdlet (Get-AksprovGiven $PSCmdlet $PSBoundParameters $typed $_) @{
            Verb = 'add-host'
            Type = 'Aksprov.Host'
            Changes = $true
        }
    }
}

function Get-AksprovHost {
    <#
    .SYNOPSIS
    Show hosts, as recorded.

    .DESCRIPTION
    It carries out 'aksprov get-host'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Only the host of this name.

    .EXAMPLE
    Get-AksprovHost -name cp1 | ConvertTo-Json

    One host, with all that is recorded.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('Aksprov.Host')]
    param(
        [Parameter(ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'get-host'
            Type = 'Aksprov.Host'
        }
    }
}

function Set-AksprovHost {
    <#
    .SYNOPSIS
    Change what is recorded of a host.

    .DESCRIPTION
    It carries out 'aksprov set-host'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Name of the host; in lower case it is the node's name. Required.

    .PARAMETER address
    DNS name or IP address to connect to.

    .PARAMETER os
    Operating system. One of linux, windows.

    .PARAMETER connection
    How the host is reached; local is this machine. Left out: ssh for Linux, psrp for Windows. One of ssh, psrp, winrm, local. An empty text takes the recorded value away.

    .PARAMETER port
    TCP port; left out it is 22 for ssh, 5986 for psrp and winrm (5985: HTTP with sealed messages). 1 to 65535. An empty text takes the recorded value away.

    .PARAMETER user
    User to log on as. An empty text takes the recorded value away.

    .PARAMETER auth
    How the user logs in to WinRM; negotiate when left out. basic and certificate need HTTPS. One of negotiate, ntlm, kerberos, credssp, basic, certificate. An empty text takes the recorded value away.

    .PARAMETER keyFile
    Private SSH key; with -auth certificate: a PEM file of the client's certificate and its key. An empty text takes the recorded value away.

    .PARAMETER keyPassphraseRef
    Where the passphrase of -keyFile is; forms as for -passwordRef. An empty text takes the recorded value away.

    .PARAMETER hostKey
    The host's public SSH key, pinned: 'ssh-ed25519 AAAA...'. Find-AksprovHostKey finds it. An empty text takes the recorded value away.

    .PARAMETER passwordRef
    Where the password is, never the password: env:NAME, file:PATH, keyring:SERVICE/USER or prompt. An empty text takes the recorded value away.

    .PARAMETER become
    How root's rights are got; none for a user who has them. One of sudo, none. An empty text takes the recorded value away.

    .PARAMETER becomePasswordRef
    Where sudo's password is; forms as for -passwordRef. An empty text takes the recorded value away.

    .PARAMETER jumpHost
    Bastion to go through: a host of the inventory, or [user@]host[:port]. An empty text takes the recorded value away.

    .PARAMETER caFile
    CA certificates that a WinRM certificate is checked with. An empty text takes the recorded value away.

    .PARAMETER certificateSha256
    SHA-256 fingerprint of a WinRM certificate, pinned. An empty text takes the recorded value away.

    .PARAMETER roles
    Roles that the host may take, any when left out: put commas between them. One of control-plane, load-balancer, worker. An empty text takes the recorded value away.

    .PARAMETER labels
    Labels such as site and rack: a hashtable, @{ key = 'value' }. An empty text takes the recorded value away.

    .PARAMETER interfaces
    Interface that is connected to a network's switch: a hashtable, @{ key = 'value' }. An empty text takes the recorded value away.

    .PARAMETER maintenanceReason
    Leave the host alone, for this reason. An empty text takes the recorded value away.

    .PARAMETER maintenanceUntil
    Until this day. An empty text takes the recorded value away.

    .PARAMETER cpus
    Processors. At least 1. An empty text takes the recorded value away.

    .PARAMETER memoryGb
    Memory in GB. At least 0. An empty text takes the recorded value away.

    .PARAMETER diskGb
    Disk in GB. At least 0. An empty text takes the recorded value away.

    .EXAMPLE
    Set-AksprovHost -name cp1 -address 10.0.0.21

    The host has a new address.

    .EXAMPLE
    Set-AksprovHost -name cp1 -maintenanceReason ''

    It is no longer left alone.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.Host')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [string] $address,
        [ValidateSet('linux', 'windows')]
        [string] $os,
        [ValidateSet('ssh', 'psrp', 'winrm', 'local', '')]
        [string] $connection,
        [int] $port,
        [string] $user,
        [ValidateSet('negotiate', 'ntlm', 'kerberos', 'credssp', 'basic', 'certificate', '')]
        [string] $auth,
        [string] $keyFile,
        [string] $keyPassphraseRef,
        [string] $hostKey,
        [string] $passwordRef,
        [ValidateSet('sudo', 'none', '')]
        [string] $become,
        [string] $becomePasswordRef,
        [string] $jumpHost,
        [string] $caFile,
        [string] $certificateSha256,
        [ValidateSet('control-plane', 'load-balancer', 'worker', '')]
        [string[]] $roles,
        [object] $labels,
        [object] $interfaces,
        [string] $maintenanceReason,
        [string] $maintenanceUntil,
        [int] $cpus,
        [double] $memoryGb,
        [double] $diskGb
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'set-host'
            Type = 'Aksprov.Host'
            Changes = $true
        }
    }
}

function Test-AksprovHost {
    <#
    .SYNOPSIS
    Check hosts and record their facts.

    .DESCRIPTION
    It carries out 'aksprov test-host'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Only the host of this name.

    .EXAMPLE
    Test-AksprovHost

    Every host; exit code 1 if a check failed.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('Aksprov.TestResult')]
    param(
        [Parameter(ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'test-host'
            Type = 'Aksprov.TestResult'
            Rows = $true
        }
    }
}

function Remove-AksprovHost {
    <#
    .SYNOPSIS
    Take a host that no cluster has off the inventory.

    .DESCRIPTION
    It carries out 'aksprov remove-host'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Name of the host; in lower case it is the node's name. Required.

    .PARAMETER purge
    Also take everything that aksprov left on the host away.

    .PARAMETER force
    Also when it cannot be purged, or is in quarantine and never comes back.

    .EXAMPLE
    Remove-AksprovHost -name cp1 -Confirm:$false

    Without asking.

    .EXAMPLE
    Remove-AksprovHost -name cp1 -purge

    Leave nothing of aksprov on it.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.TestResult')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [switch] $purge,
        [switch] $force
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'remove-host'
            Type = 'Aksprov.TestResult'
            Changes = $true
            Asks = $true
        }
    }
}

function Find-AksprovHostKey {
    <#
    .SYNOPSIS
    Show hosts' SSH keys and pin them on consent.

    .DESCRIPTION
    It carries out 'aksprov scan-host-keys'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Only the host of this name.

    .EXAMPLE
    Find-AksprovHostKey -name cp1

    Compare, then answer the question.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.HostKey')]
    param(
        [Parameter(ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'scan-host-keys'
            Type = 'Aksprov.HostKey'
            Changes = $true
            Asks = $true
        }
    }
}

function New-AksHciCluster {
    <#
    .SYNOPSIS
    Make a cluster on hosts of the inventory.

    .DESCRIPTION
    It carries out 'aksprov new-cluster'; docs/cmdlets.md has all of it.
    NodePool: With -nodePoolName: a first node pool as described.
    LegacyNodeCounts: Without it: pools NAME-linux, with one node, and NAME-windows where asked for.
    AzureRBAC: With -enableAzureRBAC; not available.

    .PARAMETER name
    Name of the cluster. Required.

    .PARAMETER kubernetesVersion
    Kubernetes version, as Get-AksHciKubernetesVersion lists it. Default: latest.

    .PARAMETER vnet
    Network of the cluster: its name, or an object. May be left out while there is one network.

    .PARAMETER primaryNetworkPlugin
    Network plugin of Linux and Windows nodes alike. It can never be changed afterwards. One of calico, flannel. Default: calico.

    .PARAMETER calicoDataplane
    How Calico works on Linux nodes; Windows nodes have HNS. Only with calico. One of iptables, nftables, ebpf. Default: iptables.

    .PARAMETER podCidr
    Addresses of pods, or a range of each family with a comma between them, IPv4 first; a /24 of it for each node (IPv6: a /64). 10.244.0.0/16 when it is left out, and fd00:10:244::/56 beside IPv6 Services.

    .PARAMETER serviceCidr
    Addresses of Services, or a range of each family with a comma between them, IPv4 first. 10.96.0.0/12 when it is left out, and fd00:10:96::/112 beside IPv6 pods.

    .PARAMETER controlPlaneNodeCount
    Number of control plane nodes; 3 keep working when one fails. At least 1. Default: 1.

    .PARAMETER controlPlaneVmSize
    Size that each control plane host should have. One of those that Get-AksHciVmSize lists. Default: Standard_A4_v2.

    .PARAMETER apiServerDnsName
    Names by which people reach the API server besides its VIP: its certificate has them. Put commas between them. They can never be changed afterwards.

    .PARAMETER loadBalancerCount
    Number of load balancer hosts (HAProxy and keepalived): short for a setting with this count. At least 1. Default: 1.

    .PARAMETER shareLoadBalancers
    Take load balancers of other clusters of the network that share theirs, and let others take these.

    .PARAMETER loadBalancerVmSize
    Size that each load balancer host should have. One of those that Get-AksHciVmSize lists. Default: Standard_A4_v2.

    .PARAMETER loadBalancerSettings
    What New-AksHciLoadBalancerSetting prints: an object.

    .PARAMETER nodePoolName
    Name of the first node pool; without it there are pools NAME-linux and NAME-windows.

    .PARAMETER nodeCount
    Number of nodes of the first pool. At least 1. Default: 1.

    .PARAMETER nodeVmSize
    Size that each host of the first pool should have. One of those that Get-AksHciVmSize lists. Default: Standard_K8S3_v1.

    .PARAMETER osType
    Operating system of the first pool. Files for Windows hosts are written with -outputDir; pushing them is not available yet. One of Linux, Windows. Default: Linux.

    .PARAMETER osSku
    Edition of the first pool's operating system; recorded.

    .PARAMETER nodeMaxPodCount
    Most pods on a node of the first pool. At least 51. Default: 110.

    .PARAMETER taints
    Taints of every node of the first pool: put commas between them.

    .PARAMETER linuxNodeCount
    Nodes of the pool NAME-linux. At least 0. Default: 1.

    .PARAMETER linuxNodeVmSize
    Size that each host of the pool NAME-linux should have. One of those that Get-AksHciVmSize lists. Default: Standard_K8S3_v1.

    .PARAMETER windowsNodeCount
    Nodes of the pool NAME-windows. At least 0. Default: 0.

    .PARAMETER windowsNodeVmSize
    Size that each host of the pool NAME-windows should have. One of those that Get-AksHciVmSize lists. Default: Standard_K8S3_v1.

    .PARAMETER nodeSettings
    Fields of the nodes' documents that count instead of ours (containerd, KubeletConfiguration, KubeProxyConfiguration), skipAddons and ignorePreflightErrors: an object.

    .PARAMETER networkPluginManifest
    The network plugin's manifest (YAML), applied once the API server answers.

    .PARAMETER configureOnly
    Stop before Kubernetes: hosts have all their configuration, and nothing is started but HAProxy and keepalived.

    .PARAMETER programSource
    Where hosts have containerd, Kubernetes, HAProxy and keepalived from: they are there already (so when it is left out), package repositories (not on Windows), or an offline bundle. Each run may say it anew. One of preinstalled, packages, bundle.

    .PARAMETER offlineBundle
    Folder of the offline bundle that New-AksprovOfflineBundle made; short for -programSource bundle with it.

    .PARAMETER offlineBundleUrl
    Folder with the bundle's files on an HTTP server of the site, from which Windows hosts get them; pushed when it is left out.

    .PARAMETER packageSettings
    Where packages come from: repository (Kubernetes' own when it is left out), keyFile and proxy: an object; short for -programSource packages with it.

    .PARAMETER enableAutoScaler
    Scale the node pools by load. Not available: the autoscaler is not built yet.

    .PARAMETER autoScalerProfileName
    Profile of the autoscaler. Not available: the autoscaler is not built yet.

    .PARAMETER enableADAuth
    Sign-on by Active Directory. Not available: this add-on is not built.

    .PARAMETER enableMonitoring
    Install the monitoring add-on. Not available: this add-on is not built.

    .PARAMETER enableSecretsEncryption
    Encrypt secrets in etcd. Not available: this add-on is not built.

    .PARAMETER enableCsiSmb
    Install the SMB storage driver. Not available: this add-on is not built.

    .PARAMETER enableCsiNfs
    Install the NFS storage driver. Not available: this add-on is not built.

    .PARAMETER enableAzureRBAC
    Authorise by Azure roles. Not available: it needs a cloud account, and aksprov uses none.

    .PARAMETER resourceGroup
    Azure resource group. Not available: it needs a cloud account, and aksprov uses none.

    .PARAMETER subscriptionID
    Azure subscription. Not available: it needs a cloud account, and aksprov uses none.

    .PARAMETER tenantId
    Azure tenant. Not available: it needs a cloud account, and aksprov uses none.

    .PARAMETER credential
    Credential of an Azure service principal. Not available: it needs a cloud account, and aksprov uses none.

    .PARAMETER location
    Azure region. Not available: it needs a cloud account, and aksprov uses none.

    .PARAMETER appId
    Id of the server application. Not available: it needs a cloud account, and aksprov uses none.

    .PARAMETER appSecret
    Secret of the server application. Not available: it needs a cloud account, and aksprov uses none.

    .PARAMETER aadClientId
    Id of the client application. Not available: it needs a cloud account, and aksprov uses none.

    .PARAMETER planFile
    Save the plan to this file; 'Invoke-AksprovPlan FILE' runs exactly that plan.

    .PARAMETER expectPlan
    Run only if the plan still has this hash, else stop with exit code 73.

    .PARAMETER outputDir
    Write each host's files to DIR/HOST/ and contact no host; 'Invoke-AksprovPlan -from DIR' pushes them later.

    .EXAMPLE
    New-AksHciCluster -name demo -primaryNetworkPlugin calico -configureOnly -WhatIf

    What would happen on which host, for the smallest cluster on the only network.

    .EXAMPLE
    New-AksHciCluster -name demo -vnet labnet -controlPlaneNodeCount 3 -loadBalancerCount 2 -nodePoolName linuxpool -nodeCount 2 -osType linux -configureOnly

    Three control plane nodes behind a pair of load balancers, and two workers.

    .EXAMPLE
    New-AksHciCluster -name edge7 -configureOnly -outputDir review

    The same files in a folder, for people to read before any host is touched.

    .EXAMPLE
    New-AksHciCluster -name edge8 -podCidr 10.244.0.0/16, fd00:10:244::/56 -calicoDataplane ebpf -configureOnly -outputDir review

    Pods and Services with IPv4 and IPv6 addresses.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true, DefaultParameterSetName = 'LegacyNodeCounts')]
    [OutputType('Aksprov.Cluster')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string] $kubernetesVersion,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [Alias('VirtualNetwork')]
        [object] $vnet,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('calico', 'flannel', '')]
        [string] $primaryNetworkPlugin,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('iptables', 'nftables', 'ebpf', '')]
        [string] $calicoDataplane,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string[]] $podCidr,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string[]] $serviceCidr,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [int] $controlPlaneNodeCount,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('Default', 'Standard_A2_v2', 'Standard_A4_v2', 'Standard_D2s_v3', 'Standard_D4s_v3', 'Standard_D8s_v3', 'Standard_D16s_v3', 'Standard_D32s_v3', 'Standard_DS2_v2', 'Standard_DS3_v2', 'Standard_DS4_v2', 'Standard_DS5_v2', 'Standard_DS13_v2', 'Standard_K8S_v1', 'Standard_K8S2_v1', 'Standard_K8S3_v1', 'Standard_NK6', 'Standard_NK12', '')]
        [string] $controlPlaneVmSize,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string[]] $apiServerDnsName,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [int] $loadBalancerCount,
        [switch] $shareLoadBalancers,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('Default', 'Standard_A2_v2', 'Standard_A4_v2', 'Standard_D2s_v3', 'Standard_D4s_v3', 'Standard_D8s_v3', 'Standard_D16s_v3', 'Standard_D32s_v3', 'Standard_DS2_v2', 'Standard_DS3_v2', 'Standard_DS4_v2', 'Standard_DS5_v2', 'Standard_DS13_v2', 'Standard_K8S_v1', 'Standard_K8S2_v1', 'Standard_K8S3_v1', 'Standard_NK6', 'Standard_NK12')]
        [string] $loadBalancerVmSize,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [object] $loadBalancerSettings,
        [Parameter(ParameterSetName = 'NodePool', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'AzureRBAC', ValueFromPipelineByPropertyName = $true)]
        [string] $nodePoolName,
        [Parameter(ParameterSetName = 'NodePool', ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'AzureRBAC', ValueFromPipelineByPropertyName = $true)]
        [int] $nodeCount,
        [Parameter(ParameterSetName = 'NodePool', ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'AzureRBAC', ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('Default', 'Standard_A2_v2', 'Standard_A4_v2', 'Standard_D2s_v3', 'Standard_D4s_v3', 'Standard_D8s_v3', 'Standard_D16s_v3', 'Standard_D32s_v3', 'Standard_DS2_v2', 'Standard_DS3_v2', 'Standard_DS4_v2', 'Standard_DS5_v2', 'Standard_DS13_v2', 'Standard_K8S_v1', 'Standard_K8S2_v1', 'Standard_K8S3_v1', 'Standard_NK6', 'Standard_NK12')]
        [string] $nodeVmSize,
        [Parameter(ParameterSetName = 'NodePool', ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'AzureRBAC', ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('Linux', 'Windows')]
        [string] $osType,
        [Parameter(ParameterSetName = 'NodePool', ValueFromPipelineByPropertyName = $true)]
        [string] $osSku,
        [Parameter(ParameterSetName = 'NodePool', ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'LegacyNodeCounts', ValueFromPipelineByPropertyName = $true)]
        [int] $nodeMaxPodCount,
        [Parameter(ParameterSetName = 'NodePool', ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'LegacyNodeCounts', ValueFromPipelineByPropertyName = $true)]
        [string[]] $taints,
        [Parameter(ParameterSetName = 'LegacyNodeCounts')]
        [int] $linuxNodeCount,
        [Parameter(ParameterSetName = 'LegacyNodeCounts')]
        [ValidateSet('Default', 'Standard_A2_v2', 'Standard_A4_v2', 'Standard_D2s_v3', 'Standard_D4s_v3', 'Standard_D8s_v3', 'Standard_D16s_v3', 'Standard_D32s_v3', 'Standard_DS2_v2', 'Standard_DS3_v2', 'Standard_DS4_v2', 'Standard_DS5_v2', 'Standard_DS13_v2', 'Standard_K8S_v1', 'Standard_K8S2_v1', 'Standard_K8S3_v1', 'Standard_NK6', 'Standard_NK12')]
        [string] $linuxNodeVmSize,
        [Parameter(ParameterSetName = 'LegacyNodeCounts')]
        [int] $windowsNodeCount,
        [Parameter(ParameterSetName = 'LegacyNodeCounts')]
        [ValidateSet('Default', 'Standard_A2_v2', 'Standard_A4_v2', 'Standard_D2s_v3', 'Standard_D4s_v3', 'Standard_D8s_v3', 'Standard_D16s_v3', 'Standard_D32s_v3', 'Standard_DS2_v2', 'Standard_DS3_v2', 'Standard_DS4_v2', 'Standard_DS5_v2', 'Standard_DS13_v2', 'Standard_K8S_v1', 'Standard_K8S2_v1', 'Standard_K8S3_v1', 'Standard_NK6', 'Standard_NK12')]
        [string] $windowsNodeVmSize,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [object] $nodeSettings,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string] $networkPluginManifest,
        [switch] $configureOnly,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('preinstalled', 'packages', 'bundle', '')]
        [string] $programSource,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string] $offlineBundle,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string] $offlineBundleUrl,
        [object] $packageSettings,
        [Parameter(ParameterSetName = 'NodePool')]
        [Parameter(ParameterSetName = 'LegacyNodeCounts')]
        [bool] $enableAutoScaler,
        [Parameter(ParameterSetName = 'NodePool')]
        [Parameter(ParameterSetName = 'LegacyNodeCounts')]
        [string] $autoScalerProfileName,
        [Parameter(ParameterSetName = 'NodePool')]
        [Parameter(ParameterSetName = 'LegacyNodeCounts')]
        [switch] $enableADAuth,
        [Parameter(ParameterSetName = 'NodePool')]
        [Parameter(ParameterSetName = 'LegacyNodeCounts')]
        [switch] $enableMonitoring,
        [Parameter(ParameterSetName = 'LegacyNodeCounts')]
        [switch] $enableSecretsEncryption,
        [Parameter(ParameterSetName = 'LegacyNodeCounts')]
        [switch] $enableCsiSmb,
        [Parameter(ParameterSetName = 'LegacyNodeCounts')]
        [switch] $enableCsiNfs,
        [Parameter(ParameterSetName = 'AzureRBAC', Mandatory = $true)]
        [switch] $enableAzureRBAC,
        [Parameter(ParameterSetName = 'AzureRBAC')]
        [string] $resourceGroup,
        [Parameter(ParameterSetName = 'AzureRBAC')]
        [string] $subscriptionID,
        [Parameter(ParameterSetName = 'AzureRBAC')]
        [string] $tenantId,
        [Parameter(ParameterSetName = 'AzureRBAC')]
        [object] $credential,
        [Parameter(ParameterSetName = 'AzureRBAC')]
        [string] $location,
        [Parameter(ParameterSetName = 'AzureRBAC')]
        [string] $appId,
        [Parameter(ParameterSetName = 'AzureRBAC')]
        [string] $appSecret,
        [Parameter(ParameterSetName = 'AzureRBAC')]
        [string] $aadClientId,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string] $planFile,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string] $expectPlan,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string] $outputDir
    )
    begin { $typed = @($PSBoundParameters.Keys) }
    process {
        Invoke-AksprovVerb $PSCmdlet (Get-AksprovGiven $PSCmdlet $PSBoundParameters $typed $_) @{
            Verb = 'new-cluster'
            Type = 'Aksprov.Cluster'
            Changes = $true
            Plans = $true
            Asks = $true
            Older = @{
                'linuxNodeCount' = '-nodePoolName, -nodeCount, -osType'
                'linuxNodeVmSize' = '-nodePoolName, -nodeVmSize, -osType'
                'windowsNodeCount' = '-nodePoolName, -nodeCount, -osType'
                'windowsNodeVmSize' = '-nodePoolName, -nodeVmSize, -osType'
            }
        }
    }
}

function Get-AksHciCluster {
    <#
    .SYNOPSIS
    Show clusters, as recorded.

    .DESCRIPTION
    It carries out 'aksprov get-cluster'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Only the cluster of this name.

    .EXAMPLE
    Get-AksHciCluster -name demo | ConvertTo-Json

    One cluster, with its nodes.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('Aksprov.Cluster')]
    param(
        [Parameter(ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'get-cluster'
            Type = 'Aksprov.Cluster'
        }
    }
}

function Test-AksprovCluster {
    <#
    .SYNOPSIS
    Check a cluster's hosts, services and VIP.

    .DESCRIPTION
    It carries out 'aksprov test-cluster'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Name of the cluster. Required.

    .PARAMETER failover
    Also stop HAProxy, then keepalived, where the VIP is, and measure how long it is away; asks first.

    .EXAMPLE
    Test-AksprovCluster -name demo

    A row per check; exit code 1 if one failed.

    .EXAMPLE
    Test-AksprovCluster -name demo -failover -Confirm:$false

    Two rows more: for how many seconds the VIP was away, at most 3.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.TestResult')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [switch] $failover
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'test-cluster'
            Type = 'Aksprov.TestResult'
            Changes = $true
            Asks = $true
            Rows = $true
        }
    }
}

function Remove-AksHciCluster {
    <#
    .SYNOPSIS
    Take a cluster off its hosts.

    .DESCRIPTION
    It carries out 'aksprov remove-cluster'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Name of the cluster. Required.

    .PARAMETER force
    End the cluster without hosts that do not answer; their addresses stay in quarantine.

    .PARAMETER planFile
    Save the plan to this file; 'Invoke-AksprovPlan FILE' runs exactly that plan.

    .PARAMETER expectPlan
    Run only if the plan still has this hash, else stop with exit code 73.

    .EXAMPLE
    Remove-AksHciCluster -name demo -WhatIf

    What would go and what would come back.

    .EXAMPLE
    Remove-AksHciCluster -name demo -Confirm:$false

    Without asking.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.TestResult')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [switch] $force,
        [string] $planFile,
        [string] $expectPlan
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'remove-cluster'
            Type = 'Aksprov.TestResult'
            Changes = $true
            Plans = $true
            Asks = $true
        }
    }
}

function Set-AksHciCluster {
    <#
    .SYNOPSIS
    Change how many control plane nodes a cluster has.

    .DESCRIPTION
    It carries out 'aksprov set-cluster'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Name of the cluster. Required.

    .PARAMETER controlPlaneNodeCount
    Control plane nodes from now on; those that leave are drained first. It stays when it is left out. At least 1.

    .PARAMETER controlPlaneVmSize
    Size of their hosts. One of those that Get-AksHciVmSize lists. Not available: replacing hosts by others is not built yet.

    .PARAMETER enableAutoScaler
    Scale the node pools by load. Not available: the autoscaler is not built yet.

    .PARAMETER autoScalerProfileName
    Profile of the autoscaler. Not available: the autoscaler is not built yet.

    .PARAMETER linuxNodeCount
    Nodes of the pool NAME-linux, in older releases. Not available: the nodes of a pool are counted by Set-AksHciNodePool.

    .PARAMETER windowsNodeCount
    Nodes of the pool NAME-windows, in older releases. Not available: the nodes of a pool are counted by Set-AksHciNodePool.

    .EXAMPLE
    Set-AksHciCluster -name demo -controlPlaneNodeCount 3

    Two more control planes join, one after the other.

    .EXAMPLE
    Set-AksHciCluster -name demo -controlPlaneNodeCount 1 -Confirm:$false

    And leave again, their members of etcd with them; without asking.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.Cluster')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [int] $controlPlaneNodeCount,
        [ValidateSet('Default', 'Standard_A2_v2', 'Standard_A4_v2', 'Standard_D2s_v3', 'Standard_D4s_v3', 'Standard_D8s_v3', 'Standard_D16s_v3', 'Standard_D32s_v3', 'Standard_DS2_v2', 'Standard_DS3_v2', 'Standard_DS4_v2', 'Standard_DS5_v2', 'Standard_DS13_v2', 'Standard_K8S_v1', 'Standard_K8S2_v1', 'Standard_K8S3_v1', 'Standard_NK6', 'Standard_NK12')]
        [string] $controlPlaneVmSize,
        [bool] $enableAutoScaler,
        [string] $autoScalerProfileName,
        [int] $linuxNodeCount,
        [int] $windowsNodeCount
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'set-cluster'
            Type = 'Aksprov.Cluster'
            Changes = $true
            Plans = $true
            Asks = $true
        }
    }
}

function Get-AksHciCredential {
    <#
    .SYNOPSIS
    Write the kubeconfig that kubectl reads.

    .DESCRIPTION
    It carries out 'aksprov get-credential'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Name of the cluster. Required.

    .PARAMETER configPath
    File that the credential is merged into, or a folder, whose file config it is; ~/.kube/config when it is left out.

    .PARAMETER adAuth
    A kubeconfig for sign-on by Active Directory. Not available: this add-on is not built.

    .PARAMETER aadAuth
    A kubeconfig for sign-on by Azure. Not available: it needs a cloud account, and aksprov uses none.

    .EXAMPLE
    Get-AksHciCredential -name demo

    Into ~/.kube/config, beside what is there.

    .EXAMPLE
    Get-AksHciCredential -name demo -configPath demo.kubeconfig -Confirm:$false

    Into a file of its own, without asking.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.Credential')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [string] $configPath,
        [switch] $adAuth,
        [switch] $aadAuth
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'get-credential'
            Type = 'Aksprov.Credential'
            Changes = $true
            Asks = $true
        }
    }
}

function New-AksHciNodePool {
    <#
    .SYNOPSIS
    Add a node pool to a cluster.

    .DESCRIPTION
    It carries out 'aksprov new-node-pool'; docs/cmdlets.md has all of it.

    .PARAMETER clusterName
    Name of the cluster. Required.

    .PARAMETER name
    Name of the node pool. Required.

    .PARAMETER count
    Its nodes. At least 1. Default: 1.

    .PARAMETER osType
    What its hosts run. One of Linux, Windows. Default: Linux.

    .PARAMETER osSku
    Edition of its system; recorded.

    .PARAMETER vmSize
    Size that each of its hosts should have. One of those that Get-AksHciVmSize lists. Default: Standard_K8S3_v1.

    .PARAMETER taints
    Taints of each of its nodes: put commas between them.

    .PARAMETER maxPodCount
    Most pods on one of its nodes. At least 51. Default: 110.

    .PARAMETER vnet
    Network that its nodes are on, with calico; the cluster's when left out.

    .PARAMETER hostLabels
    Labels that a host must have to be taken for the pool: a hashtable, @{ key = 'value' }.

    .PARAMETER disableAutoScaler
    Keep the pool out of autoscaling. Not available: the autoscaler is not built yet.

    .EXAMPLE
    New-AksHciNodePool -clusterName demo -name gpu -count 2 -taints 'sku=gpu:NoSchedule'

    Two more workers, which join where Kubernetes runs.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.NodePool')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $clusterName,
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('NodePoolName')]
        [string] $name,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [Alias('NodeCount')]
        [int] $count,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('Linux', 'Windows', '')]
        [string] $osType,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string] $osSku,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('Default', 'Standard_A2_v2', 'Standard_A4_v2', 'Standard_D2s_v3', 'Standard_D4s_v3', 'Standard_D8s_v3', 'Standard_D16s_v3', 'Standard_D32s_v3', 'Standard_DS2_v2', 'Standard_DS3_v2', 'Standard_DS4_v2', 'Standard_DS5_v2', 'Standard_DS13_v2', 'Standard_K8S_v1', 'Standard_K8S2_v1', 'Standard_K8S3_v1', 'Standard_NK6', 'Standard_NK12', '')]
        [string] $vmSize,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string[]] $taints,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [int] $maxPodCount,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [Alias('VirtualNetwork')]
        [string] $vnet,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [object] $hostLabels,
        [switch] $disableAutoScaler
    )
    begin { $typed = @($PSBoundParameters.Keys) }
    process {
        Invoke-AksprovVerb $PSCmdlet (Get-AksprovGiven $PSCmdlet $PSBoundParameters $typed $_) @{
            Verb = 'new-node-pool'
            Type = 'Aksprov.NodePool'
            Changes = $true
            Plans = $true
            Asks = $true
        }
    }
}

function Get-AksHciNodePool {
    <#
    .SYNOPSIS
    Show a cluster's node pools, as recorded.

    .DESCRIPTION
    It carries out 'aksprov get-node-pool'; docs/cmdlets.md has all of it.

    .PARAMETER clusterName
    Name of the cluster. Required.

    .PARAMETER name
    Only the pool of this name.

    .EXAMPLE
    Get-AksHciNodePool -clusterName demo

    All pools of a cluster.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('Aksprov.NodePool')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $clusterName,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [Alias('NodePoolName')]
        [string] $name
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'get-node-pool'
            Type = 'Aksprov.NodePool'
        }
    }
}

function Set-AksHciNodePool {
    <#
    .SYNOPSIS
    Change how many nodes a pool has.

    .DESCRIPTION
    It carries out 'aksprov set-node-pool'; docs/cmdlets.md has all of it.

    .PARAMETER clusterName
    Name of the cluster. Required.

    .PARAMETER name
    Name of the node pool. Required.

    .PARAMETER count
    Its nodes from now on; those that leave are drained first. It stays when it is left out. At least 0.

    .PARAMETER vmsize
    Size that each of its hosts should have. One of those that Get-AksHciVmSize lists. Not available: replacing a pool's hosts by others is not built yet.

    .PARAMETER autoScaler
    Scale the pool by load. Not available: the autoscaler is not built yet.

    .EXAMPLE
    Set-AksHciNodePool -clusterName demo -name linuxpool -count 3

    Three nodes.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.NodePool')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $clusterName,
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('NodePoolName')]
        [string] $name,
        [int] $count,
        [ValidateSet('Default', 'Standard_A2_v2', 'Standard_A4_v2', 'Standard_D2s_v3', 'Standard_D4s_v3', 'Standard_D8s_v3', 'Standard_D16s_v3', 'Standard_D32s_v3', 'Standard_DS2_v2', 'Standard_DS3_v2', 'Standard_DS4_v2', 'Standard_DS5_v2', 'Standard_DS13_v2', 'Standard_K8S_v1', 'Standard_K8S2_v1', 'Standard_K8S3_v1', 'Standard_NK6', 'Standard_NK12')]
        [string] $vmsize,
        [bool] $autoScaler
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'set-node-pool'
            Type = 'Aksprov.NodePool'
            Changes = $true
            Plans = $true
            Asks = $true
        }
    }
}

function Remove-AksHciNodePool {
    <#
    .SYNOPSIS
    Drain a pool's nodes and take the pool away.

    .DESCRIPTION
    It carries out 'aksprov remove-node-pool'; docs/cmdlets.md has all of it.

    .PARAMETER clusterName
    Name of the cluster. Required.

    .PARAMETER name
    Name of the node pool. Required.

    .EXAMPLE
    Remove-AksHciNodePool -clusterName demo -name gpu -Confirm:$false

    Without asking; its hosts are free.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.NodePool')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $clusterName,
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('NodePoolName')]
        [string] $name
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'remove-node-pool'
            Type = 'Aksprov.NodePool'
            Changes = $true
            Plans = $true
            Asks = $true
        }
    }
}

function New-AksprovOfflineBundle {
    <#
    .SYNOPSIS
    Make a signed bundle from a folder.

    .DESCRIPTION
    It carries out 'aksprov new-offline-bundle'; docs/cmdlets.md has all of it.

    .PARAMETER folder
    Folder with linux/bin, linux/cni, linux/images, linux/packages/node, linux/packages/load-balancer, windows/bin, windows/cni, windows/images and network-plugin, as far as they are needed. Required.

    .PARAMETER outputDir
    Folder of the bundle; an older bundle there is replaced. Required.

    .PARAMETER kubernetesVersion
    Kubernetes version of the programs and images. Required.

    .PARAMETER signingKey
    Where the key is that signs it: env:NAME, file:PATH, keyring:SERVICE/USER or prompt; left out, a file beside the state, which is made at its first use.

    .EXAMPLE
    New-AksprovOfflineBundle -folder downloads -outputDir bundle -kubernetesVersion v1.36.4

    Link or copy the files to bundle, list them in bundle/manifest.json and sign that.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.OfflineBundle')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $folder,
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $outputDir,
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $kubernetesVersion,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string] $signingKey
    )
    begin { $typed = @($PSBoundParameters.Keys) }
    process {
        Invoke-AksprovVerb $PSCmdlet (Get-AksprovGiven $PSCmdlet $PSBoundParameters $typed $_) @{
            Verb = 'new-offline-bundle'
            Type = 'Aksprov.OfflineBundle'
            Changes = $true
        }
    }
}

function Enable-AksHciOfflineDownload {
    <#
    .SYNOPSIS
    Make a bundle the default.

    .DESCRIPTION
    It carries out 'aksprov enable-offline-download'; docs/cmdlets.md has all of it.

    .PARAMETER stagingShare
    Folder of the bundle. Required.

    .PARAMETER offsiteTransferCompleted
    The bundle is there: it is verified whole now. Otherwise it may arrive later. Default: False.

    .PARAMETER trustKey
    Public key of whoever made the bundle, as New-AksprovOfflineBundle printed it there.

    .EXAMPLE
    Enable-AksHciOfflineDownload -stagingShare /srv/bundle -offsiteTransferCompleted $true

    Verify the bundle and record it.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.OfflineDownload')]
    param(
        [Parameter(Mandatory = $true)]
        [string] $stagingShare,
        [bool] $offsiteTransferCompleted,
        [string] $trustKey
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'enable-offline-download'
            Type = 'Aksprov.OfflineDownload'
            Changes = $true
        }
    }
}

function Disable-AksHciOfflineDownload {
    <#
    .SYNOPSIS
    Have no default bundle.

    .DESCRIPTION
    It carries out 'aksprov disable-offline-download'; docs/cmdlets.md has all of it.

    .PARAMETER stagingShare
    Only if it is this folder that is recorded.

    .EXAMPLE
    Disable-AksHciOfflineDownload

    The bundle stays where it is; the keys of others are forgotten.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.OfflineDownload')]
    param(
        [string] $stagingShare
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'disable-offline-download'
            Type = 'Aksprov.OfflineDownload'
            Changes = $true
        }
    }
}

function Get-AksprovOfflineDownload {
    <#
    .SYNOPSIS
    Show the default bundle.

    .DESCRIPTION
    It carries out 'aksprov get-offline-download'; docs/cmdlets.md has all of it.

    .EXAMPLE
    Get-AksprovOfflineDownload

    With the keys whose bundles are used.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('Aksprov.OfflineDownload')]
    param(

    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'get-offline-download'
            Type = 'Aksprov.OfflineDownload'
        }
    }
}

function Invoke-AksprovPlan {
    <#
    .SYNOPSIS
    Run a saved plan, or push a folder of files.

    .DESCRIPTION
    It carries out 'aksprov apply'; docs/cmdlets.md has all of it.
    Plan: A saved plan.
    Folder: A folder of files.

    .PARAMETER plan
    Plan saved by -planFile; if it is no longer the plan that would be made, exit code 73.

    .PARAMETER from
    Folder written by -outputDir, or DIR/HOST/PATH of plain files, which belong to no cluster.

    .EXAMPLE
    Invoke-AksprovPlan plan.json -Confirm:$false

    Exactly the plan that was looked at.

    .EXAMPLE
    Invoke-AksprovPlan -from review -Confirm:$false

    The files as they are in the folder.

    .EXAMPLE
    Invoke-AksprovPlan -from motd -WhatIf

    Plain files: motd/lb1/etc/motd goes to lb1.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.Cluster')]
    param(
        [Parameter(ParameterSetName = 'Plan', Mandatory = $true, Position = 0)]
        [string] $plan,
        [Parameter(ParameterSetName = 'Folder', Mandatory = $true)]
        [string] $from
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'apply'
            Type = 'Aksprov.Cluster'
            Changes = $true
            Plans = $true
            Asks = $true
        }
    }
}

function Get-AksprovLock {
    <#
    .SYNOPSIS
    Show which runs hold which hosts.

    .DESCRIPTION
    It carries out 'aksprov get-lock'; docs/cmdlets.md has all of it.

    .EXAMPLE
    Get-AksprovLock

    Every run that holds hosts, expired ones included.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('Aksprov.Lock')]
    param(

    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'get-lock'
            Type = 'Aksprov.Lock'
        }
    }
}

function Remove-AksprovLock {
    <#
    .SYNOPSIS
    Take hosts away from a run that hangs.

    .DESCRIPTION
    It carries out 'aksprov break-lock'; docs/cmdlets.md has all of it.
    ByName: One host.
    ByRun: Every host of a run.

    .PARAMETER name
    Only this host.

    .PARAMETER run
    Every host of this run; Get-AksprovLock shows its id.

    .EXAMPLE
    Remove-AksprovLock -name cp1 -Confirm:$false

    Without asking.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.Lock')]
    param(
        [Parameter(ParameterSetName = 'ByName', Mandatory = $true, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [Parameter(ParameterSetName = 'ByRun', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $run
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'break-lock'
            Type = 'Aksprov.Lock'
            Changes = $true
            Asks = $true
        }
    }
}

function Import-AksprovHost {
    <#
    .SYNOPSIS
    Take hosts over; rebuild a lost state from them.

    .DESCRIPTION
    It carries out 'aksprov adopt'; docs/cmdlets.md has all of it.
    ByFile: Every host of a file.
    ByName: One host.

    .PARAMETER file
    Hosts file (YAML, JSON or CSV): every host in it; hosts that are not recorded yet are.

    .PARAMETER name
    One host that is recorded.

    .EXAMPLE
    Import-AksprovHost -file hosts.yaml

    Read what the hosts have, show it, ask, and take them over.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType('Aksprov.TestResult')]
    param(
        [Parameter(ParameterSetName = 'ByFile', Mandatory = $true)]
        [string] $file,
        [Parameter(ParameterSetName = 'ByName', Mandatory = $true, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'adopt'
            Type = 'Aksprov.TestResult'
            Changes = $true
            Asks = $true
        }
    }
}

function Backup-AksprovState {
    <#
    .SYNOPSIS
    Copy the state while others use it.

    .DESCRIPTION
    It carries out 'aksprov state-backup'; docs/cmdlets.md has all of it.

    .PARAMETER file
    Where to; only its owner may read it. One that is there is replaced after asking. Required.

    .EXAMPLE
    Backup-AksprovState state.backup

    Also written: aksprov state backup FILE.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true, Position = 0)]
        [string] $file
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'state-backup'
            Type = 'Aksprov.ClusterNetwork'
            Changes = $true
            Asks = $true
        }
    }
}

function Restore-AksprovState {
    <#
    .SYNOPSIS
    Put a backup in the place of the state.

    .DESCRIPTION
    It carries out 'aksprov state-restore'; docs/cmdlets.md has all of it.

    .PARAMETER file
    A backup. Required.

    .EXAMPLE
    Restore-AksprovState state.backup

    Says what it replaces, and asks.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true, Position = 0)]
        [string] $file
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'state-restore'
            Type = 'Aksprov.ClusterNetwork'
            Changes = $true
            Asks = $true
        }
    }
}

function Test-AksprovState {
    <#
    .SYNOPSIS
    Check the state, or a backup.

    .DESCRIPTION
    It carries out 'aksprov state-check'; docs/cmdlets.md has all of it.

    .PARAMETER file
    A backup; left out, the state.

    .EXAMPLE
    Test-AksprovState

    Exit code 1 if a check failed, 74 if it cannot be read.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('Aksprov.TestResult')]
    param(
        [Parameter(Position = 0)]
        [string] $file
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'state-check'
            Type = 'Aksprov.TestResult'
            Rows = $true
        }
    }
}

function Clear-AksprovState {
    <#
    .SYNOPSIS
    Forget the journal of old runs.

    .DESCRIPTION
    It carries out 'aksprov state-prune'; docs/cmdlets.md has all of it.

    .PARAMETER keepDays
    Runs that began in the last N days stay. Required. At least 1.

    .EXAMPLE
    Clear-AksprovState -keepDays 90 -Confirm:$false

    Once a month, without asking.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)]
        [int] $keepDays
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'state-prune'
            Type = 'Aksprov.ClusterNetwork'
            Changes = $true
            Asks = $true
        }
    }
}

function Copy-AksprovState {
    <#
    .SYNOPSIS
    Copy the state to another place and use it there.

    .DESCRIPTION
    It carries out 'aksprov state-copy'; docs/cmdlets.md has all of it.

    .PARAMETER to
    A path or postgresql:// URL, without a password, where nothing is recorded yet. Required.

    .EXAMPLE
    Copy-AksprovState postgresql://team-db/aksprov

    From a file to a team's database; the other way round it is the same.
    #>
    [CmdletBinding(PositionalBinding = $false, SupportsShouldProcess = $true)]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true, Position = 0)]
        [string] $to
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'state-copy'
            Type = 'Aksprov.ClusterNetwork'
            Changes = $true
        }
    }
}

function New-AksHciLoadBalancerSetting {
    <#
    .SYNOPSIS
    Print a load balancer setting; store nothing.

    .DESCRIPTION
    It carries out 'aksprov new-load-balancer-setting'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Name of the setting. Required.

    .PARAMETER loadBalancerSku
    HAProxy with keepalived on hosts of their own, or none. Required. One of HAProxy, none (not available yet).

    .PARAMETER loadBalancerCount
    Number of load balancer hosts; the VIP moves when one fails, so two make sense. At least 1. Default: 1.

    .PARAMETER vmSize
    Size that each load balancer host should have. One of those that Get-AksHciVmSize lists. Default: Standard_A4_v2.

    .EXAMPLE
    New-AksHciLoadBalancerSetting -name lb -loadBalancerSku HAProxy -loadBalancerCount 2 | ConvertTo-Json | Set-Content lb.json

    A file for New-AksHciCluster -loadBalancerSettings (Get-Content lb.json -Raw | ConvertFrom-Json).
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('Aksprov.LoadBalancerSetting')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name,
        [Parameter(Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('Sku')]
        [ValidateSet('HAProxy', 'none', '')]
        [string] $loadBalancerSku,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [Alias('Count')]
        [int] $loadBalancerCount,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [ValidateSet('Default', 'Standard_A2_v2', 'Standard_A4_v2', 'Standard_D2s_v3', 'Standard_D4s_v3', 'Standard_D8s_v3', 'Standard_D16s_v3', 'Standard_D32s_v3', 'Standard_DS2_v2', 'Standard_DS3_v2', 'Standard_DS4_v2', 'Standard_DS5_v2', 'Standard_DS13_v2', 'Standard_K8S_v1', 'Standard_K8S2_v1', 'Standard_K8S3_v1', 'Standard_NK6', 'Standard_NK12', '')]
        [string] $vmSize
    )
    begin { $typed = @($PSBoundParameters.Keys) }
    process {
        Invoke-AksprovVerb $PSCmdlet (Get-AksprovGiven $PSCmdlet $PSBoundParameters $typed $_) @{
            Verb = 'new-load-balancer-setting'
            Type = 'Aksprov.LoadBalancerSetting'
            Older = @{
                'New-AksHciLoadBalancerObject' = 'New-AksHciLoadBalancerSetting'
            }
        }
    }
}

function Get-AksprovNetworkPlugin {
    <#
    .SYNOPSIS
    Show what each network plugin can do.

    .DESCRIPTION
    It carries out 'aksprov get-network-plugin'; docs/cmdlets.md has all of it.

    .PARAMETER name
    Only the capability of this name, in any case.

    .EXAMPLE
    Get-AksprovNetworkPlugin

    The whole table.

    .EXAMPLE
    Get-AksprovNetworkPlugin -name ipv6 | ConvertTo-Json

    One row, with its limits.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('Aksprov.NetworkPlugin')]
    param(
        [Parameter(ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [string] $name
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'get-network-plugin'
            Type = 'Aksprov.NetworkPlugin'
        }
    }
}

function Get-AksHciVmSize {
    <#
    .SYNOPSIS
    List VM sizes: how large hosts should be.

    .DESCRIPTION
    It carries out 'aksprov get-vm-size'; docs/cmdlets.md has all of it.

    .EXAMPLE
    Get-AksHciVmSize

    All sizes.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('Aksprov.VmSize')]
    param(

    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'get-vm-size'
            Type = 'Aksprov.VmSize'
        }
    }
}

function Get-AksHciKubernetesVersion {
    <#
    .SYNOPSIS
    List the Kubernetes versions that can be had.

    .DESCRIPTION
    It carries out 'aksprov get-kubernetes-version'; docs/cmdlets.md has all of it.

    .EXAMPLE
    Get-AksHciKubernetesVersion

    All versions, a row for each system.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('Aksprov.KubernetesVersion')]
    param(

    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'get-kubernetes-version'
            Type = 'Aksprov.KubernetesVersion'
        }
    }
}

function Install-AksprovModule {
    <#
    .SYNOPSIS
    Put the PowerShell module where it is found.

    .DESCRIPTION
    It carries out 'aksprov install-module'; docs/cmdlets.md has all of it.

    .PARAMETER path
    Folder of modules; left out, the user's own, which is on PSModulePath, of every PowerShell there is.

    .PARAMETER akshci
    Also a module called AksHci, for scripts that import that name: it hands on ours, and says so.

    .EXAMPLE
    Install-AksprovModule

    Then, in PowerShell: Import-Module Aksprov.

    .EXAMPLE
    Install-AksprovModule -akshci

    Scripts with 'Import-Module AksHci' work, too.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('Aksprov.Module')]
    param(
        [string] $path,
        [switch] $akshci
    )
    process {
        Invoke-AksprovVerb $PSCmdlet $PSBoundParameters @{
            Verb = 'install-module'
            Type = 'Aksprov.Module'
        }
    }
}

Set-Alias -Name 'New-AksHciLoadBalancerObject' -Value 'New-AksHciLoadBalancerSetting'

Register-ArgumentCompleter -CommandName 'Get-AksHciClusterNetwork' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster-network' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Get-AksHciClusterNetwork' -ParameterName 'clusterName' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Set-AksHciClusterNetwork' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster-network' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Remove-AksHciClusterNetwork' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster-network' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Get-AksprovHost' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-host' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Set-AksprovHost' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-host' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Test-AksprovHost' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-host' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Remove-AksprovHost' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-host' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Find-AksprovHostKey' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-host' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'New-AksHciCluster' -ParameterName 'kubernetesVersion' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-kubernetes-version' 'OrchestratorVersion' $begun
}
Register-ArgumentCompleter -CommandName 'New-AksHciCluster' -ParameterName 'vnet' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster-network' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Get-AksHciCluster' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Test-AksprovCluster' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Remove-AksHciCluster' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Set-AksHciCluster' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Get-AksHciCredential' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'New-AksHciNodePool' -ParameterName 'clusterName' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Get-AksHciNodePool' -ParameterName 'clusterName' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Get-AksHciNodePool' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-node-pool' 'NodePoolName' $begun @{ clusterName = $bound['clusterName'] }
}
Register-ArgumentCompleter -CommandName 'Set-AksHciNodePool' -ParameterName 'clusterName' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Set-AksHciNodePool' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-node-pool' 'NodePoolName' $begun @{ clusterName = $bound['clusterName'] }
}
Register-ArgumentCompleter -CommandName 'Remove-AksHciNodePool' -ParameterName 'clusterName' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-cluster' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Remove-AksHciNodePool' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-node-pool' 'NodePoolName' $begun @{ clusterName = $bound['clusterName'] }
}
Register-ArgumentCompleter -CommandName 'Remove-AksprovLock' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-host' 'Name' $begun
}
Register-ArgumentCompleter -CommandName 'Import-AksprovHost' -ParameterName 'name' -ScriptBlock {
    param($command, $parameter, $begun, $tree, $bound)
    Get-AksprovName 'get-host' 'Name' $begun
}

Export-ModuleMember -Function @(
    'New-AksHciClusterNetwork',
    'Get-AksHciClusterNetwork',
    'Set-AksHciClusterNetwork',
    'Remove-AksHciClusterNetwork',
    'New-AksHciNetworkSetting',
    'Add-AksprovHost',
    'Get-AksprovHost',
    'Set-AksprovHost',
    'Test-AksprovHost',
    'Remove-AksprovHost',
    'Find-AksprovHostKey',
    'New-AksHciCluster',
    'Get-AksHciCluster',
    'Test-AksprovCluster',
    'Remove-AksHciCluster',
    'Set-AksHciCluster',
    'Get-AksHciCredential',
    'New-AksHciNodePool',
    'Get-AksHciNodePool',
    'Set-AksHciNodePool',
    'Remove-AksHciNodePool',
    'New-AksprovOfflineBundle',
    'Enable-AksHciOfflineDownload',
    'Disable-AksHciOfflineDownload',
    'Get-AksprovOfflineDownload',
    'Invoke-AksprovPlan',
    'Get-AksprovLock',
    'Remove-AksprovLock',
    'Import-AksprovHost',
    'Backup-AksprovState',
    'Restore-AksprovState',
    'Test-AksprovState',
    'Clear-AksprovState',
    'Copy-AksprovState',
    'New-AksHciLoadBalancerSetting',
    'Get-AksprovNetworkPlugin',
    'Get-AksHciVmSize',
    'Get-AksHciKubernetesVersion',
    'Install-AksprovModule'
) -Alias @(
    'New-AksHciLoadBalancerObject'
)
