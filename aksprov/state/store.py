"""The state: what is recorded, and the transactions that change it.

Only values of ``aksprov.model`` go in and come out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, select, update

from aksprov.errors import BusyError
from aksprov.model.cluster import Cluster, ClusterStatus, Node
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts
from aksprov.model.host import Host
from aksprov.model.network import Lease, Network, RouterId
from aksprov.state import schema
from aksprov.state.database import Database
from aksprov.state.journal import Journal
from aksprov.state.place import state_path
from aksprov.state.reading import read_snapshot
from aksprov.state.sqlite import PATIENCE

_AT_ONCE: Final = 500  # values in one statement; SQLite's own limit is 32,766 (999 before 3.32)


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


def open_store(url: str | None = None, *, clock: Callable[[], datetime] = utc_now, patience: float = PATIENCE) -> Store:
    """The state at ``url``, at AKSPROV_STATE, or at the default place.

    Nothing is read or made yet.

    Args:
        url: a path; None for AKSPROV_STATE, else aksprov/state.db in the user's state folder.
        clock: current time in UTC, for the journal.
        patience: seconds to wait for another command's write.

    Raises:
        NotAvailableError: PostgresqlNotAvailable.
        StateError: StateUrlUnknown, StateFolderUnusable.
    """
    return Store(Database(state_path(url), patience), clock)


class TakenError(BusyError):
    """Another run took the address, host or router id between proposal and transaction: plan again."""


class Store:
    """One state.  A missing one reads as empty; the first write makes it.

    Attributes:
        location: its path.
        journal: the record of runs and steps.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.location = str(database.path)
        self.journal = Journal(database, clock)
        self._database = database

    @property
    def created(self) -> bool:
        """Whether this object made the state."""
        return self._database.created

    def snapshot(self) -> Snapshot:
        """Everything that is recorded, at one moment.

        Raises:
            StateError, BusyError: the state is there and cannot be used.
        """
        with self._database.reading() as connection:
            return Snapshot() if connection is None else read_snapshot(connection, self._database.path)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One write transaction: all of it is stored when the block ends, nothing when it raises.

        The state is made here if there is none.  So that a refused request leaves none
        behind, check it against :meth:`snapshot` first, and again inside.

        Raises:
            StateError, BusyError: the state cannot be used or made.
        """
        with self._database.writing() as connection:
            yield Transaction(connection, self._database.path)


class Transaction:
    """What one write transaction can do.  References between objects are keys (lower-case names)."""

    def __init__(self, connection: Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def snapshot(self) -> Snapshot:
        """Everything that is recorded, this transaction's own changes included."""
        return read_snapshot(self._connection, self._path)

    def put_network(self, network: Network) -> None:
        """Record a network, new or changed."""
        self._put("network", network.key, network)

    def remove_network(self, key: str) -> None:
        """Forget a network.  Whether it is in use was checked before, in this transaction."""
        self._remove(key, "network")

    def put_cluster(self, cluster: Cluster) -> None:
        """Record a cluster's definition, new or changed."""
        self._put("cluster", cluster.key, cluster)

    def put_status(self, key: str, status: ClusterStatus) -> None:
        """Record where a cluster stands."""
        self._put("status", key, status)

    def put_host(self, host: Host) -> None:
        """Record a host, new or changed."""
        self._put("host", host.key, host)

    def remove_host(self, key: str) -> None:
        """Forget a host and its facts.  Its epoch stays, so that the name never counts from 1 again."""
        self._remove(key, "host", "facts")

    def put_facts(self, key: str, facts: Facts) -> None:
        """Record what a host said of itself."""
        self._put("facts", key, facts)

    def add_nodes(self, nodes: Iterable[Node]) -> None:
        """Record nodes; one that is recorded already is left as it is.

        Raises:
            TakenError: HostTaken, the host is in another cluster or has other values.
        """
        wanted = tuple(nodes)
        recorded = self._found(schema.nodes, "host", {node.host for node in wanted})
        new: list[dict[str, Any]] = []
        for node in wanted:
            rows = recorded.setdefault(node.host, [])
            others = [row for row in rows if row["cluster"] != node.cluster]
            same_role = [row for row in rows if row["role"] == node.role]
            if others or (same_role and Node(**same_role[0]) != node):
                raise _taken("HostTaken", f"host {node.host}", f"cluster {rows[0]['cluster']} has it")
            if not same_role:
                rows.append(msgspec.structs.asdict(node))
                new.append(rows[-1])
        self._insert(schema.nodes, new)

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

    def _add_leases(self, scope: str, leases: list[Lease]) -> None:
        recorded = self._found(schema.leases, "address", {lease.address for lease in leases}, scope=scope)
        new: list[dict[str, Any]] = []
        for lease in leases:
            rows = recorded.setdefault(lease.address, [])
            if not rows:
                rows.append(msgspec.structs.asdict(lease) | {"scope": scope})
                new.append(rows[0])
                continue
            found = Lease(**{field: rows[0][field] for field in Lease.__struct_fields__})
            if found != lease:
                why = f"{found.owner} has it on network {found.network}"
                raise _taken("AddressTaken", f"address {lease.address}", why)
        self._insert(schema.leases, new)

    def add_router_id(self, router_id: RouterId) -> None:
        """Record a router id; one that is recorded already is left as it is.

        Raises:
            TakenError: RouterIdTaken, another cluster of the subnet has it.
        """
        row = msgspec.structs.asdict(router_id)
        recorded = self._rows(
            schema.router_ids, site=router_id.site, prefix=router_id.prefix, router_id=router_id.router_id
        )
        if not recorded:
            self._connection.execute(insert(schema.router_ids), row)
        elif recorded[0] != row:
            what = f"router id {router_id.router_id} of {router_id.prefix}"
            raise _taken("RouterIdTaken", what, f"cluster {recorded[0]['cluster']} has it")

    def put_late(self, cluster_key: str, name: str, text: str) -> None:
        """Record a public late value of a cluster (never a secret one)."""
        self._upsert(schema.late, {"cluster": cluster_key, "name": name}, {"text": text})

    def next_epochs(self, host_keys: Iterable[str]) -> dict[str, int]:
        """The next epoch of each host: 1, 2, 3 ..."""
        wanted = dict.fromkeys(host_keys)
        recorded = self._found(schema.host_epochs, "host", set(wanted))
        epochs = {host: recorded[host][0]["epoch"] + 1 if host in recorded else 1 for host in wanted}
        self._insert(schema.host_epochs, [{"host": h, "epoch": e} for h, e in epochs.items() if h not in recorded])
        raised = [{"key": h, "value": e} for h, e in epochs.items() if h in recorded]
        if raised:
            of_host = schema.host_epochs.c.host == bindparam("key")
            change = update(schema.host_epochs).where(of_host).values(epoch=bindparam("value"))
            self._connection.execute(change, raised)
        return epochs

    def _scope(self, network_key: str) -> str:
        rows = self._rows(schema.objects, kind="network", key=network_key)
        return msgspec.json.decode(rows[0]["body"], type=Network).scope if rows else ""

    def _put(self, kind: str, key: str, value: msgspec.Struct) -> None:
        self._upsert(schema.objects, {"kind": kind, "key": key}, {"body": msgspec.json.encode(value).decode()})

    def _remove(self, key: str, *kinds: str) -> None:
        columns = schema.objects.c
        self._connection.execute(delete(schema.objects).where(columns.key == key, columns.kind.in_(kinds)))

    def _rows(self, table: Table, **key: str | int) -> list[dict[str, Any]]:
        return [dict(row) for row in self._connection.execute(select(table).where(*_equal(table, key))).mappings()]

    def _found(self, table: Table, column: str, values: set[str], **key: str) -> dict[str, list[dict[str, Any]]]:
        """Rows by the value of a column that have one of ``values``, some at a time as statements have limits."""
        found: dict[str, list[dict[str, Any]]] = {}
        ordered = sorted(values)
        for start in range(0, len(ordered), _AT_ONCE):
            among = table.c[column].in_(ordered[start : start + _AT_ONCE])
            for row in self._connection.execute(select(table).where(among, *_equal(table, key))).mappings():
                found.setdefault(row[column], []).append(dict(row))
        return found

    def _insert(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(insert(table), rows)

    def _upsert(self, table: Table, key: dict[str, str], values: dict[str, str | int]) -> None:
        # two statements, as the one that does both is spelled differently by each database
        if self._connection.execute(update(table).where(*_equal(table, key)).values(values)).rowcount == 0:
            self._connection.execute(insert(table), key | values)


def _equal(table: Table, key: Mapping[str, str | int]) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in key.items()]


def _taken(code: str, what: str, why: str) -> TakenError:
    return TakenError(code, f"{what} is taken", where=what, why=why, fix="run the command again: it plans anew")
