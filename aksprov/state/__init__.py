"""The recorded state: ledger, journal and objects, in an SQLite file or on PostgreSQL."""

from aksprov.state.backend import has_password
from aksprov.state.backup import Backup, open_backup
from aksprov.state.host_leases import HostsLockedError, RunFencedError, is_over
from aksprov.state.journal import Journal
from aksprov.state.step_writer import Entry, StepWriter
from aksprov.state.store import Store, open_store
from aksprov.state.transaction import TakenError, Transaction

__all__ = [
    "Backup",
    "Entry",
    "HostsLockedError",
    "Journal",
    "RunFencedError",
    "StepWriter",
    "Store",
    "TakenError",
    "Transaction",
    "has_password",
    "is_over",
    "open_backup",
    "open_store",
]
