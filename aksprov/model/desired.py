"""The recorded picture and the desired one."""

from __future__ import annotations

from functools import cached_property

from aksprov.model.base import Value
from aksprov.model.cluster import Cluster, ClusterStatus, Node
from aksprov.model.facts import Facts
from aksprov.model.host import Host
from aksprov.model.network import Lease, Network, RouterId
from aksprov.model.offline_bundle import BundleKey, OfflineDownload
from aksprov.model.row import Row


class Snapshot(Value, frozen=True, kw_only=True):
    """Everything that a state records, read at one moment.

    All dictionaries are keyed by the object's lower-case name; ``late`` by
    (cluster key, late value's name) with the value's text, ``bundle_keys`` by fingerprint; ``offline_downloads`` has
    one, "default", or none.

    Args:
        revision: another one whenever a network, a host or its facts have changed.
        epochs: the highest epoch that each host was given.
        restored: keys of hosts that were not looked at since the state was restored from a backup:
            they may have seen higher epochs, and have what the state lacks.
    """

    state_id: str = ""
    revision: str = ""
    networks: dict[str, Network] = {}
    clusters: dict[str, Cluster] = {}
    statuses: dict[str, ClusterStatus] = {}
    hosts: dict[str, Host] = {}
    facts: dict[str, Facts] = {}
    bundle_keys: dict[str, BundleKey] = {}
    offline_downloads: dict[str, OfflineDownload] = {}
    nodes: tuple[Node, ...] = ()
    leases: tuple[Lease, ...] = ()
    router_ids: tuple[RouterId, ...] = ()
    late: dict[tuple[str, str], str] = {}
    epochs: dict[str, int] = {}
    restored: frozenset[str] = frozenset()


class Desired(Value, frozen=True, kw_only=True, dict=True):
    """The immutable picture of what one request asks for.

    What is looked up for every host again is found by host once (``dict=True`` gives it a place to stay).

    Args:
        nodes: by role (control-plane, load-balancer, worker), then index.
        pool_networks: of the pools whose nodes are on another network, by pool.
        beside: the other clusters whose load balancer a host is, by host key, by name.
        vip: the API server's address.
        router_id: keepalived's virtual_router_id, 0 where no load balancer is used.
        leases: every address of the cluster, held already or proposed.
        rows: warnings of placement (a host smaller than its VM size ...).
    """

    cluster: Cluster
    network: Network
    nodes: tuple[Node, ...]
    vip: str
    router_id: int
    leases: tuple[Lease, ...] = ()
    pool_networks: dict[str, Network] = {}
    beside: dict[str, tuple[Neighbour, ...]] = {}
    rows: tuple[Row, ...] = ()

    @property
    def networks(self) -> tuple[Network, ...]:
        """The cluster's network, then the others that its pools are on."""
        others = {network.key: network for network in self.pool_networks.values()}
        return (self.network, *(network for _, network in sorted(others.items())))

    @cached_property
    def nodes_by_host(self) -> dict[str, tuple[Node, ...]]:
        """Host key -> its nodes, in order."""
        found: dict[str, tuple[Node, ...]] = {}
        for node in self.nodes:
            found[node.host] = (*found.get(node.host, ()), node)
        return found

    @cached_property
    def leases_by_owner(self) -> dict[str, tuple[Lease, ...]]:
        """Owner ("host/NAME", "cluster/NAME") -> its leases, in order."""
        found: dict[str, tuple[Lease, ...]] = {}
        for lease in self.leases:
            found[lease.owner] = (*found.get(lease.owner, ()), lease)
        return found

    def by_role(self, role: str) -> tuple[Node, ...]:
        """The nodes of one role, in order."""
        return tuple(n for n in self.nodes if n.role == role)


class Neighbour(Value, frozen=True, kw_only=True):
    """A cluster that shares load balancers with another one.

    Args:
        key: its key; of one that was removed while a host did not answer, too.
        certificate: of its CA, PEM; "" where it is to have nothing on them, not yet or not any more.
        desired: as it is recorded; None where it is not.
    """

    key: str
    certificate: str = ""
    desired: Desired | None = None
