"""get-cluster-network: networks, and who has which address of them."""

from __future__ import annotations

from typing import Any

from aksprov.ipam.address_map import PoolMap, address_map
from aksprov.ipam.allocate import AddressEntry, address_table
from aksprov.ipam.ranges import written
from aksprov.model.desired import Snapshot
from aksprov.model.network import Network
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.get_cluster import find_cluster
from aksprov.workflows.network_definition import find_network, network_object
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """All networks, the one that was named, or the one that a cluster uses."""
    snapshot = open_store(session.state_url).snapshot()
    chosen = _chosen(request, snapshot)
    objects = [network_object(network) for network in chosen]
    for network, shown in zip(chosen, objects, strict=True):
        if request.flag("addresses"):
            shown["Addresses"] = [_address(entry) for entry in address_table(network, snapshot)]
        if request.flag("map"):
            shown["Map"] = [map_object(pool) for pool in address_map(network, snapshot)]
    return Outcome(objects=tuple(objects))


def _chosen(request: Request, snapshot: Snapshot) -> list[Network]:
    name, cluster = request.text("name"), request.text("clusterName")
    if name is not None:
        return [find_network(name, snapshot)]
    if cluster is not None:
        return [find_network(find_cluster(cluster, snapshot).network, snapshot)]
    return sorted(snapshot.networks.values(), key=lambda n: n.key)


def map_object(pool: PoolMap) -> dict[str, Any]:
    """A pool of the property Map: what is in it, and how many addresses are what."""
    return {
        "Pool": pool.pool,
        "Ranges": [*map(written, pool.ranges)],
        "Count": pool.count,
        **pool.counts,
        "Addresses": [_address(entry) for entry in pool.entries],
    }


def _address(entry: AddressEntry) -> dict[str, Any]:
    """An address that somebody has, or a range of others."""
    return {
        "Address": written(entry.addresses),
        "Count": entry.count,
        "Pool": entry.pool,
        "State": entry.state,
        "Owner": entry.owner,
        "Cluster": entry.cluster,
    }
