"""Pools that live: what may be added to a network's, taken out of them, and kept back.

A pool is a set of addresses.  What it looks like is decided by that set and by the range that it was defined
with: the longest runs of addresses, cut at the ends of the defined range, those inside it first.  So the
range that AksHci's properties show stays as it was defined while others are added, also right beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Literal

import msgspec

from aksprov.errors import DefinitionError
from aksprov.ipam.allocate import leases_beside, taken
from aksprov.ipam.ranges import common, holds, listed, minus, union
from aksprov.ipam.rules import check_inside, check_network
from aksprov.model.base import Value
from aksprov.model.desired import Snapshot
from aksprov.model.network import AddressRange, Lease, Network, Pools
from aksprov.model.quarantine import STRANGER, cluster_of, is_quarantine, mac_of

Ranges = tuple[AddressRange, ...]
Kind = Literal["VIP", "Node", "Reserved"]

_MANY = 5  # holders that an error lists
_TITLES: dict[Kind, str] = {"VIP": "VIP pool", "Node": "node pool", "Reserved": "reserved range"}


class Edit(Value, frozen=True, kw_only=True):
    """What is to be added to a pool, or to what is reserved, and what is to be taken out."""

    kind: Kind
    add: Ranges = ()
    remove: Ranges = ()

    @property
    def title(self) -> str:
        """What errors call it."""
        return _TITLES[self.kind]


def shaped(addresses: Iterable[AddressRange], defined: AddressRange) -> Ranges:
    """A set of addresses as the ranges of a pool that was defined as ``defined``."""
    runs = tuple(addresses)
    return (*common(runs, (defined,)), *minus(runs, (defined,)))


def edited(network: Network, edits: Iterable[Edit], snapshot: Snapshot) -> Network:
    """The network as it is after these edits.

    What is there already is not added again, and what is not there is not taken out.

    Args:
        network: as recorded.
        edits: at most one of each kind; what is taken out of one pool may be added to the other.
        snapshot: what is recorded.

    Raises:
        DefinitionError: PoolOutsidePrefix, RangesContradict, AddressLeased, PoolEmptied, HostAddressInPool, and
            what :func:`aksprov.ipam.rules.check_network` refuses.
    """
    by_kind = {edit.kind: edit for edit in edits}
    for edit in by_kind.values():
        _check_edit(network, edit, snapshot)

    def after(kind: Kind, before: Ranges) -> Ranges:
        edit = by_kind.get(kind, Edit(kind=kind))
        return union(*minus(before, edit.remove), *edit.add)

    wanted = _with(
        network,
        vip=after("VIP", network.vip_ranges),
        node=after("Node", network.node_ranges),
        reserved=after("Reserved", network.reserved),
    )
    wanted = check_network(wanted, snapshot)
    refuse_held(network, minus(wanted.vip_ranges, network.vip_ranges), snapshot)
    return wanted


def changes(before: Network, after: Network) -> tuple[Edit, ...]:
    """What two versions of a network differ in, for each pool and what is reserved; empty where they are the same."""
    kinds: tuple[tuple[Kind, Ranges, Ranges], ...] = (
        ("VIP", before.vip_ranges, after.vip_ranges),
        ("Node", before.node_ranges, after.node_ranges),
        ("Reserved", before.reserved, after.reserved),
    )
    found = (Edit(kind=kind, add=minus(new, old), remove=minus(old, new)) for kind, old, new in kinds)
    return tuple(edit for edit in found if edit.add or edit.remove)


def _with(network: Network, *, vip: Ranges, node: Ranges, reserved: Ranges) -> Network:
    if network.node_pool is None and node:
        raise DefinitionError(
            "DhcpWithNodePool",
            f"network {network.name} cannot have a node pool",
            where=f"network {network.name}: node pool",
            why="its nodes get their addresses by DHCP, and a pool would hand out others",
            fix="leave the node range out",
        )
    for title, pool in (("VIP pool", vip), ("node pool", node)):
        if not pool and (title == "VIP pool" or not network.dhcp):
            raise DefinitionError(
                "PoolEmptied",
                f"the {title} of network {network.name} would be empty",
                where=f"network {network.name}: {title}",
                why="a network has at least one address in each of its pools",
                fix="leave some, or add others with the same command",
            )
    shaped_node = () if network.node_pool is None else shaped(node, network.node_pool)
    pools = Pools(vip=shaped(vip, network.vip_pool), node=shaped_node, reserved=reserved)
    as_defined = Pools(vip=network.definition.vip_ranges, node=network.definition.node_ranges)
    return msgspec.structs.replace(network, pools=msgspec.UNSET if pools == as_defined else pools)


def _check_edit(network: Network, edit: Edit, snapshot: Snapshot) -> None:
    """What one edit may do, whatever the pools look like afterwards."""
    prefix = IPv4Network(network.ip_address_prefix)
    for addresses in (*edit.add, *edit.remove):
        check_inside(edit.title, addresses, prefix)
    _refuse_contradiction(edit)
    if edit.kind == "Reserved":
        _refuse_leased(network, minus(edit.add, network.reserved), "reserved", snapshot)
        _refuse_quarantined(network, edit.remove, snapshot)
    else:
        pool = network.vip_ranges if edit.kind == "VIP" else network.node_ranges
        _refuse_leased(network, common(pool, edit.remove), f"taken out of the {edit.title}", snapshot)


def _refuse_contradiction(edit: Edit) -> None:
    both = common(edit.add, edit.remove)
    if both:
        raise DefinitionError(
            "RangesContradict",
            f"{listed(both)} is to be added and to be taken out",
            where=edit.title,
            why="one command says both of the same addresses",
            fix="leave one of the two out",
        )


def _refuse_leased(network: Network, addresses: Ranges, what: str, snapshot: Snapshot) -> None:
    """Addresses that somebody has are not free to be given another meaning."""
    leases = _leases_in(network, addresses, snapshot)
    if leases:
        raise _leased(network, addresses, what, leases)


def _refuse_quarantined(network: Network, released: Ranges, snapshot: Snapshot) -> None:
    """Releasing frees what was reserved; a host that may still use an address must be seen first."""
    leases = [lease for lease in _leases_in(network, released, snapshot) if is_quarantine(lease.cluster)]
    if leases and not common(released, network.reserved):
        raise _leased(network, released, "released", leases)


def strangers_in(network: Network, addresses: Ranges, snapshot: Snapshot) -> tuple[Lease, ...]:
    """Addresses of these that are in quarantine because somebody answered for them."""
    return tuple(lease for lease in _leases_in(network, addresses, snapshot) if lease.purpose == STRANGER)


def _leases_in(network: Network, addresses: Ranges, snapshot: Snapshot) -> list[Lease]:
    beside = leases_beside(network, snapshot) if addresses else []
    return [lease for lease in beside if any(holds(run, lease.address) for run in addresses)]


def _leased(network: Network, addresses: Ranges, what: str, leases: list[Lease]) -> DefinitionError:
    more = f"; and {len(leases) - _MANY} more" if len(leases) > _MANY else ""
    kept = any(is_quarantine(lease.cluster) for lease in leases)
    cure = "let test-host see the hosts of that cluster clean first" if kept else "remove their clusters first"
    if all(lease.purpose == STRANGER for lease in leases):
        cure = f"release them first: set-cluster-network --name {network.name} --release A"
    return DefinitionError(
        "AddressLeased",
        f"{listed(addresses)} cannot be {what}",
        where=f"network {network.name}",
        why="; ".join(map(_who, leases[:_MANY])) + more,
        fix=f"give ranges without these addresses, or {cure}",
    )


def _who(lease: Lease) -> str:
    if is_quarantine(lease.cluster):
        return f"{lease.address} is in quarantine: a host may still use it for cluster {cluster_of(lease.cluster)}"
    if lease.purpose == STRANGER:
        return f"{lease.address} is in quarantine, as {mac_of(lease)} answered for it"
    owner = lease.owner.replace("/", " ")
    also = f" for cluster {lease.cluster}" if lease.owner != f"cluster/{lease.cluster}" else ""
    return f"{lease.address} is leased by {owner}{also}"


def refuse_held(network: Network, added: Ranges, snapshot: Snapshot) -> None:
    """A host's own address cannot be a VIP; in the node pool it is where it belongs.

    Raises:
        DefinitionError: HostAddressInPool.
    """
    holders = taken(network, snapshot)
    for address, owner in holders.items():
        if any(holds(run, address) for run in added):
            raise DefinitionError(
                "HostAddressInPool",
                f"{listed(added)} cannot be in the VIP pool",
                where=f"network {network.name}",
                why=f"{address} is the address of {owner.replace('/', ' ')}",
                fix="choose addresses that no machine has",
            )
