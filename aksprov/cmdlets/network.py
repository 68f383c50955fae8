"""Cluster networks: New-, Get- and Remove-AksHciClusterNetwork, and New-AksHciNetworkSetting.

Source: the AksHci reference (learn.microsoft.com/azure/aks/aksarc/reference/ps) and
"Network concepts for deploying AKS nodes"; property names from a transcript of module 1.2.16.
"""

from __future__ import annotations

import msgspec

from aksprov.cmdlets.common import FROM_JSON
from aksprov.cmdlets.declaration import Conflict, Example, Parameter, ParameterSet, Property, Verb
from aksprov.model.network import UPGRADE_RESERVE

STATIC = ("StaticIP", "StaticIP+VLAN", "SDN")
WITH_VIPS = ("DHCP", "DHCP+VLAN", "StaticIP", "StaticIP+VLAN")
_NO_DHCP = "networks whose nodes get their addresses by DHCP are not built yet"

NETWORK_SETS: tuple[ParameterSet, ...] = (
    ParameterSet(name="DHCP", help="Nodes get their addresses by DHCP.", code="DhcpNotAvailable", unavailable=_NO_DHCP),
    ParameterSet(name="DHCP+VLAN", help="The same, tagged.", code="DhcpNotAvailable", unavailable=_NO_DHCP),
    ParameterSet(name="StaticIP", help="Nodes have static addresses; the one to use."),
    ParameterSet(name="StaticIP+VLAN", help="The same, tagged."),
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
    parameters=(*NETWORK_PARAMETERS, RESERVE, SITE, FROM_JSON),
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
    ),
    columns=COLUMNS,
    examples=(
        Example(command="aksprov get-cluster-network", text="All networks."),
        Example(command="aksprov get-cluster-network --name labnet --addresses", text="Its leases and what is free."),
    ),
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
VERBS = (NEW_NETWORK, GET_NETWORK, REMOVE_NETWORK, NEW_NETWORK_SETTING)
