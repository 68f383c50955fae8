"""What hosts have now, for the diffs of a plan that somebody looks at."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from aksprov.model.facts import Observed
from aksprov.model.transport import Connection
from aksprov.planning.planner import Target, contents_wanted
from aksprov.rollout.runner import Fleet


async def with_contents(
    targets: Mapping[str, Target], observed: Mapping[str, Observed], fleet: Fleet
) -> dict[str, Observed]:
    """Observations again, with the contents that diffs need (only where there are any)."""
    wanted = {k: paths for k, o in observed.items() if (paths := contents_wanted(targets[k], o))}

    async def read(connection: Connection) -> dict[str, bytes]:
        return await connection.get(wanted[connection.host.key])

    contents = await fleet.each(wanted, read)
    return {k: _filled(o, contents.get(k, {})) for k, o in observed.items() if k not in fleet.failures}


def _filled(seen: Observed, contents: Mapping[str, bytes]) -> Observed:
    files = {
        path: msgspec.structs.replace(state, content=contents[path].decode(errors="replace"))
        if path in contents
        else state
        for path, state in seen.files.items()
    }
    return msgspec.structs.replace(seen, files=files)
