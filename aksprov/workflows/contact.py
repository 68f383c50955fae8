"""How a workflow reaches hosts: over the transports, recorded hosts as jump hosts, the person asked for secrets."""

from __future__ import annotations

from collections.abc import Mapping

from aksprov.model.host import Host
from aksprov.model.transport import Connect
from aksprov.state import Store
from aksprov.transport import TransportOptions, connector
from aksprov.workflows.session import Session


def contact(session: Session, store: Store, more: Mapping[str, Host] | None = None) -> Connect:
    """A :class:`Connect` for one run; keys are read, and secrets asked for, at most once.

    Args:
        more: hosts by key that are not recorded, and that others may be reached through.
    """
    asker = session.asker
    return connector(
        TransportOptions(
            inventory={**store.snapshot().hosts, **(more or {})},
            ask=asker.secret if asker.interactive else None,
        )
    )
