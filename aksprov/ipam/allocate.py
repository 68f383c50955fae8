"""Who gets which address: VIPs, router ids, and the table of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Final, Literal

from aksprov.errors import DefinitionError
from aksprov.ipam.ranges import addresses_of, common, holds, in_prefix, listed, minus, size
from aksprov.model.base import Value
from aksprov.model.desired import Snapshot
from aksprov.model.host import Host
from aksprov.model.network import AddressRange, Lease, Network
from aksprov.model.quarantine import STRANGER, cluster_of, is_quarantine

# keepalived's virtual_router_id is 1-255 (RFC 5798 5.2.3), one for each subnet.  These are left to
# others, who may speak VRRP on the same subnet already.
RESERVED_ROUTER_IDS: Final[Mapping[int, str]] = {
    1: "the first virtual router of a subnet, as in RFC 5798 4.1: routers and firewalls usually have it",
    2: "the second one, as in RFC 5798 4.2",
    51: "keepalived's sample configuration; many distributions pre-configure it "
    "(kubeadm documentation, High Availability Considerations)",
}
_ROUTER_IDS: Final = range(1, 256)


AddressState = Literal["Free", "Leased", "Host", "Reserved", "Quarantined"]


class AddressEntry(Value, frozen=True, kw_only=True):
    """A row of the address table: an address that somebody has, or a run of others.

    Args:
        pool: "VIP" or "Node"; "" for a host's own address outside both.
        state: "Leased"; "Quarantined" while a host may still use it for a cluster that was removed, and after a
            stranger answered for it;
            "Host" for the own address of a host that is in no cluster; "Reserved" for addresses that no pool
            hands out; "Free".
        owner: "cluster/NAME", "host/NAME", "ethernet/MAC" of a stranger, or "".
        cluster: key of the cluster that it was taken for, or "".
    """

    pool: str
    addresses: AddressRange
    count: int
    state: AddressState
    owner: str = ""
    cluster: str = ""


def at_site(host: Host, network: Network) -> bool:
    """Whether a host may be on a network: one without a site takes any host, the others those with its label."""
    return not network.scope or host.labels.get("site", "").lower() == network.scope


def same_subnet(one: Network, other: Network) -> bool:
    """Whether two networks share their addresses: same site and prefix."""
    return other.scope == one.scope and other.ip_address_prefix == one.ip_address_prefix


def leases_beside(network: Network, snapshot: Snapshot) -> list[Lease]:
    """The leases of a network's subnet: its own, and those of other networks there."""
    beside = {network.key, *(other.key for other in snapshot.networks.values() if same_subnet(network, other))}
    return [lease for lease in snapshot.leases if lease.network in beside]


def host_addresses(network: Network, snapshot: Snapshot) -> dict[str, str]:
    """Address in the network's prefix -> key of the host that has it by its facts or its inventory entry.

    A VIP shows up here too while a host holds it; leases say which address is one.
    """
    prefix = IPv4Network(network.ip_address_prefix)
    found: dict[str, str] = {}
    for key, host in snapshot.hosts.items():
        if not at_site(host, network):
            continue
        facts = snapshot.facts.get(key)
        shown = [cidr.partition("/")[0] for i in facts.interfaces for cidr in i.addresses] if facts else []
        for address in (*shown, host.address):
            if in_prefix(address, prefix):
                found.setdefault(address, key)
    return found


def taken(network: Network, snapshot: Snapshot) -> dict[str, str]:
    """Every address of the network's subnet that no pool may hand out -> "cluster/NAME" or "host/NAME"."""
    hosts = {address: f"host/{key}" for address, key in host_addresses(network, snapshot).items()}
    return hosts | {lease.address: lease.owner for lease in leases_beside(network, snapshot)}


