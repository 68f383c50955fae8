"""A step that may take minutes on a Windows host: a scheduled task, which a cut connection does not end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from aksprov.model.transport import Connection
from aksprov.model.windows import LongStep
from aksprov.transport.windows.connection import WindowsConnection
from aksprov.workflows.bring_up.long_step import Holder, see_through, unit_of


async def windows_step(
    connection: Connection,
    holder: Holder,
    step: str,
    script: str,
    *,
    values: Mapping[str, str | tuple[str, ...]] | None = None,
    secret: str = "",
    hide: Iterable[str] = (),
    seconds: int,
) -> None:
    """As :func:`aksprov.workflows.bring_up.long_step.long_step`, on a Windows host.

    Args:
        script: PowerShell that ends with ``Complete-Step``; see scripts/node.ps1.
        values: what it gets as JSON.
        secret: what it finds in run\\UNIT.secret.

    Raises:
        HostError: StepFailed, HostInOtherCluster, StepTimedOut, HostEpochRefused; what the connection raises.
    """
    if not isinstance(connection, WindowsConnection):
        raise TypeError(f"{connection.host.name} is reached as no Windows host")
    given = dict(values or {})
    unit = unit_of(connection, holder, step, [script, json.dumps(given, sort_keys=True)])
    work = LongStep(unit=unit, script=script, values=given)

    async def begin() -> str:
        return await connection.begin_step(work, secret, state_id=holder.state_id, epoch=holder.epoch)

    await see_through(connection, step, unit, begin, connection.await_step, hide=hide, seconds=seconds)
