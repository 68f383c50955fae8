"""How a workflow reaches hosts: over the transports, recorded hosts as jump hosts, the person asked for secrets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from aksprov.model.host import Host
from aksprov.model.transport import Connect
from aksprov.state import Store
from aksprov.transport import TransportOptions, connector, scanner
from aksprov.workflows.session import Session

if TYPE_CHECKING:
    from aksprov.transport.scan import OfferedKey


def contact(session: Session, store: Store, more: Mapping[str, Host] | None = None) -> Connect:
    """A :class:`Connect` for one run; keys are read, and secrets asked for, at most once.

    Args:
        more: hosts by key that are not recorded, and that others may be reached through.
    """
    return connector(_options(session, store, more or {}))


def scan(session: Session, store: Store) -> Callable[[Host], Awaitable[tuple[OfferedKey, ...]]]:
    """What asks a host for its SSH keys, through its jump host if it has one; secrets are for that."""
    return scanner(_options(session, store, {}))


def _options(session: Session, store: Store, more: Mapping[str, Host]) -> TransportOptions:
    asker = session.asker
    return TransportOptions(
        inventory={**store.snapshot().hosts, **more},
        ask=asker.secret if asker.interactive else None,
        carrier=session.carrier,
    )
