"""A lost state, rebuilt from what its hosts have; and what a host has that a state lacks.

What is recorded wins over what a host says; among hosts that come at once a difference is refused, as
epochs count for each host and so do not say which of two hosts was changed last.  Whoever knows it
adopts the hosts that are right first: then theirs is the recorded version.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from aksprov.errors import DefinitionError
from aksprov.ipam.rules import check_network
from aksprov.model.base import Value
from aksprov.model.cluster import Cluster, Node
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Observed
from aksprov.model.host import Host
from aksprov.model.network import Lease, Network, RouterId
from aksprov.model.objects import OBJECTS_SCHEMA, ClusterObjects, HostObjects
from aksprov.model.quarantine import cluster_of, is_quarantine
from aksprov.model.row import Result, Row


class Account(Value, frozen=True, kw_only=True):
    """What one host says of what it is.

    Args:
        objects: of its objects.json; None where that is not there or cannot be read, and ``problem`` says so.
    """

    host: Host
    seen: Observed
    objects: HostObjects | None = None
    problem: str = ""

    @property
    def epoch(self) -> int:
        """The highest epoch that the host has seen."""
        return epoch_of(self.seen)


class Adoption(Value, frozen=True, kw_only=True):
    """What is recorded of hosts, and which of them are taken over.

    Args:
        late: cluster key -> its CA certificate, where the first control plane showed it.
        hosts: keys of the hosts that are this state's afterwards.
        incomplete: keys of clusters that have nodes of which nothing is known.
        rows: what is refused, at odds or unknown.
    """

    networks: tuple[Network, ...]
    clusters: tuple[Cluster, ...]
    nodes: tuple[Node, ...]
    leases: tuple[Lease, ...]
    router_ids: tuple[RouterId, ...]
    late: dict[str, str]
    hosts: tuple[str, ...]
    incomplete: frozenset[str]
    rows: tuple[Row, ...]


def epoch_of(seen: Observed) -> int:
    """The highest epoch that a host has seen: an aborted run may have left one that its manifest does not have."""
    return max(seen.epoch, seen.manifest.epoch if seen.manifest else 0)


def read_objects(content: bytes | None) -> tuple[HostObjects | None, str]:
    """A host's objects.json, or why it cannot be read."""
    if content is None:
        return None, "objects.json is not there"
    try:
        objects = msgspec.json.decode(content, type=HostObjects)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return None, f"objects.json cannot be read: {error}"
    if objects.schema != OBJECTS_SCHEMA:
        return None, f"objects.json has schema {objects.schema}, this version reads {OBJECTS_SCHEMA}"
    return objects, ""


def adopt(accounts: Mapping[str, Account], snapshot: Snapshot) -> Adoption:
    """What the accounts (by host key) add to what is recorded."""
    usable: dict[str, Account] = {}
    rows: list[Row] = []
    for key, account in sorted(accounts.items()):
        problem = _problem(account)
        if problem is None:
            usable[key] = account
        else:
            rows.append(problem)
    said: dict[str, list[tuple[str, ClusterObjects]]] = defaultdict(list)
    for key, account in usable.items():
        for objects in account.objects.clusters if account.objects else ():
            said[objects.cluster.key].append((key, objects))
    adoption = _Merge(snapshot, usable)
    for cluster in sorted(said):
        rows += adoption.take(said[cluster])
    return adoption.result(rows)


def differences(account: Account, snapshot: Snapshot) -> tuple[Row, ...]:
    """What a host has that the state lacks: Failed where it must be adopted first, else Warning."""
    removed = {cluster_of(node.cluster) for node in snapshot.nodes if is_quarantine(node.cluster)}
    rows: list[Row] = []
    counted = snapshot.epochs.get(account.host.key, 0)
    if account.epoch > counted:
        details = f"it was changed since: it has seen epoch {account.epoch}, the state counts {counted}"
        rows.append(_row("HostAhead", "Warning", account.host.name, details, "look at what the plan changes on it"))
    for objects in account.objects.clusters if account.objects else ():
        cluster = objects.cluster
        if cluster.key in removed:
            continue
        if cluster.key not in snapshot.clusters:
            details = f"it is in cluster {cluster.name}, which the state does not have"
            cure = f"record what it has: aksprov adopt --name {account.host.name}"
            rows.append(_row("HostOfUnknownCluster", "Failed", account.host.name, details, cure, cluster.name))
            continue
        rows += _at_odds(account.host.name, objects, snapshot)
    return tuple(rows)


def _problem(account: Account) -> Row | None:
    """The row of a host that cannot be adopted, None for one that can."""
    name, key = account.host.name, account.host.key
    if account.seen.manifest is None:
        details = "nothing of aksprov is on it; it is recorded as a host that is free"
        return _row("NothingToAdopt", "Skipped", name, details)
    files = account.seen.manifest.files
    if account.objects is None and not (files and all(f.cluster == "" for f in files)):
        cure = "put objects.json back, or purge the host: what it is for cannot be known"
        return _row("ObjectsUnreadable", "Failed", name, account.problem, cure)
    clusters = account.objects.clusters if account.objects else ()  # plain files have no objects
    others = {node.host for objects in clusters for node in objects.nodes} - {key}
    if others:
        details = f"it was recorded as {', '.join(sorted(others))}"
        return _row("HostNameDiffers", "Failed", name, details, "give it that name in the hosts file")
    return None


