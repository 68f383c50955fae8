"""Whose host is it: a manifest of another state is left alone."""

from __future__ import annotations

from aksprov.errors import HostError
from aksprov.model.facts import Observed

MANIFEST = "/var/lib/aksprov/manifest.json"


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
        fix=f"use that state (AKSPROV_STATE), or, when it is gone for good: aksprov adopt --name {seen.host}",
    )
