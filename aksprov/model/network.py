"""An AksHciClusterNetwork: prefix, gateway, DNS, VLAN, switch and the two pools, or DHCP for its nodes."""

from __future__ import annotations

from typing import Final

import msgspec

from aksprov.model.base import Value

# AksHci's documented minimum for each cluster ("Network concepts for deploying AKS nodes").
UPGRADE_RESERVE: Final = 5


class AddressRange(Value, frozen=True, kw_only=True):
    """Addresses from start to end, both included, in canonical text form."""

    start: str
    end: str

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"


class Pools(Value, frozen=True, kw_only=True):
    """What set-cluster-network made of a network's pools; ranges of each share no address.

    Args:
        vip, node: in the order in which :mod:`aksprov.ipam.pools` keeps them; empty only where nodes use DHCP.
        reserved: never handed out, inside the pools or outside.
    """

    vip: tuple[AddressRange, ...]
    node: tuple[AddressRange, ...]
    reserved: tuple[AddressRange, ...] = ()


class Network(Value, frozen=True, kw_only=True):
    """A cluster network.

    Args:
        ip_address_prefix: CIDR without host bits, e.g. "10.0.0.0/24".
        gateway, dns_servers: "" and none where nodes use DHCP.
        vip_pool, node_pool: as they were defined; what they are now is in ``vip_ranges`` and ``node_ranges``.
            Nodes of a network without node pool use DHCP.
        vlan_id: 0 for untagged (IEEE 802.1Q: 0-4094).
        site: scope of overlap rules, leases and router ids; None is the shared scope.
        upgrade_reserve: addresses of the node pool that sizing keeps for the upgrades of each cluster.
        pools: unset until set-cluster-network changes them.
        dhcp_scope: addresses that the DHCP server hands out, where that was said.
    """

    name: str
    vswitch_name: str
    ip_address_prefix: str
    gateway: str
    dns_servers: tuple[str, ...]
    vip_pool: AddressRange
    node_pool: AddressRange | None
    vlan_id: int = 0
    mac_pool_name: str | None = None
    site: str | None = None
    upgrade_reserve: int = UPGRADE_RESERVE
    pools: Pools | msgspec.UnsetType = msgspec.UNSET
    dhcp_scope: AddressRange | msgspec.UnsetType = msgspec.UNSET

    @property
    def dhcp(self) -> bool:
        """Whether nodes get their addresses by DHCP."""
        return self.node_pool is None

    @property
    def scopes(self) -> tuple[AddressRange, ...]:
        """What the DHCP server hands out, as far as that was said."""
        return (self.dhcp_scope,) if isinstance(self.dhcp_scope, AddressRange) else ()

    @property
    def vip_ranges(self) -> tuple[AddressRange, ...]:
        """The VIP pool, the range that AksHci's properties show first."""
        return self.pools.vip if isinstance(self.pools, Pools) else (self.vip_pool,)

    @property
    def node_ranges(self) -> tuple[AddressRange, ...]:
        """The node pool, the range that AksHci's properties show first; none where nodes use DHCP."""
        if isinstance(self.pools, Pools):
            return self.pools.node
        return () if self.node_pool is None else (self.node_pool,)

    @property
    def reserved(self) -> tuple[AddressRange, ...]:
        """Addresses that no pool hands out."""
        return self.pools.reserved if isinstance(self.pools, Pools) else ()

    @property
    def definition(self) -> Network:
        """The network as it was defined.

        Hosts keep this of it: pools change while clusters run, and no cluster's configuration depends on them.
        """
        return msgspec.structs.replace(self, pools=msgspec.UNSET)

    @property
    def key(self) -> str:
        """The name that is compared: lower case."""
        return self.name.lower()

    @property
    def scope(self) -> str:
        """Where overlap rules, leases and router ids hold: the site in lower case, "" for the shared scope."""
        return (self.site or "").lower()


# The purpose of an address of the node pool that a host is given by us.
STATIC: Final = "static"


class Lease(Value, frozen=True, kw_only=True):
    """One address, on one network, belongs to one object.

    Every name in it is a key (a lower-case name).

    Args:
        purpose: "vip", "node" (a host's own address), :data:`STATIC`, or :data:`aksprov.model.quarantine.STRANGER`.
        owner: "cluster/NAME" for a VIP, "host/NAME" for a node's address, "ethernet/MAC" for a stranger's.
        cluster: the cluster it was taken for, "" for a stranger's.
    """

    address: str
    network: str
    purpose: str
    owner: str
    cluster: str


class RouterId(Value, frozen=True, kw_only=True):
    """A keepalived virtual_router_id, leased per subnet.

    Args:
        site: the network's scope, "" for the shared one.
        prefix: the subnet in CIDR form.
        cluster: key of the cluster that uses it.
    """

    site: str
    prefix: str
    router_id: int
    cluster: str
