"""The schema's versions: what a state of an older one lacks."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, update

from aksprov.state.rows import read
from aksprov.state.schema import REVISION, SCHEMA_VERSION, STATE_ID, VERSION, meta, metadata


def fill(connection: Connection, state_id: str) -> None:
    """Make the tables of an empty state."""
    metadata.create_all(connection, checkfirst=False)
    rows = {VERSION: str(SCHEMA_VERSION), STATE_ID: state_id, REVISION: uuid.uuid4().hex}
    connection.execute(meta.insert(), [{"name": name, "value": value} for name, value in rows.items()])


def upgrade(connection: Connection) -> None:
    """Bring a state of any older version to this one, in the caller's transaction.

    1 had no host_leases and no restored_hosts; 2 had no index of host_leases, and no revision;
    3 had no objects of the kinds bundle-key and offline-download, which its programs cannot read.
    """
    metadata.create_all(connection)
    for table in metadata.sorted_tables:
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    if not read(connection, meta, name=REVISION):
        connection.execute(meta.insert(), {"name": REVISION, "value": uuid.uuid4().hex})
    connection.execute(update(meta).where(meta.c.name == VERSION).values(value=str(SCHEMA_VERSION)))
