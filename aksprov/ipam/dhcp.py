"""Networks whose nodes get their addresses by DHCP: their prefix, and what is known of the server's scope.

An address that a host has by DHCP is a fact.  What a server would hand out is not to be known without taking a lease,
so nothing here asks one.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface
from typing import Final

import msgspec

from aksprov.errors import DefinitionError
from aksprov.ipam.allocate import at_site
from aksprov.ipam.ranges import holds, listed, natural
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts
from aksprov.model.host import Host
from aksprov.model.network import Network
from aksprov.model.row import Row

_LONGEST: Final = 30  # a longer prefix is no subnet for a cluster; keepalived gives its VIPs a /32


def with_prefix(network: Network, snapshot: Snapshot) -> Network:
    """The network with the prefix that hosts show: that of the interface whose subnet holds its VIP pool.

    Args:
        network: in any form; one with static addresses has its prefix already.
        snapshot: what is recorded.

    Raises:
        DefinitionError: PrefixUnknown, no host shows one; PrefixesDiffer.
    """
    if not network.dhcp or network.ip_address_prefix:
        return network
    found: dict[str, list[str]] = {}
    for key in sorted(snapshot.facts, key=natural):
        host = snapshot.hosts.get(key)
        if host is not None and at_site(host, network):
            for subnet in sorted(_subnets(host, snapshot.facts[key], network)):
                found.setdefault(subnet, []).append(host.name)
    where = f"network {network.name}: VIP pool {network.vip_pool}"
    if not found:
        raise DefinitionError(
            "PrefixUnknown",
            f"the prefix of network {network.name} is not known",
            where=where,
            why="no host that was added has shown an interface whose subnet holds the VIP pool",
            fix="add the hosts first (add-host without --offline), or run test-host; then define the network",
        )
    if len(found) > 1:
        shown = "; ".join(f"{subnet} on {', '.join(hosts[:3])}" for subnet, hosts in found.items())
        raise DefinitionError(
            "PrefixesDiffer",
            f"hosts show several subnets that hold the VIP pool of network {network.name}",
            where=where,
            why=shown,
            fix=f"correct the masks, or name each host's interface: interfaces: {{{network.vswitch_name}: eth1}}",
        )
    return msgspec.structs.replace(network, ip_address_prefix=next(iter(found)))


def _subnets(host: Host, facts: Facts, network: Network) -> set[str]:
    named = host.interfaces.get(network.vswitch_name)
    shown = (i for i in facts.interfaces if i.name != "lo" and named in (None, i.name, *i.altnames))
    subnets = (IPv4Interface(cidr).network for i in shown for cidr in i.addresses if ":" not in cidr)
    ends = [IPv4Address(end) for end in (network.vip_pool.start, network.vip_pool.end)]
    return {str(s) for s in subnets if s.prefixlen <= _LONGEST and all(end in s for end in ends)}


def scope_rows(network: Network, cluster: str = "") -> tuple[Row, ...]:
    """A warning where nobody has said which addresses the DHCP server hands out."""
    if not network.dhcp or network.scopes:
        return ()
    return (
        Row(
            test_name="DhcpScopeUnknown",
            category="Definition",
            test_result="Warning",
            details=f"the VIP pool {listed(network.vip_ranges)} of network {network.name} may lie in the scope of its "
            "DHCP server, which would then give VIPs to others",
            recommendation="exclude the VIP pool there; a network that is defined with --dhcp-scope A-B is checked",
            cluster=cluster,
        ),
    )


def offer_rows(network: Network, snapshot: Snapshot, cluster: str) -> Iterator[Row]:
    """A row for each host that a DHCP server has given an address of the VIP pool; Failed, as it gives away others."""
    for key in sorted(snapshot.facts, key=natural):
        host = snapshot.hosts.get(key)
        if host is None or not at_site(host, network):
            continue
        for interface in snapshot.facts[key].interfaces:
            for address in (cidr.partition("/")[0] for cidr in interface.dynamic if ":" not in cidr):
                if any(holds(run, address) for run in network.vip_ranges):
                    yield Row(
                        test_name="DhcpOfferInVipPool",
                        category="Placement",
                        test_result="Failed",
                        details=f"{interface.name} got {address} by DHCP, and that is in the VIP pool "
                        f"{listed(network.vip_ranges)} of network {network.name}",
                        recommendation=f"take the VIP pool out of what the DHCP server hands out, renew the lease on "
                        f"{host.name} (networkctl renew {interface.name}), then run test-host",
                        host=host.name,
                        cluster=cluster,
                    )
