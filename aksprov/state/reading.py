"""From rows to values: the whole recorded picture in one read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Table, select

from aksprov.model.cluster import Cluster, ClusterStatus, Node
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts
from aksprov.model.host import Host
from aksprov.model.network import Lease, Network, RouterId
from aksprov.model.offline_bundle import BundleKey, OfflineDownload
from aksprov.state import schema
from aksprov.state.failures import damaged, foreign, newer

# kind of an object -> the field of Snapshot that holds it, and its type
_OBJECTS: Final[dict[str, tuple[str, type[Any]]]] = {
    "network": ("networks", Network),
    "cluster": ("clusters", Cluster),
    "status": ("statuses", ClusterStatus),
    "host": ("hosts", Host),
    "facts": ("facts", Facts),
    "bundle-key": ("bundle_keys", BundleKey),
    "offline-download": ("offline_downloads", OfflineDownload),
}
_META: Final = select(schema.meta)


def read_meta(connection: Connection, location: str) -> dict[str, str]:
    """The state's schema version and identity, checked.

    Raises:
        StateError: StateForeign, StateNewer.
    """
    found = {row.name: row.value for row in connection.execute(_META)}
    version = found.get(schema.VERSION, "")
    if not version.isdecimal() or not found.get(schema.STATE_ID):
        raise foreign(location, "the database does not say which version of a state it is")
    if int(version) > schema.SCHEMA_VERSION:
        raise newer(location, int(version), schema.SCHEMA_VERSION)
    return found


def version_of(found: Mapping[str, str]) -> int:
    """The schema's version of a state that was read by :func:`read_meta`."""
    return int(found[schema.VERSION])


def read_snapshot(connection: Connection, location: str) -> Snapshot:
    """Everything that the state records.

    Raises:
        StateError: StateForeign, StateNewer; StateDamaged, when a recorded value is none of ours.
    """
    meta = read_meta(connection, location)
    return Snapshot(
        state_id=meta[schema.STATE_ID],
        revision=meta.get(schema.REVISION, ""),
        **_read_objects(connection, location),
        nodes=_read(connection, schema.nodes, Node, "cluster", "role", "index", "host"),
        leases=_read(connection, schema.leases, Lease, "network", "address"),
        router_ids=_read(connection, schema.router_ids, RouterId, "site", "prefix", "router_id"),
        late={(row.cluster, row.name): row.text for row in connection.execute(select(schema.late))},
        epochs={row.host: row.epoch for row in connection.execute(select(schema.host_epochs))},
        restored=frozenset(connection.execute(select(schema.restored_hosts.c.host)).scalars()),
    )


def _read_objects(connection: Connection, location: str) -> dict[str, dict[str, Any]]:
    decoders = {kind: msgspec.json.Decoder(type_) for kind, (_, type_) in _OBJECTS.items()}
    found: dict[str, dict[str, Any]] = {field: {} for field, _ in _OBJECTS.values()}
    columns = schema.objects.c
    for kind, key, body in connection.execute(
        select(columns.kind, columns.key, columns.body).order_by(columns.kind, columns.key)
    ):
        try:
            found[_OBJECTS[kind][0]][key] = decoders[kind].decode(body)
        except (KeyError, msgspec.DecodeError) as error:
            raise damaged(location, f"the recorded {kind} {key} cannot be read: {error}") from error
    return found


def _read(connection: Connection, table: Table, type_: type[Any], *order: str) -> tuple[Any, ...]:
    """Rows of a table as values of a type whose fields are among its columns."""
    columns = [table.c[field] for field in type_.__struct_fields__]
    rows = connection.execute(select(*columns).order_by(*(table.c[name] for name in order)))
    return tuple(type_(**row) for row in rows.mappings())
