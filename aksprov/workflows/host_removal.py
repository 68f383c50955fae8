"""What a host has of clusters, and taking it off: the same for a cluster that leaves and a host that is purged."""

from __future__ import annotations

from aksprov.model.transport import Connection
from aksprov.planning.owner import check_owner
from aksprov.planning.removal import HOME, ORIGINALS, WINDOWS_KUBERNETES, Leftover, read_leftover

_NOTES = tuple(f"{ORIGINALS}/{name}" for name in ("units", "sysctls", "ca", "kubernetes"))


async def read_host(connection: Connection, state_id: str) -> Leftover:
    """What the host has of this state's clusters.

    Raises:
        HostError: HostOwnedByOtherState, or what the connection raises.
    """
    seen = await connection.observe((HOME,))
    check_owner(seen, state_id)
    if connection.host.os == "windows":
        return read_leftover(seen, None, await connection.get((WINDOWS_KUBERNETES,)))
    left = read_leftover(seen, None, {})
    if not left.has_home:
        return left
    paths = [f"{ORIGINALS}/files{managed.path}" for managed in (seen.manifest.files if seen.manifest else ())]
    originals = await connection.observe(paths) if paths else None
    return read_leftover(seen, originals, await connection.get(_NOTES))