def propose_vip(network: Network, snapshot: Snapshot) -> str:
    """The lowest address of the VIP pool that nobody has and that is not reserved.

    Raises:
        DefinitionError: VipPoolExhausted.
    """
    holders = taken(network, snapshot)
    pool = network.vip_ranges
    for address in addresses_of(*minus(pool, network.reserved)):
        if address not in holders:
            return address
    users = sorted({owner for address, owner in holders.items() if any(holds(run, address) for run in pool)})
    back = size(*common(pool, network.reserved))
    raise DefinitionError(
        "VipPoolExhausted",
        f"the VIP pool of network {network.name} has no free address",
        where=f"network {network.name}: VIP pool {listed(pool)}",
        why=f"1 is wanted and 1 is missing: all {size(*pool)} are taken by {_some(users)}"
        + (f", {back} of them reserved" if back else ""),
        fix=f"add addresses with set-cluster-network --name {network.name} --add-vip-range A-B, or remove a cluster "
        "that is no longer needed",
    )


def free_node_addresses(network: Network, snapshot: Snapshot) -> Iterator[str]:
    """The addresses of the node pool that nobody has and that are not reserved, the lowest first."""
    holders = taken(network, snapshot)
    return (a for a in addresses_of(*minus(network.node_ranges, network.reserved)) if a not in holders)


def propose_router_id(network: Network, snapshot: Snapshot) -> int:
    """The lowest router id that no cluster of the subnet has and that is not reserved.

    Raises:
        DefinitionError: RouterIdsExhausted.
    """
    used = {
        r.router_id for r in snapshot.router_ids if r.site == network.scope and r.prefix == network.ip_address_prefix
    }
    for router_id in _ROUTER_IDS:
        if router_id not in used and router_id not in RESERVED_ROUTER_IDS:
            return router_id
    raise DefinitionError(
        "RouterIdsExhausted",
        f"no keepalived router id is free on {network.ip_address_prefix}",
        where=f"network {network.name}",
        why=f"1 is wanted and 1 is missing: a subnet has {len(_ROUTER_IDS)}, "
        f"{len(RESERVED_ROUTER_IDS)} are reserved and {len(used)} are in use",
        fix="use a network on another subnet",
    )


def address_table(network: Network, snapshot: Snapshot) -> tuple[AddressEntry, ...]:
    """Every address of a network that somebody has, and what is free in its pools.

    Order: VIP pool, node pool, addresses outside both; in each by address those that somebody has, then what is
    reserved, then what is free.
    """
    leased = {lease.address: lease for lease in leases_beside(network, snapshot)}
    holders = taken(network, snapshot)
    by_number = sorted(holders, key=IPv4Address)
    entries: list[AddressEntry] = []
    for title, pool in (("VIP", network.vip_ranges), ("Node", network.node_ranges)):
        held = [address for address in by_number if any(holds(run, address) for run in pool)]
        entries += [_held(title, address, holders[address], leased.get(address)) for address in held]
        untaken = minus(pool, (AddressRange(start=address, end=address) for address in held))
        entries += [_run(title, run, "Reserved") for run in common(untaken, network.reserved)]
        entries += [_run(title, run, "Free") for run in minus(untaken, network.reserved)]
    inside = {entry.addresses.start for entry in entries if entry.owner}
    own = (lease for lease in leased.values() if lease.network == network.key and lease.address not in inside)
    return (*entries, *(_held("", lease.address, lease.owner, lease) for lease in own))


def _run(pool: str, addresses: AddressRange, state: AddressState) -> AddressEntry:
    return AddressEntry(pool=pool, addresses=addresses, count=size(addresses), state=state)


def _held(pool: str, address: str, owner: str, lease: Lease | None) -> AddressEntry:
    apart = lease is not None and (is_quarantine(lease.cluster) or lease.purpose == STRANGER)
    return AddressEntry(
        pool=pool,
        addresses=AddressRange(start=address, end=address),
        count=1,
        state="Quarantined" if apart else "Leased" if lease else "Host",
        owner=f"cluster/{cluster_of(owner)}" if is_quarantine(owner) else owner,
        cluster=cluster_of(lease.cluster) if lease else "",
    )


def _some(names: list[str], most: int = 5) -> str:
    """A few of many names."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
