"""How a workflow reaches hosts: over the transports, with the recorded hosts as jump hosts and the person for secrets."""

from __future__ import annotations

from aksprov.model.transport import Connect
from aksprov.state import Store
from aksprov.transport import TransportOptions, connector
from aksprov.workflows.session import Session


def contact(session: Session, store: Store) -> Connect:
    """A :class:`Connect` for one run; keys are read, and secrets asked for, at most once."""
    asker = session.asker
    return connector(
        TransportOptions(
            inventory=store.snapshot().hosts,
            ask=asker.secret if asker.interactive else None,
        )
    )
