"""What a workflow is given besides its request: state, events, clock, and someone to ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from aksprov.events import EventStream
from aksprov.model.host_lease import LeaseTerms
from aksprov.model.transport import Carrier


class Asker(Protocol):
    """Asks a person.  ``interactive`` is False where there is no terminal."""

    interactive: bool

    def confirm(self, question: str) -> bool:
        """Yes or no; only called when interactive."""
        ...

    async def secret(self, question: str) -> str:
        """A text that is not shown; only called when interactive.  Other work goes on meanwhile."""
        ...


@dataclass(frozen=True)
class Session:
    """The surroundings of one command.

    Args:
        state_url: a path or postgresql:// URL; None for the default place.
        events: the stream that progress, --events and the journal's readers listen to.
        clock: current time in UTC.
        asker: for confirmations.
        lease_terms: how long a run holds its hosts without saying so again.
        carrier: reaches one host in our place; None where we connect ourselves.
    """

    state_url: str | None
    events: EventStream
    clock: Callable[[], datetime]
    asker: Asker
    lease_terms: LeaseTerms = field(default_factory=LeaseTerms)
    carrier: Carrier | None = None
