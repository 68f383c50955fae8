"""The tables, one text for SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Dialect, Index, Integer, MetaData, Table, TypeDecorator, UniqueConstraint
from sqlalchemy import Text as _Text

SCHEMA_VERSION: Final = 4

VERSION: Final = "schema_version"
STATE_ID: Final = "state_id"
REVISION: Final = "revision"

# PostgreSQL sorts and compares by the bytes of UTF-8, as SQLite does: nothing may depend on where a state is.
Text: Final = _Text().with_variant(_Text(collation="C"), "postgresql")


class _HostText(TypeDecorator[str]):
    """What a host said: it may have the one character that PostgreSQL cannot hold."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Show that character as Unicode shows what cannot be shown."""
        return value and value.replace("\0", "\ufffd")


metadata = MetaData()

# The schema's version, the identity that hosts keep beside what they were given, and a text that is another one
# whenever a network, a host or its facts have changed.
meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# Whole values as JSON.  kind: network, cluster, status (of a cluster), host, facts (of a host), bundle-key,
# offline-download.
objects = Table(
    "objects",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body", Text, nullable=False),
)

# A host may have several roles, so the key has the role; that it is in one cluster is checked when a row is added.
nodes = Table(
    "nodes",
    metadata,
    Column("host", Text, primary_key=True),
    Column("cluster", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("index", Integer, nullable=False),
    Column("address", Text, nullable=False),
    Column("interface", Text, nullable=False),
    Column("pool", Text, nullable=False),
)

# "No address twice": on one network by the primary key, and in one site by the other one,
# as several networks of a site may share a subnet.
leases = Table(
    "leases",
    metadata,
    Column("network", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("cluster", Text, nullable=False),
    UniqueConstraint("scope", "address"),
)

router_ids = Table(
    "router_ids",
    metadata,
    Column("site", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("router_id", Integer, primary_key=True),
    Column("cluster", Text, nullable=False),
)

# Public late values only (the cluster's CA certificate).
late = Table(
    "late",
    metadata,
    Column("cluster", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("text", Text, nullable=False),
)

host_epochs = Table(
    "host_epochs",
    metadata,
    Column("host", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
)

# The run that holds a host, or the last one that did: its row stays, so that a run that was paused for
# long learns who took over.  ended is empty while it is held.
host_leases = Table(
    "host_leases",
    metadata,
    Column("host", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("run", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("taken", Text, nullable=False),
    Column("renewed", Text, nullable=False),
    Column("expires", Text, nullable=False),
    Column("ended", Text, nullable=False),
    Index("host_leases_by_run", "run"),
)

# Hosts that have not been looked at since the state was restored from a backup: they may have seen
# higher epochs than it counts, and have what it lacks.
restored_hosts = Table(
    "restored_hosts",
    metadata,
    Column("host", Text, primary_key=True),
)

# objects: JSON array of "cluster/demo" ...; result is null until the run has ended.
runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Text, nullable=False, unique=True),
    Column("verb", Text, nullable=False),
    Column("objects", Text, nullable=False),
    Column("input_hash", Text, nullable=False),
    Column("plan_hash", Text, nullable=False),
    Column("started", Text, nullable=False),
    Column("finished", Text),
    Column("result", Text),
    Index("runs_by_input", "input_hash", "result"),
)

# The journal is only ever added to: a step's state is its last entry, so many entries
# can go into one commit and a kill loses at most the ones that were not committed.
steps = Table(
    "steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("input_hash", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("details", _HostText, nullable=False),
    Column("time", Text, nullable=False),
    Index("steps_by_run", "run"),
)
