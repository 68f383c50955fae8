"""Cluster networks: New-, Get-, Set- and Remove-AksHciClusterNetwork, and New-AksHciNetworkSetting.

Set-AksHciClusterNetwork is ours: in AksHci a network's pools never changed.

Source: the AksHci reference (learn.microsoft.com/azure/aks/aksarc/reference/ps) and
"Network concepts for deploying AKS nodes"; property names from a transcript of module 1.2.16.
"""

from __future__ import annotations

import msgspec

from aksprov.cmdlets.common import FROM_JSON, WHAT_IF
from aksprov.cmdlets.declaration import Conflict, Example, Parameter, ParameterSet, Property, Verb
from aksprov.model.network import UPGRADE_RESERVE

STATIC = ("StaticIP", "StaticIP+VLAN", "SDN")
WITH_VIPS = ("DHCP", "DHCP+VLAN", "StaticIP", "StaticIP+VLAN")
DHCP = ("DHCP", "DHCP+VLAN")

NETWORK_SETS: tuple[ParameterSet, ...] = (
    ParameterSet(name="StaticIP", help="Nodes have static addresses; the one to use."),
    ParameterSet(name="StaticIP+VLAN", help="The same, tagged."),
    ParameterSet(name="DHCP", help="Nodes have addresses by DHCP; the prefix is read from the facts of hosts."),
    ParameterSet(name="DHCP+VLAN", help="The same, tagged."),
    ParameterSet(
        name="SDN",
        help="Without a VIP pool: VIPs come from a software-defined network.",
        code="SdnNotAvailable",
        unavailable="without --vip-pool-start and --vip-pool-end its VIPs would come from a network controller",
    ),
)
NETWORK_CONFLICTS: tuple[Conflict, ...] = (
    Conflict(
        given=("k8sNodeIpPoolStart", "k8sNodeIpPoolEnd"),
        without=("gateway", "dnsServers", "ipAddressPrefix"),
        code="DhcpWithNodePool",
        what="a network without an address prefix cannot have a node pool",
        why="without prefix, gateway and DNS servers its nodes get addresses by DHCP, and a pool would hand out others",
        fix="give --ip-address-prefix, --gateway and --dns-servers too, for static addresses",
    ),
)
NETWORK_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        name="name",
        placeholder="NAME",
        mandatory_in=("*",),
        rule="network name",
        help="Name of the network.",
        example="labnet",
    ),
    Parameter(
        name="vswitchName",
        placeholder="SWITCH",
        older_names=("vnetName",),
        mandatory_in=("*",),
        help="Name of the virtual switch or bridge that nodes are connected to; recorded, and the key of a host's "
        "'interfaces'. Nothing is configured on it.",
        example="External",
    ),
    Parameter(
        name="ipAddressPrefix",
        placeholder="PREFIX",
        sets=STATIC,
        mandatory_in=STATIC,
        rule="prefix",
        help="The subnet, as address and length.",
        example="10.0.0.0/24",
    ),
    Parameter(
        name="gateway",
        placeholder="ADDRESS",
        sets=STATIC,
        mandatory_in=STATIC,
        rule="address",
        help="Default gateway of the subnet, outside both pools.",
        example="10.0.0.1",
    ),
    Parameter(
        name="dnsServers",
        kind="texts",
        placeholder="ADDRESS",
        sets=STATIC,
        mandatory_in=STATIC,
        rule="address",
        help="DNS servers of the nodes, one to three: repeat the option, or put commas between them.",
        example="10.0.0.2",
    ),
    Parameter(
        name="vipPoolStart",
        placeholder="ADDRESS",
        group="Pools",
        sets=WITH_VIPS,
        mandatory_in=WITH_VIPS,
        rule="address",
        help="First virtual address, for API servers and Services.",
        example="10.0.0.200",
    ),
    Parameter(
        name="vipPoolEnd",
        placeholder="ADDRESS",
        group="Pools",
        sets=WITH_VIPS,
        mandatory_in=WITH_VIPS,
        rule="address",
        help="Last virtual address.",
        example="10.0.0.220",
    ),
    Parameter(
        name="k8sNodeIpPoolStart",
        placeholder="ADDRESS",
        group="Pools",
        sets=STATIC,
        mandatory_in=STATIC,
        rule="address",
        help="First address for nodes that bring none of their own.",
        example="10.0.0.10",
    ),
    Parameter(
        name="k8sNodeIpPoolEnd",
        placeholder="ADDRESS",
        group="Pools",
        sets=STATIC,
        mandatory_in=STATIC,
        rule="address",
        help="Last address for nodes.",
        example="10.0.0.100",
    ),
    Parameter(
        name="vlanID",
        kind="integer",
        placeholder="N",
        sets=("DHCP+VLAN", "StaticIP+VLAN"),
        mandatory_in=("DHCP+VLAN", "StaticIP+VLAN"),
        minimum=0,
        maximum=4094,
        help="VLAN of the network (IEEE 802.1Q); recorded and checked, never configured. Untagged when left out.",
        example="10",
    ),
    Parameter(
        name="macPoolName",
        placeholder="NAME",
        help="Name of the MAC address pool; recorded only.",
        example="MocMacPool",
    ),
)
SITE = Parameter(
    name="site",
    placeholder="SITE",
    ours=True,
    rule="site name",
    help="Site of the network: address ranges of different sites may overlap, and only hosts with this label 'site' "
    "join it. Without one the network shares one scope with all others that have none.",
    example="shop17",
)
RESERVE = Parameter(
    name="upgradeReserve",
    kind="integer",
    placeholder="N",
    group="Pools",
    ours=True,
    default=UPGRADE_RESERVE,
    minimum=0,
    maximum=1000,
    help="Addresses of the node pool that sizing keeps for the upgrades of each cluster.",
    example="2",
)
DHCP_SCOPE = Parameter(
    name="dhcpScope",
    placeholder="RANGE",
    group="Pools",
    ours=True,
    sets=DHCP,
    rule="address range",
    help="Addresses that the DHCP server hands out, A-B; the VIP pool must be outside. It cannot be asked for them, so "
    "without this option a Warning says that nobody knows.",
    example="10.0.0.10-10.0.0.150",
)
NETWORK_PROPERTIES: tuple[Property, ...] = (
    Property(name="Name", parameter="name"),
    Property(name="VswitchName", parameter="vswitchName"),
    Property(name="IpAddressPrefix", parameter="ipAddressPrefix"),
    Property(name="Gateway", parameter="gateway"),
    Property(name="DnsServers", kind="texts", parameter="dnsServers"),
    Property(name="MacPoolName", parameter="macPoolName"),
    Property(name="Vlanid", kind="integer", parameter="vlanID"),
    Property(name="VipPoolStart", parameter="vipPoolStart"),
    Property(name="VipPoolEnd", parameter="vipPoolEnd"),
    Property(name="K8snodeIPPoolStart", parameter="k8sNodeIpPoolStart"),
    Property(name="K8snodeIPPoolEnd", parameter="k8sNodeIpPoolEnd"),
)
STORED_PROPERTIES = (
    *NETWORK_PROPERTIES,
    Property(name="Site", parameter="site", help="ours"),
    Property(name="UpgradeReserve", kind="integer", parameter="upgradeReserve", help="ours"),
    Property(
        name="VipPoolRanges", kind="texts", help="ours: every range of the VIP pool; VipPoolStart is of the first"
    ),
    Property(name="NodePoolRanges", kind="texts", help="ours: every range of the node pool"),
    Property(name="ReservedRanges", kind="texts", help="ours: addresses that no pool hands out"),
    Property(name="DhcpScope", parameter="dhcpScope", help="ours: addresses that the DHCP server hands out"),
)
COLUMNS = ("Name", "IpAddressPrefix", "Gateway", "Vlanid", "VswitchName", "Site")

