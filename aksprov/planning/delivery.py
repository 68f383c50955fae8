"""From a plan to what one host is sent."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from aksprov.model.bundle import READERS
from aksprov.model.facts import Observed
from aksprov.model.plan import HostPlan
from aksprov.model.transport import Delivery
from aksprov.planning.planner import Target, drifted, manifest_after


def make_delivery(
    change: HostPlan, target: Target, seen: Observed, late: Mapping[str, str], *, state_id: str, epoch: int
) -> Delivery:
    """The delivery that carries out ``change``, late values filled in where they are known."""
    step_ids = {s.id for s in change.steps}
    arriving = {f.path for f in change.files if f.change != "remove"}
    # what a host sets is what arrives, so a setting that was lost arrives again
    lost = drifted(target.bundle, seen)
    arriving |= {f.path for f in target.bundle.files if f.reader in lost}
    return Delivery(
        files=tuple(
            msgspec.structs.replace(f, content=f.content if f.content is not None else late.get(f.late))
            for f in target.bundle.files
            if f.path in arriving
        ),
        removes=tuple(f.path for f in change.files if f.change == "remove"),
        steps=tuple(r for r in READERS if r in step_ids),
        listens=target.bundle.listens,
        manifest=manifest_after(target, seen, late, state_id=state_id, epoch=epoch),
    )
