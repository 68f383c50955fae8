"""Whose host is it: a manifest of another state is left alone."""

from __future__ import annotations

from collections.abc import Container

from aksprov.errors import HostError
from aksprov.model.facts import Observed

MANIFEST = "/var/lib/aksprov/manifest.json"
WINDOWS_MANIFEST = "C:/ProgramData/aksprov/manifest.json"


def check_owner(seen: Observed, state_id: str) -> None:
    """Refuse a host whose manifest was written from another state.

    Raises:
        HostError: HostOwnedByOtherState.
    """
    if seen.manifest is None or seen.manifest.state_id == state_id:
        return
    raise HostError(
        "HostOwnedByOtherState",
        "the host is managed from another aksprov state",
        where=f"host {seen.host}: {MANIFEST}",
        why=f"its manifest names state {seen.manifest.state_id[:12]}, this is {state_id[:12]}",
        fix="use that state (AKSPROV_STATE), or, when it is gone for good, take its hosts over: aksprov adopt",
    )


def check_remains(seen: Observed, clusters: Container[str]) -> None:
    """Refuse a host that still has files of a cluster that is not recorded: two would share its programs.

    Plain files are of no cluster ("") and do no harm.

    Args:
        clusters: keys of those that are.

    Raises:
        HostError: HostNotClean.
    """
    files = seen.manifest.files if seen.manifest else ()
    remains = sorted({f.cluster for f in files if f.cluster and f.cluster not in clusters})
    if not remains:
        return
    raise HostError(
        "HostNotClean",
        "the host still has files of a cluster that was removed",
        where=f"host {seen.host}: {MANIFEST}",
        why=f"it was out of reach when {', '.join(remains)} was removed, or was taken off the inventory before",
        fix=f"aksprov remove-host --name {seen.host} --purge takes them away; then add the host again",
    )
