"""An AksHciClusterNetwork: prefix, gateway, DNS, VLAN, switch and the two pools."""

from __future__ import annotations

from typing import Final

from aksprov.model.base import Value

# AksHci's documented minimum for each cluster ("Network concepts for deploying AKS nodes").
UPGRADE_RESERVE: Final = 5


class AddressRange(Value, frozen=True, kw_only=True):
    """Addresses from start to end, both included, in canonical text form."""

    start: str
    end: str

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"


class Network(Value, frozen=True, kw_only=True):
    """A static cluster network.

    Args:
        ip_address_prefix: CIDR without host bits, e.g. "10.0.0.0/24".
        vlan_id: 0 for untagged (IEEE 802.1Q: 0-4094).
        site: scope of overlap rules, leases and router ids; None is the shared scope.
        upgrade_reserve: addresses of the node pool that sizing keeps for the upgrades of each cluster.
    """

    name: str
    vswitch_name: str
    ip_address_prefix: str
    gateway: str
    dns_servers: tuple[str, ...]
    vip_pool: AddressRange
    node_pool: AddressRange
    vlan_id: int = 0
    mac_pool_name: str | None = None
    site: str | None = None
    upgrade_reserve: int = UPGRADE_RESERVE

    @property
    def key(self) -> str:
        """The name that is compared: lower case."""
        return self.name.lower()

    @property
    def scope(self) -> str:
        """Where overlap rules, leases and router ids hold: the site in lower case, "" for the shared scope."""
        return (self.site or "").lower()


class Lease(Value, frozen=True, kw_only=True):
    """One address, on one network, belongs to one object.

    Every name in it is a key (a lower-case name).

    Args:
        purpose: "vip" or "node".
        owner: "cluster/NAME" for a VIP, "host/NAME" for a node's address.
        cluster: the cluster it was taken for.
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
