"""The recorded state: ledger, journal and objects, in an SQLite file by default."""

from aksprov.state.journal import Journal
from aksprov.state.store import Store, TakenError, Transaction, open_store

__all__ = ["Journal", "Store", "TakenError", "Transaction", "open_store"]