class _Merge:
    """What is adopted so far, on top of what is recorded."""

    def __init__(self, snapshot: Snapshot, accounts: Mapping[str, Account]) -> None:
        self._snapshot = snapshot
        self._accounts = accounts
        self._networks: dict[str, Network] = dict(snapshot.networks)
        self._clusters: dict[str, Cluster] = dict(snapshot.clusters)
        self._nodes: list[Node] = list(snapshot.nodes)
        self._leases: dict[tuple[str, str], Lease] = {(x.network, x.address): x for x in snapshot.leases}
        self._router_ids: dict[tuple[str, str, int], RouterId] = {_subnet(r): r for r in snapshot.router_ids}
        self._late: dict[str, str] = {}
        self._hosts: list[str] = [key for key, a in accounts.items() if a.objects and not a.objects.clusters]
        self._incomplete: set[str] = set()

    def take(self, said: list[tuple[str, ClusterObjects]]) -> list[Row]:
        """Take one cluster as its hosts have it, or refuse it; the rows that say what was found."""
        refused = list(self._refusals(said))
        if refused:
            return refused
        rows: list[Row] = []
        for key, objects in said:
            if objects.cluster.key in self._snapshot.clusters:
                rows += _at_odds(self._accounts[key].host.name, objects, self._snapshot)
            self._add(key, objects)
        cluster = self._clusters[said[0][1].cluster.key]
        missing = list(_missing(cluster, self._nodes))
        if missing:
            self._incomplete.add(cluster.key)
            cure = "bring these hosts back and adopt them, too, before the cluster is changed: it would get others"
            details = f"it is not known which hosts are {', '.join(missing)}"
            rows.append(_row("NodesUnknown", "Failed", "", details, cure, cluster.name))
        return rows

    def result(self, rows: Iterable[Row]) -> Adoption:
        """Everything that is new."""
        old = self._snapshot
        return Adoption(
            networks=tuple(n for k, n in sorted(self._networks.items()) if k not in old.networks),
            clusters=tuple(c for k, c in sorted(self._clusters.items()) if k not in old.clusters),
            nodes=tuple(self._nodes[len(old.nodes) :]),
            leases=tuple(lease for lease in self._leases.values() if lease not in set(old.leases)),
            router_ids=tuple(r for r in self._router_ids.values() if r not in set(old.router_ids)),
            late=self._late,
            hosts=tuple(sorted(self._hosts)),
            incomplete=frozenset(self._incomplete),
            rows=tuple(rows),
        )

    def _refusals(self, said: list[tuple[str, ClusterObjects]]) -> Iterator[Row]:
        """A row for each host of a cluster that cannot be adopted, saying what contradicts what."""
        cluster = said[0][1].cluster
        definitions = {_definition(objects) for _, objects in said}
        if cluster.key not in self._snapshot.clusters and len(definitions) > 1:
            for key, objects in said:
                others = sorted(k for k, other in said if _definition(other) != _definition(objects))
                details = f"its version of cluster {cluster.name} is another one than that of {', '.join(others)}"
                cure = "adopt first the hosts whose version is right (a file with only them), then the others"
                yield self._refused("ClusterVersionsDiffer", key, cluster, details, cure)
            return
        for key, objects in said:
            why = self._contradiction(objects) or _twice(key, said)
            if why:
                cure = "correct what is at odds, or leave the host out of the file; nothing of the cluster was recorded"
                yield self._refused("HostsContradict", key, cluster, why, cure)

    def _contradiction(self, objects: ClusterObjects) -> str:
        """What of a cluster contradicts what is recorded or adopted already, "" when nothing does."""
        for said in (objects.network, *objects.pool_networks):
            network = self._networks.get(said.key)
            if network is None:
                try:
                    check_network(said, msgspec.structs.replace(self._snapshot, networks=self._networks))
                except DefinitionError as error:
                    return f"network {said.name}: {error.what} ({error.why})"
            elif network.definition != said and objects.cluster.key not in self._snapshot.clusters:
                return f"network {network.name} is another one than the one of that name that is recorded"
        for lease in objects.leases:
            holder = self._leases.get((lease.network, lease.address), lease)
            if holder.owner != lease.owner:
                return f"{holder.owner} has address {lease.address}, too"
        mine = {node.host for node in objects.nodes}
        elsewhere = {n.cluster for n in self._nodes if n.host in mine and not self._may_meet(n, objects.cluster)}
        if elsewhere:
            return f"it is recorded in cluster {', '.join(sorted(elsewhere))}"
        places = {(n.role, n.index): n.host for n in self._nodes if n.cluster == objects.cluster.key}
        for node in objects.nodes:
            other = places.get((node.role, node.index), node.host)
            if other != node.host:
                return f"{other} is recorded as {node.role} {node.index} of the cluster"
        router_id = self._router_ids.get(_subnet(_router_id(objects)))
        if objects.router_id and router_id is not None and router_id.cluster != objects.cluster.key:
            return f"cluster {router_id.cluster} has router id {objects.router_id}, too"
        return ""

    def _may_meet(self, node: Node, cluster: Cluster) -> bool:
        """Whether a recorded node and one of this cluster may be on one host."""
        other = self._clusters.get(node.cluster)
        shared = other is not None and other.load_balancer.shared and cluster.load_balancer.shared
        return node.cluster == cluster.key or (shared and node.role == "load-balancer")

    def _refused(self, name: str, key: str, cluster: Cluster, details: str, cure: str) -> Row:
        return _row(name, "Failed", self._accounts[key].host.name, details, cure, cluster.name)

    def _add(self, key: str, objects: ClusterObjects) -> None:
        cluster = objects.cluster.key
        self._hosts.append(key)
        certificate = self._accounts[key].seen.ca_certificate
        if certificate and any((n.role, n.index) == ("control-plane", 0) for n in objects.nodes):
            self._late[cluster] = certificate
        if any((n.host, n.cluster) == (key, cluster) for n in self._snapshot.nodes):
            return  # its nodes and addresses are recorded
        for network in (objects.network, *objects.pool_networks):
            self._networks.setdefault(network.key, network)
        self._clusters.setdefault(cluster, objects.cluster)
        self._nodes += objects.nodes
        for lease in objects.leases:
            self._leases.setdefault((lease.network, lease.address), lease)
        if objects.router_id:
            router_id = _router_id(objects)
            self._router_ids.setdefault(_subnet(router_id), router_id)


