"""The order of a rollout: who goes first, and who waits for whom."""

from __future__ import annotations

from aksprov.model.desired import Desired
from aksprov.planning.late import giver


def waves(desired: Desired, *, late_unknown: bool) -> dict[str, int]:
    """Host key -> wave, from 1.

    The first control plane goes alone while a late value has to come from it.  Load
    balancers follow one another, so that a pair never reloads at the same time.
    """
    start = 2 if late_unknown else 1
    order = {node.name: start for node in desired.nodes}
    for node in desired.by_role("load-balancer"):
        order[node.name] = start + node.index
    if late_unknown:
        order[giver(desired)] = 1
    return order
