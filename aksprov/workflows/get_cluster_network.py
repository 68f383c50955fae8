"""get-cluster-network: networks, and who has which address of them."""

from __future__ import annotations

from typing import Any

from aksprov.ipam.allocate import AddressEntry, address_table
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
    if not request.flag("addresses"):
        return Outcome(objects=tuple(network_object(n) for n in chosen))
    return Outcome(
        objects=tuple(
            network_object(n) | {"Addresses": [_address(entry) for entry in address_table(n, snapshot)]} for n in chosen
        )
    )


def _chosen(request: Request, snapshot: Snapshot) -> list[Network]:
    name, cluster = request.text("name"), request.text("clusterName")
    if name is not None:
        return [find_network(name, snapshot)]
    if cluster is not None:
        return [find_network(find_cluster(cluster, snapshot).network, snapshot)]
    return sorted(snapshot.networks.values(), key=lambda n: n.key)


def _address(entry: AddressEntry) -> dict[str, Any]:
    """An address that somebody has, or a range of free ones."""
    return {
        "Address": entry.addresses.start if entry.count == 1 else str(entry.addresses),
        "Count": entry.count,
        "Pool": entry.pool,
        "State": entry.state,
        "Owner": entry.owner,
        "Cluster": entry.cluster,
    }