_NEW_EXAMPLE = (
    "--name {name} --vswitch-name External --ip-address-prefix 10.0.0.0/24 --gateway 10.0.0.1 --dns-servers 10.0.0.2 "
    "--vip-pool-start 10.0.0.200 --vip-pool-end 10.0.0.220 --k8s-node-ip-pool-start 10.0.0.10 "
    "--k8s-node-ip-pool-end 10.0.0.100"
)

NEW_NETWORK = Verb(
    name="new-cluster-network",
    cmdlet="New-AksHciClusterNetwork",
    topic="Networks",
    synopsis="Define a network that clusters are made on.",
    parameters=(*NETWORK_PARAMETERS, RESERVE, DHCP_SCOPE, SITE, FROM_JSON),
    sets=NETWORK_SETS,
    default_set="StaticIP",
    conflicts=NETWORK_CONFLICTS,
    outputs=STORED_PROPERTIES,
    columns=COLUMNS,
    examples=(
        Example(
            command="aksprov new-cluster-network " + _NEW_EXAMPLE.format(name="labnet"),
            text="A /24 with 21 virtual addresses and room for 91 nodes.",
        ),
        Example(
            command="aksprov new-cluster-network --name leased --vswitch-name External --vip-pool-start 10.0.0.200 "
            "--vip-pool-end 10.0.0.220 --dhcp-scope 10.0.0.10-10.0.0.150",
            text="Hosts keep the addresses that a DHCP server gave them.",
        ),
    ),
)
GET_NETWORK = Verb(
    name="get-cluster-network",
    cmdlet="Get-AksHciClusterNetwork",
    topic="Networks",
    synopsis="Show networks, and who has which address.",
    parameters=(
        Parameter(
            name="name",
            placeholder="NAME",
            sets=("ByName",),
            rule="network name",
            help="Only the network of this name.",
            example="labnet",
        ),
        Parameter(
            name="clusterName",
            placeholder="NAME",
            sets=("ByClusterName",),
            rule="cluster name",
            help="Only the network that this cluster uses.",
            example="demo",
        ),
        Parameter(
            name="addresses",
            kind="switch",
            ours=True,
            help="Show every address that is leased, by whom, and which are free.",
        ),
        Parameter(
            name="map",
            kind="switch",
            ours=True,
            help="Draw the pools address by address: free, reserved, in quarantine, or leased by which cluster.",
        ),
    ),
    sets=(
        ParameterSet(name="All", help="Every network."),
        ParameterSet(name="ByName", help="One network."),
        ParameterSet(name="ByClusterName", help="The network of one cluster."),
    ),
    default_set="All",
    outputs=(
        *STORED_PROPERTIES,
        Property(name="Addresses", kind="objects", help="ours: with --addresses, each lease and what is free"),
        Property(
            name="Map", kind="objects", help="ours: with --map, each pool with its addresses and how many are what"
        ),
    ),
    columns=COLUMNS,
    examples=(
        Example(command="aksprov get-cluster-network", text="All networks."),
        Example(command="aksprov get-cluster-network --name labnet --addresses", text="Its leases and what is free."),
        Example(command="aksprov get-cluster-network --name labnet --map", text="The same as a picture."),
    ),
)