def _definition(objects: ClusterObjects) -> tuple[Cluster, tuple[Network, ...]]:
    return objects.cluster, (objects.network, *objects.pool_networks)


def _twice(key: str, said: Iterable[tuple[str, ClusterObjects]]) -> str:
    """Who else of these hosts says that it is the same node, "" when nobody does."""
    hosts = defaultdict(set)
    for host, objects in said:
        for node in objects.nodes:
            hosts[node.role, node.index].add(host)
    rivals = {(place, other) for place, of_place in hosts.items() if key in of_place for other in of_place - {key}}
    return "; ".join(f"{other} says that it is {role} {index}, too" for (role, index), other in sorted(rivals))


def _at_odds(host: str, objects: ClusterObjects, snapshot: Snapshot) -> Iterator[Row]:
    """Rows for what a host has of a recorded cluster in another version; the recorded one stays."""
    recorded = snapshot.clusters[objects.cluster.key]
    network = snapshot.networks.get(objects.network.key)
    parts = [*_fields(recorded, objects.cluster), *(_fields(network.definition, objects.network) if network else ())]
    if parts:
        details = f"it has another version of cluster {recorded.name}: {'; '.join(parts)}"
        cure = "what is recorded stays, and the next run brings the host to it; change it with the Set- verbs"
        yield _row("ClusterDiffers", "Warning", host, details, cure, recorded.name)
    mine = [n for n in snapshot.nodes if (n.host, n.cluster) == (host.lower(), recorded.key)]
    others = [f"{n.role} {n.index} at {n.address}" for n in objects.nodes if n not in mine]
    if mine and others:
        details = f"it says that it is {', '.join(others)}"
        yield _row("NodeDiffers", "Warning", host, details, "what is recorded stays", recorded.name)


def _fields(recorded: Cluster | Network, said: Cluster | Network) -> list[str]:
    both = ((name, getattr(recorded, name), getattr(said, name)) for name in recorded.__struct_fields__)
    return [f"{name} is {_text(there)} there, recorded is {_text(here)}" for name, here, there in both if here != there]


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _missing(cluster: Cluster, nodes: Iterable[Node]) -> Iterator[str]:
    """Roles that have fewer nodes than the cluster was made with: "1 of 3 control-plane"."""
    have = Counter((n.role, n.pool) for n in nodes if n.cluster == cluster.key)
    wanted = {
        ("control-plane", ""): cluster.control_plane_node_count,
        ("load-balancer", ""): cluster.load_balancer.count,
        **{("worker", pool.name): pool.count for pool in cluster.node_pools},
    }
    for (role, pool), count in wanted.items():
        found = sum(number for (r, p), number in have.items() if (r, p) == (role, pool))
        if found < count:
            yield f"{count - found} of {count} {role}" + (f" of pool {pool}" if pool else "")


def _router_id(objects: ClusterObjects) -> RouterId:
    network = objects.network
    return RouterId(
        site=network.scope,
        prefix=network.ip_address_prefix,
        router_id=objects.router_id,
        cluster=objects.cluster.key,
    )


def _subnet(router_id: RouterId) -> tuple[str, str, int]:
    return router_id.site, router_id.prefix, router_id.router_id


def _row(name: str, result: Result, host: str, details: str, cure: str = "", cluster: str = "") -> Row:
    return Row(
        test_name=name,
        category="Adoption",
        test_result=result,
        details=details,
        recommendation=cure,
        host=host,
        cluster=cluster,
    )
