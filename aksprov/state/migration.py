"""The schema's versions: what a state of an older one lacks."""

from __future__ import annotations

from sqlalchemy import Connection, update

from aksprov.state.schema import SCHEMA_VERSION, STATE_ID, VERSION, meta, metadata


def fill(connection: Connection, state_id: str) -> None:
    """Make the tables of an empty state."""
    metadata.create_all(connection, checkfirst=False)
    rows = {VERSION: str(SCHEMA_VERSION), STATE_ID: state_id}
    connection.execute(meta.insert(), [{"name": name, "value": value} for name, value in rows.items()])


def upgrade(connection: Connection) -> None:
    """Bring a state of any older version to this one, in the caller's transaction.

    1 had no host_leases and no restored_hosts; 2 had no index of host_leases.
    """
    metadata.create_all(connection)
    for table in metadata.sorted_tables:
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    connection.execute(update(meta).where(meta.c.name == VERSION).values(value=str(SCHEMA_VERSION)))
