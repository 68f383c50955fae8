"""What one write transaction can do.

Only values of ``aksprov.model`` go in and come out.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, update
from sqlalchemy.exc import IntegrityError

from aksprov.errors import BusyError
from aksprov.model.cluster import Cluster, ClusterStatus, Node
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts
from aksprov.model.host import Host
from aksprov.model.network import Lease, Network, RouterId
from aksprov.model.offline_bundle import BundleKey, OfflineDownload
from aksprov.model.quarantine import STRANGER, is_quarantine
from aksprov.state import rows, schema
from aksprov.state.host_leases import HostLeases
from aksprov.state.journal import Runs
from aksprov.state.reading import read_meta, read_snapshot

# What a proposal follows from, besides what is taken.
_DEFINITIONS: Final = frozenset({"network", "host", "facts"})


class TakenError(BusyError):
    """Another run took the address, host or router id between proposal and transaction: plan again."""


class Transaction:
    """One write transaction.  References between objects are keys (lower-case names).

    Attributes:
        host_leases: which run may change which host.
        runs: the journal's runs.

    Raises:
        StateError: StateForeign, StateNewer.
    """

    def __init__(self, connection: Connection, location: str, clock: Callable[[], datetime]) -> None:
        self.host_leases = HostLeases(connection, clock)
        self.runs = Runs(connection, clock)
        self._connection = connection
        self._location = location
        self._meta = read_meta(connection, location)
        self._revised = False

    def snapshot(self) -> Snapshot:
        """Everything that is recorded, this transaction's own changes included."""
        return read_snapshot(self._connection, self._location)

    def proposes_the_same(self, snapshot: Snapshot, cluster: str) -> bool:
        """Whether what was proposed for a new cluster from an older snapshot may be recorded, unless it is taken.

        That is so while the definitions are the same: who takes a name, a host, an address or a router id of another
        one is refused by its row.  So a proposal costs as much as it is large, however much the state records.
        """
        now = (self._meta[schema.STATE_ID], self._meta.get(schema.REVISION))
        same = not self._revised and (snapshot.state_id, snapshot.revision) == now
        return same and cluster not in snapshot.clusters and all(node.cluster != cluster for node in snapshot.nodes)

    def put_network(self, network: Network) -> None:
        """Record a network, new or changed."""
        self._put("network", network.key, network)

    def remove_network(self, key: str) -> None:
        """Forget a network, and who answered for its addresses.

        Whether it is in use was checked before, in this transaction.
        """
        self._remove(key, "network")
        strangers = (schema.leases.c.network == key, schema.leases.c.purpose == STRANGER)
        self._connection.execute(delete(schema.leases).where(*strangers))

    def add_cluster(self, cluster: Cluster) -> None:
        """Record a new cluster's definition.

        Raises:
            TakenError: ProposalTaken, another run has made one of that name.
        """
        body = msgspec.json.encode(cluster).decode()
        try:
            rows.add(self._connection, schema.objects, [{"kind": "cluster", "key": cluster.key, "body": body}])
        except IntegrityError:
            raise _taken("ProposalTaken", f"cluster {cluster.name}", "another run has made it meanwhile") from None

    def put_cluster(self, cluster: Cluster) -> None:
        """Record a cluster's definition, new or changed."""
        self._put("cluster", cluster.key, cluster)

    def forget_cluster(self, key: str) -> None:
        """Forget a cluster: definition, status, nodes, leases, router ids and late values."""
        self._remove(key, "cluster", "status")
        for table in (schema.nodes, schema.router_ids, schema.late):
            self._connection.execute(delete(table).where(table.c.cluster == key))
        self._hand_over(key)
        self._connection.execute(delete(schema.leases).where(schema.leases.c.cluster == key))

    def forget_nodes(self, cluster: str, hosts: Collection[str]) -> None:
        """Forget nodes of a cluster, and give back the addresses that they have as its nodes."""
        for table, column, values in (
            (schema.nodes, schema.nodes.c.host, list(hosts)),
            (schema.leases, schema.leases.c.owner, [f"host/{host}" for host in hosts]),
        ):
            self._connection.execute(delete(table).where(table.c.cluster == cluster, column.in_(values)))
        self._revise()

    def put_status(self, key: str, status: ClusterStatus) -> None:
        """Record where a cluster stands."""
        self._put("status", key, status)

    def put_host(self, host: Host) -> None:
        """Record a host, new or changed."""
        self._put("host", host.key, host)

    def remove_host(self, key: str) -> None:
        """Forget a host and its facts.  Its epoch stays, so that the name never counts from 1 again."""
        self._remove(key, "host", "facts")

    def put_bundle_key(self, fingerprint: str, key: BundleKey) -> None:
        """Record a key whose offline bundles are used."""
        self._put("bundle-key", fingerprint, key)

    def remove_bundle_key(self, fingerprint: str) -> None:
        """Use no bundles of that key any more."""
        self._remove(fingerprint, "bundle-key")

    def put_offline_download(self, download: OfflineDownload) -> None:
        """Record the default bundle."""
        self._put("offline-download", "default", download)

    def remove_offline_download(self) -> None:
        """Forget the default bundle."""
        self._remove("default", "offline-download")

    def put_facts(self, key: str, facts: Facts) -> None:
        """Record what a host said of itself."""
        self._put("facts", key, facts)

    def put_all_facts(self, facts: Mapping[str, Facts]) -> None:
        """Record what many hosts said of themselves, by host key."""
        known = rows.found(self._connection, schema.objects, "key", facts, kind="facts")
        bodies = {key: msgspec.json.encode(said).decode() for key, said in facts.items()}
        changed = [{"key": k, "body": b} for k, b in bodies.items() if k in known and known[k][0]["body"] != b]
        new = [{"kind": "facts", "key": k, "body": b} for k, b in bodies.items() if k not in known]
        rows.change(self._connection, schema.objects, "key", changed, kind="facts")
        rows.add(self._connection, schema.objects, new)
        if changed or new:
            self._revise()

    def add_nodes(self, nodes: Iterable[Node]) -> None:
        """Record nodes; one that is recorded already is left as it is.

        Raises:
            TakenError: HostTaken, the host is in another cluster or has other values.
        """
        wanted = tuple(nodes)
        recorded = rows.found(self._connection, schema.nodes, "host", {node.host for node in wanted})
        new: list[dict[str, Any]] = []
        for node in wanted:
            there = recorded.setdefault(node.host, [])
            others = [row for row in there if row["cluster"] != node.cluster]
            same_role = [row for row in there if (row["cluster"], row["role"]) == (node.cluster, node.role)]
            apart = others and not self._share([*others, msgspec.structs.asdict(node)])
            if apart or (same_role and Node(**same_role[0]) != node):
                raise _taken("HostTaken", f"host {node.host}", f"cluster {there[0]['cluster']} has it")
            if not same_role:
                there.append(msgspec.structs.asdict(node))
                new.append(there[-1])
        rows.add(self._connection, schema.nodes, new)

    def add_leases(self, leases: Iterable[Lease]) -> None:
        """Record leases; one that is recorded already is left as it is.

        Raises:
            TakenError: AddressTaken, the address belongs to another object on this network, or
                on another network of the same site.
        """
        wanted: dict[str, list[Lease]] = {}
        for lease in leases:
            wanted.setdefault(lease.network, []).append(lease)
        for network, of_network in wanted.items():
            self._add_leases(self._scope(network), of_network)

    def _hand_over(self, cluster: str) -> None:
        """The address of a host that another cluster shares is that one's from now on."""
        mine = rows.read(self._connection, schema.leases, cluster=cluster)
        hosts = {row["owner"].removeprefix("host/") for row in mine if row["owner"].startswith("host/")}
        heirs = rows.found(self._connection, schema.nodes, "host", hosts)
        for host, of_host in heirs.items():
            heir = min(row["cluster"] for row in of_host)
            there = (schema.leases.c.cluster == cluster) & (schema.leases.c.owner == f"host/{host}")
            self._connection.execute(update(schema.leases).where(there).values(cluster=heir))

    def _share(self, nodes: list[dict[str, Any]]) -> bool:
        """Whether nodes may be on one host: load balancers of clusters that share theirs, or were removed."""
        if any(node["role"] != "load-balancer" for node in nodes):
            return False
        keys = {node["cluster"] for node in nodes if not is_quarantine(node["cluster"])}
        found = rows.found(self._connection, schema.objects, "key", keys, kind="cluster")
        clusters = [msgspec.json.decode(row["body"], type=Cluster) for of_key in found.values() for row in of_key]
        return len(clusters) == len(keys) and all(cluster.load_balancer.shared for cluster in clusters)

    def _add_leases(self, scope: str, leases: list[Lease]) -> None:
        wanted = {lease.address for lease in leases}
        recorded = rows.found(self._connection, schema.leases, "address", wanted, scope=scope)
        new: list[dict[str, Any]] = []
        for lease in leases:
            there = recorded.setdefault(lease.address, [])
            if not there:
                there.append(msgspec.structs.asdict(lease) | {"scope": scope})
                new.append(there[0])
                continue
            holder = Lease(**{field: there[0][field] for field in Lease.__struct_fields__})
            if holder != lease:
                why = f"{holder.owner} has it on network {holder.network}"
                raise _taken("AddressTaken", f"address {lease.address}", why)
        rows.add(self._connection, schema.leases, new)

    def free_strangers(self, leases: Iterable[Lease]) -> None:
        """Hand addresses out again that were in quarantine because somebody answered for them."""
        columns = schema.leases.c
        for lease in leases:
            mine = (columns.network == lease.network, columns.address == lease.address, columns.purpose == STRANGER)
            self._connection.execute(delete(schema.leases).where(*mine))

    def add_router_id(self, router_id: RouterId) -> None:
        """Record a router id; one that is recorded already is left as it is.

        Raises:
            TakenError: RouterIdTaken, another cluster of the subnet has it.
        """
        row = msgspec.structs.asdict(router_id)
        recorded = rows.read(
            self._connection,
            schema.router_ids,
            site=router_id.site,
            prefix=router_id.prefix,
            router_id=router_id.router_id,
        )
        if not recorded:
            rows.add(self._connection, schema.router_ids, [row])
        elif recorded[0] != row:
            what = f"router id {router_id.router_id} of {router_id.prefix}"
            raise _taken("RouterIdTaken", what, f"cluster {recorded[0]['cluster']} has it")

    def put_late(self, cluster_key: str, name: str, text: str) -> None:
        """Record a public late value of a cluster (never a secret one)."""
        rows.put(self._connection, schema.late, {"cluster": cluster_key, "name": name}, {"text": text})

    def looked_at(self, host_keys: Iterable[str]) -> None:
        """These hosts were looked at since the state was restored, and what they have was agreed to."""
        for host in host_keys:
            self._connection.execute(delete(schema.restored_hosts).where(schema.restored_hosts.c.host == host))

    def _scope(self, network_key: str) -> str:
        there = rows.read(self._connection, schema.objects, kind="network", key=network_key)
        return msgspec.json.decode(there[0]["body"], type=Network).scope if there else ""

    def _put(self, kind: str, key: str, value: msgspec.Struct) -> None:
        body = msgspec.json.encode(value).decode()
        name = {"kind": kind, "key": key}
        there = rows.read(self._connection, schema.objects, **name)
        if not there:
            rows.add(self._connection, schema.objects, [{**name, "body": body}])
        elif there[0]["body"] != body:
            rows.put(self._connection, schema.objects, name, {"body": body})
        else:
            return
        if kind in _DEFINITIONS:
            self._revise()

    def _remove(self, key: str, *kinds: str) -> None:
        columns = schema.objects.c
        self._connection.execute(delete(schema.objects).where(columns.key == key, columns.kind.in_(kinds)))
        if not _DEFINITIONS.isdisjoint(kinds):
            self._revise()

    def _revise(self) -> None:
        if not self._revised:
            rows.put(self._connection, schema.meta, {"name": schema.REVISION}, {"value": uuid.uuid4().hex})
            self._revised = True


def _taken(code: str, what: str, why: str) -> TakenError:
    return TakenError(code, f"{what} is taken", where=what, why=why, fix="run the command again: it plans anew")
