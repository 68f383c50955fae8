"""What a network may be: the rules between its own values, and between it and the others of its site."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from typing import Final

import msgspec

from aksprov.cmdlets.rules import RULES, pool_reversed
from aksprov.errors import DefinitionError
from aksprov.ipam.cidrs import SPECIAL
from aksprov.ipam.ranges import bounds, holds, overlap
from aksprov.model.desired import Snapshot
from aksprov.model.network import AddressRange, Network
from aksprov.model.quarantine import STRANGER, cluster_of, is_quarantine

_VLAN_LAST: Final = 4094  # IEEE 802.1Q: 4095 is reserved


def normalised(candidate: Network) -> Network:
    """The same network with every address in its one canonical form; a prefix loses its host bits.

    Raises:
        DefinitionError: InvalidAddress, InvalidPrefix, PoolReversed.
        NotAvailableError: Ipv6NotAvailable.
    """
    node_pool, scope, given = candidate.node_pool, candidate.dhcp_scope, candidate.ip_address_prefix
    prefix = RULES["prefix"](given, "ipAddressPrefix") if given or not candidate.dhcp else ""
    return msgspec.structs.replace(
        candidate,
        ip_address_prefix=str(IPv4Network(prefix, strict=False)) if prefix else "",
        gateway=RULES["address"](candidate.gateway, "gateway") if not candidate.dhcp else "",
        dns_servers=tuple(RULES["address"](server, "dnsServers") for server in candidate.dns_servers),
        vip_pool=_pool(candidate.vip_pool, "vipPoolStart, vipPoolEnd"),
        node_pool=None if node_pool is None else _pool(node_pool, "k8sNodeIpPoolStart, k8sNodeIpPoolEnd"),
        dhcp_scope=_pool(scope, "dhcpScope") if isinstance(scope, AddressRange) else scope,
    )


def _pool(pool: AddressRange, where: str) -> AddressRange:
    start, end = RULES["address"](pool.start, where), RULES["address"](pool.end, where)
    first, last = bounds(AddressRange(start=start, end=end))
    if first > last:
        raise pool_reversed(start, end, where)
    return AddressRange(start=start, end=end)


def check_network(candidate: Network, snapshot: Snapshot) -> Network:
    """Hold a network against its own values and the other networks.

    Pod and service CIDRs are each cluster's: see :func:`aksprov.ipam.cidrs.check_cidrs`.

    Networks of one site (and of the scope that networks without a site share) may have the
    same prefix, as long as their pools are disjoint; prefixes that overlap otherwise are
    refused, as a subnet has one mask.

    Args:
        candidate: as typed; a prefix may have host bits.  Of one whose nodes use DHCP the prefix may be unknown, "".
        snapshot: what is recorded; a network of the same name in it is not an other one.

    Returns:
        The network in canonical form, ready to be recorded.

    Raises:
        DefinitionError: what is wrong, with both ranges where two are at odds.
        NotAvailableError: Ipv6NotAvailable.
    """
    network = normalised(candidate)
    _check_labels(network)
    _check_scope(network)
    if not network.ip_address_prefix:
        return network
    prefix = IPv4Network(network.ip_address_prefix)
    _check_prefix(prefix)
    if not network.dhcp:
        _check_gateway(network, prefix)
        _check_dns(network)
    _check_pools(network, prefix)
    for other in snapshot.networks.values():
        if other.key != network.key and other.scope == network.scope:
            _check_beside(network, other)
    return network


def _check_labels(network: Network) -> None:
    if not 0 <= network.vlan_id <= _VLAN_LAST:
        raise DefinitionError(
            "VlanInvalid",
            f"{network.vlan_id} is not a VLAN",
            where="vlanID",
            why=f"IEEE 802.1Q has 0 (untagged) to {_VLAN_LAST}",
            fix="give a number in that range, or leave it out for untagged",
        )
    if not network.vswitch_name.strip() or not network.vswitch_name.isprintable():
        raise DefinitionError(
            "SwitchNameInvalid",
            f"{network.vswitch_name!r} cannot be the name of a switch",
            where="vswitchName",
            why="it is empty, or has a line break or another control character",
            fix="give the switch's name as its own system shows it",
        )


def _check_scope(network: Network) -> None:
    """AksHci: the VIP pool is in the subnet of the DHCP server's scope, and excluded from that."""
    for scope in network.scopes:
        for pool in network.vip_ranges:
            if overlap(scope, pool):
                raise DefinitionError(
                    "VipPoolInDhcpScope",
                    f"the VIP pool {pool} overlaps the DHCP scope {scope}",
                    where="dhcpScope, VIP pool",
                    why="the DHCP server would give an address away that a cluster has",
                    fix="choose VIPs outside the scope, or take them out of what the server hands out",
                )


