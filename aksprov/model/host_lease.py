"""Which run may change a host: a lease with an epoch, kept alive while the run goes on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aksprov.model.base import Value

# host key -> the epoch under which a run holds that host: what a run must still have whenever it writes
Epochs = Mapping[str, int]


class LeaseTerms(Value, frozen=True, kw_only=True):
    """How long a lease lasts.

    Args:
        renew_seconds: how often a run renews its leases.  Twenty seconds: no busier than any
            monitoring, and two renewals may fail (a state that another command holds for its
            whole patience) before a third would come too late.
        expire_seconds: how long a lease lasts without being renewed.  Three renewals; also what the
            next run waits for after a machine died, so not longer than a person waits.
    """

    renew_seconds: float = 20
    expire_seconds: float = 60


class Holder(Value, frozen=True, kw_only=True):
    """Who holds hosts.

    Args:
        run: the run's id.
        owner: for people: "user@machine, process 123".
        process: a word by which another process of this machine can tell that it is gone; "" where none can.
    """

    run: str
    owner: str
    process: str = ""


class HostLease(Value, frozen=True, kw_only=True):
    """A host that a run holds, or the last one that did.

    Args:
        host: its key.
        epoch: 1, 2, 3 ... for each host; the host itself refuses one that is lower than what it has seen.
        taken, renewed, expires: UTC.
        ended: "" while it is held; else how it ended: "given back", or "broken by OWNER".
    """

    host: str
    epoch: int
    holder: Holder
    taken: datetime
    renewed: datetime
    expires: datetime
    ended: str = ""

    def held_for(self, now: datetime) -> float:
        """Seconds since it was taken; 0 where the clock that it was taken by was ahead of ``now``."""
        return max(0.0, (now - self.taken).total_seconds())

    def silent_for(self, now: datetime) -> float:
        """Seconds since it was renewed; 0 where that clock was ahead."""
        return max(0.0, (now - self.renewed).total_seconds())