def _ranges(name: str, help: str, example: str) -> Parameter:
    return Parameter(
        name=name,
        kind="texts",
        placeholder="RANGE",
        group="Pools",
        ours=True,
        rule="address range",
        help=help,
        example=example,
    )


SET_NETWORK = Verb(
    name="set-cluster-network",
    cmdlet="Set-AksHciClusterNetwork",
    topic="Networks",
    synopsis="Change a network's pools while clusters run on it.",
    parameters=(
        Parameter(
            name="name",
            placeholder="NAME",
            ours=True,
            mandatory_in=("*",),
            rule="network name",
            help="Name of the network.",
            example="labnet",
        ),
        _ranges(
            "addVipRange",
            "Add these addresses to the VIP pool: A-B, or one address. Repeat the option, or put commas between them.",
            "10.0.0.230-10.0.0.239",
        ),
        _ranges("addNodeRange", "Add these addresses to the node pool.", "10.0.0.110-10.0.0.119"),
        _ranges("removeVipRange", "Take these addresses out of the VIP pool, where nobody has them.", "10.0.0.200"),
        _ranges("removeNodeRange", "Take these addresses out of the node pool, where nobody has them.", "10.0.0.99"),
        _ranges("reserve", "Never hand these addresses out.", "10.0.0.210-10.0.0.214"),
        _ranges(
            "release",
            "Hand these addresses out again, which were reserved, or are in quarantine as somebody answered for them.",
            "10.0.0.210",
        ),
        WHAT_IF,
    ),
    outputs=STORED_PROPERTIES,
    columns=COLUMNS,
    examples=(
        Example(
            command="aksprov set-cluster-network --name labnet --add-vip-range 10.0.0.230-10.0.0.239",
            text="Ten more virtual addresses; what is there already is not added again.",
        ),
        Example(
            command="aksprov set-cluster-network --name labnet --remove-node-range 10.0.0.91-10.0.0.100 --yes",
            text="A smaller node pool, without asking.",
        ),
    ),
    confirms=True,
)
REMOVE_NETWORK = Verb(
    name="remove-cluster-network",
    cmdlet="Remove-AksHciClusterNetwork",
    topic="Networks",
    synopsis="Remove a network that no cluster uses.",
    parameters=(
        Parameter(
            name="name",
            placeholder="NAME",
            mandatory_in=("*",),
            rule="network name",
            help="Name of the network.",
            example="labnet",
        ),
    ),
    examples=(Example(command="aksprov remove-cluster-network --name labnet --yes", text="Without asking."),),
    confirms=True,
    always_asks=True,
)
NEW_NETWORK_SETTING = msgspec.structs.replace(
    NEW_NETWORK,
    name="new-network-setting",
    cmdlet="New-AksHciNetworkSetting",
    topic="Settings",
    synopsis="Print a network; store nothing.",
    parameters=NETWORK_PARAMETERS,
    outputs=NETWORK_PROPERTIES,
    columns=COLUMNS[:-1],
    examples=(
        Example(
            command="aksprov new-network-setting " + _NEW_EXAMPLE.format(name="hostnet") + " --output json",
            text="The object as JSON, for a file.",
        ),
    ),
)
VERBS = (NEW_NETWORK, GET_NETWORK, SET_NETWORK, REMOVE_NETWORK, NEW_NETWORK_SETTING)