def _check_prefix(prefix: IPv4Network) -> None:
    if prefix.prefixlen > 30:
        raise DefinitionError(
            "PrefixTooSmall",
            f"{prefix} has no room for a cluster",
            where="ipAddressPrefix",
            why="a network needs addresses for a gateway, nodes and VIPs beside its own and the broadcast address",
            fix="give a prefix of length 30 or shorter; a /24 is usual",
        )
    for special, name in SPECIAL.items():
        if special.version == 4 and prefix.overlaps(special):
            raise DefinitionError(
                "PrefixReserved",
                f"{prefix} cannot be the prefix of a network",
                where="ipAddressPrefix",
                why=f"it overlaps {special}: {name}",
                fix="give a prefix of ordinary addresses, such as 10.0.0.0/24",
            )


def _check_gateway(network: Network, prefix: IPv4Network) -> None:
    gateway = IPv4Address(network.gateway)
    if gateway not in prefix:
        raise DefinitionError(
            "GatewayOutsidePrefix",
            f"the gateway {gateway} is outside {prefix}",
            where="gateway",
            why="nodes can only reach a gateway in their own subnet",
            fix=f"give the router's address in {prefix}, or the prefix that holds {gateway}",
        )
    if gateway in (prefix.network_address, prefix.broadcast_address):
        raise DefinitionError(
            "GatewayInvalid",
            f"{gateway} cannot be a gateway",
            where="gateway",
            why=f"it is the network or the broadcast address of {prefix}",
            fix="give the router's own address",
        )


def _check_dns(network: Network) -> None:
    servers = network.dns_servers
    if not 1 <= len(servers) <= 3 or len(set(servers)) < len(servers):
        raise DefinitionError(
            "DnsServersCount",
            f"{len(servers)} DNS servers were given: {', '.join(servers) or 'none'}",
            where="dnsServers",
            why="a network has one to three, each once",
            fix="give one to three addresses, separated by commas",
        )
    for server in servers:
        for special, name in SPECIAL.items():
            if IPv4Address(server) in special:
                raise DefinitionError(
                    "DnsServerInvalid",
                    f"{server} cannot be a DNS server for other machines",
                    where="dnsServers",
                    why=f"it is in {special}: {name}",
                    fix="give the address at which the nodes reach the server",
                )


def _pools(network: Network) -> Iterator[tuple[str, AddressRange]]:
    """The ranges of both pools, each with its title."""
    yield from (("VIP pool", run) for run in network.vip_ranges)
    yield from (("node pool", run) for run in network.node_ranges)


def _kept(network: Network) -> Iterator[tuple[str, AddressRange]]:
    """What no other network may hand out: its pools, what a DHCP server there has, and what it keeps back."""
    yield from _pools(network)
    yield from (("DHCP scope", run) for run in network.scopes)
    yield from (("reserved range", run) for run in network.reserved)


def _fixed(network: Network) -> Iterator[tuple[str, str]]:
    """Addresses of a network that are somebody's already, each with its title."""
    if network.gateway:
        yield "gateway", network.gateway
    for server in network.dns_servers:
        yield "DNS server", server


