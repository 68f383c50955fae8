"""What preparations brought goes from a host: packages, programs, units and images."""

from __future__ import annotations

from typing import Final

from aksprov.model.transport import Connection
from aksprov.workflows.bring_up.long_step import Holder, long_step
from aksprov.workflows.prepare.packages import LOCK_SECONDS
from aksprov.workflows.prepare.scripts import preparation

INSTALLED: Final = "/var/lib/aksprov/installed"  # what they noted there
UNINSTALL: Final = "uninstall"
SECONDS: Final = 600


async def uninstall(connection: Connection, holder: Holder) -> None:
    """Take away what preparations brought; what was there before stays, and a package that another one needs.

    Raises:
        HostError: StepFailed where a kubelet runs, PackageLockHeld, and what :func:`long_step` raises.
    """
    if not await connection.get((INSTALLED,)):
        return
    values = {"programs": "", "kubernetes": "", "lock_seconds": str(LOCK_SECONDS)}
    script = preparation("installed", "host", "uninstall", values=values)
    await long_step(connection, holder, UNINSTALL, script, seconds=SECONDS)
