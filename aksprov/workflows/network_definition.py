"""From a request to a network, and from a network to the object that its users see."""

from __future__ import annotations

from typing import Any

import msgspec

from aksprov.errors import NotFoundError
from aksprov.ipam.ranges import read_range, written
from aksprov.model.desired import Snapshot
from aksprov.model.names import check_name
from aksprov.model.network import UPGRADE_RESERVE, AddressRange, Network
from aksprov.model.request import Request

# parameter -> (property of the object, field of Network; "" where it is part of a pool)
_PARAMETERS = {
    "vswitchName": ("VswitchName", "vswitch_name"),
    "ipAddressPrefix": ("IpAddressPrefix", "ip_address_prefix"),
    "gateway": ("Gateway", "gateway"),
    "dnsServers": ("DnsServers", "dns_servers"),
    "macPoolName": ("MacPoolName", "mac_pool_name"),
    "vlanID": ("Vlanid", "vlan_id"),
    "vipPoolStart": ("VipPoolStart", ""),
    "vipPoolEnd": ("VipPoolEnd", ""),
    "k8sNodeIpPoolStart": ("K8snodeIPPoolStart", ""),
    "k8sNodeIpPoolEnd": ("K8snodeIPPoolEnd", ""),
    "dhcpScope": ("DhcpScope", ""),
    "site": ("Site", "site"),
    "upgradeReserve": ("UpgradeReserve", "upgrade_reserve"),
}


def read_network(request: Request, recorded: Network | None = None) -> Network:
    """The network that a request defines, as typed; a new one whose nodes use DHCP has no prefix yet.

    Args:
        request: of new-cluster-network or new-network-setting.
        recorded: the network of that name; it stands in for values that were left out.

    Raises:
        DefinitionError: InvalidName, ReservedName.
    """
    name = check_name("network", request.need("name"))
    if recorded is None:
        return Network(
            name=name,
            vswitch_name=request.need("vswitchName"),
            ip_address_prefix=request.text("ipAddressPrefix") or "",
            gateway=request.text("gateway") or "",
            dns_servers=request.texts("dnsServers"),
            vip_pool=_pool(request, None, "vipPoolStart", "vipPoolEnd"),
            node_pool=_pool(request, None, "k8sNodeIpPoolStart", "k8sNodeIpPoolEnd")
            if "k8sNodeIpPoolStart" in request.given
            else None,
            vlan_id=request.integer("vlanID") or 0,
            mac_pool_name=request.text("macPoolName"),
            site=request.text("site"),
            upgrade_reserve=request.values.get("upgradeReserve", UPGRADE_RESERVE),
            dhcp_scope=_scope(request),
        )
    given = {field: request.values[p] for p, (_, field) in _PARAMETERS.items() if field and p in request.given}
    return msgspec.structs.replace(
        recorded.definition,  # a network that is defined has one range in each pool, the one that is shown first
        **given,
        vip_pool=_pool(request, recorded.vip_ranges[0], "vipPoolStart", "vipPoolEnd"),
        node_pool=_pool(request, next(iter(recorded.node_ranges), None), "k8sNodeIpPoolStart", "k8sNodeIpPoolEnd")
        if recorded.node_ranges or "k8sNodeIpPoolStart" in request.given
        else None,
        dhcp_scope=_scope(request) if "dhcpScope" in request.given else recorded.dhcp_scope,
    )


def _pool(request: Request, recorded: AddressRange | None, start: str, end: str) -> AddressRange:
    return AddressRange(
        start=request.need(start) if recorded is None or start in request.given else recorded.start,
        end=request.need(end) if recorded is None or end in request.given else recorded.end,
    )


def _scope(request: Request) -> AddressRange | msgspec.UnsetType:
    given = request.text("dhcpScope")
    return msgspec.UNSET if given is None else read_range(given)


def network_object(network: Network) -> dict[str, Any]:
    """AksHci's VirtualNetwork, its properties in the order in which AksHci prints them, and ours."""
    return {
        "Name": network.name,
        "VswitchName": network.vswitch_name,
        "IpAddressPrefix": network.ip_address_prefix or None,
        "Gateway": network.gateway or None,
        "DnsServers": list(network.dns_servers),
        "MacPoolName": network.mac_pool_name,
        "Vlanid": network.vlan_id,
        "VipPoolStart": network.vip_ranges[0].start,
        "VipPoolEnd": network.vip_ranges[0].end,
        "K8snodeIPPoolStart": network.node_ranges[0].start if network.node_ranges else None,
        "K8snodeIPPoolEnd": network.node_ranges[0].end if network.node_ranges else None,
        "Site": network.site,
        "UpgradeReserve": network.upgrade_reserve,
        "VipPoolRanges": [*map(written, network.vip_ranges)],
        "NodePoolRanges": [*map(written, network.node_ranges)],
        "ReservedRanges": [*map(written, network.reserved)],
        "DhcpScope": next(map(written, network.scopes), None),
    }


def differences(recorded: Network, wanted: Network) -> dict[str, tuple[Any, Any]]:
    """Parameter -> (recorded value, wanted value), for those that differ."""
    before, after = network_object(recorded), network_object(wanted)
    return {
        parameter: (before[name], after[name])
        for parameter, (name, _) in _PARAMETERS.items()
        if before[name] != after[name]
    }


def prefix_note(request: Request, network: Network) -> tuple[str, ...]:
    """What to say where a prefix was given with host bits."""
    given = request.text("ipAddressPrefix")
    if given is None or given == network.ip_address_prefix:
        return ()
    return (f"the prefix {given} is taken as its network, {network.ip_address_prefix}",)


def find_network(name: str, snapshot: Snapshot) -> Network:
    """The network of that name, in any case.

    Raises:
        NotFoundError: NetworkNotFound.
    """
    network = snapshot.networks.get(name.lower())
    if network is None:
        raise NotFoundError(
            "NetworkNotFound",
            f"there is no network {name!r}",
            where="name",
            why="there are: " + (", ".join(sorted(n.name for n in snapshot.networks.values())) or "none"),
            fix="look at get-cluster-network",
        )
    return network