def _check_pools(network: Network, prefix: IPv4Network) -> None:
    for title, pool in (*_pools(network), *(("DHCP scope", scope) for scope in network.scopes)):
        check_inside(title, pool, prefix)
    for title, pool in _pools(network):
        for address in (str(prefix.network_address), str(prefix.broadcast_address)):
            if holds(pool, address):
                raise DefinitionError(
                    "PoolHoldsNetworkAddress",
                    f"the {title} {pool} holds {address}",
                    where=title,
                    why=f"that is the network or the broadcast address of {prefix}, which no machine can have",
                    fix="shorten the pool by that address",
                )
        for fixed, address in _fixed(network):
            if holds(pool, address):
                raise DefinitionError(
                    "AddressInPool",
                    f"the {fixed} {address} is inside the {title} {pool}",
                    where=title,
                    why="the pool would hand the address out a second time",
                    fix=f"choose a range without {address}",
                )
    for (title, pool), (other_title, other_pool) in combinations(_pools(network), 2):
        if overlap(pool, other_pool):
            raise DefinitionError(
                "PoolsOverlap",
                f"the {title} {pool} and the {other_title} {other_pool} overlap",
                where=f"{title}, {other_title}",
                why="an address of both would be handed out twice",
                fix="choose two ranges that share no address",
            )


def check_inside(title: str, addresses: AddressRange, prefix: IPv4Network) -> None:
    """Refuse a range that is not wholly in a prefix.

    Raises:
        DefinitionError: PoolOutsidePrefix.
    """
    for address in (addresses.start, addresses.end):
        if IPv4Address(address) not in prefix:
            raise DefinitionError(
                "PoolOutsidePrefix",
                f"the {title} {addresses} is not inside {prefix}",
                where=title,
                why=f"{address} is outside {prefix}",
                fix=f"give a first and last address in {prefix}",
            )


def _check_beside(network: Network, other: Network) -> None:
    one, two = IPv4Network(network.ip_address_prefix), IPv4Network(other.ip_address_prefix)
    if not one.overlaps(two):
        return
    where = f"network {network.name}, network {other.name}" + (f", site {other.site}" if other.site else "")
    if one != two:
        raise DefinitionError(
            "NetworksOverlap",
            f"{one} overlaps {two} of network {other.name}",
            where=where,
            why="at one site two networks are the same subnet or have no address in common",
            fix=f"give {two} with pools of its own, a prefix outside it, or another --site",
        )
    for title, kept in _kept(network):
        for other_title, other_kept in _kept(other):
            shared = title == other_title and title in ("reserved range", "DHCP scope")
            if overlap(kept, other_kept) and not shared:
                raise _at_odds(where, f"{title} {kept}", f"{other_title} {other_kept} of network {other.name}")
    for title, pool in _pools(network):
        for fixed, address in _fixed(other):
            if holds(pool, address):
                raise _at_odds(where, f"{title} {pool}", f"{fixed} {address} of network {other.name}")
    for title, pool in _pools(other):
        for fixed, address in _fixed(network):
            if holds(pool, address):
                raise _at_odds(where, f"{fixed} {address}", f"{title} {pool} of network {other.name}")


def _at_odds(where: str, ours: str, theirs: str) -> DefinitionError:
    return DefinitionError(
        "NetworksOverlap",
        f"the {ours} overlaps the {theirs}",
        where=where,
        why="both networks are on one subnet, so an address of both would be handed out twice",
        fix="choose addresses that the other network does not have",
    )


def network_users(key: str, snapshot: Snapshot) -> tuple[str, ...]:
    """Names of the clusters that use a network, by definition or by a lease; sorted.

    One that a host may still use addresses for, which did not answer when it left, is among them, and called so.
    """
    defined = {cluster.key for cluster in snapshot.clusters.values() if key in cluster.network_keys}
    leased = {lease.cluster for lease in snapshot.leases if lease.network == key and lease.purpose != STRANGER}

    def name(cluster: str) -> str:
        if is_quarantine(cluster):
            return f"{cluster_of(cluster)} (addresses in quarantine)"
        return snapshot.clusters[cluster].name if cluster in snapshot.clusters else cluster

    return tuple(sorted(map(name, defined | leased)))
