"""get-vm-size: how large hosts should be, by AksHci's names."""

from __future__ import annotations

from aksprov.cmdlets.sizes import SIZES
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Every size; the GPU columns are empty where it has none, as AksHci prints them."""
    return Outcome(
        objects=tuple(
            {
                "VmSize": size.name,
                "CPU": size.cpus,
                "MemoryGB": size.memory_gb,
                "GPU Type": size.gpu_type,
                "GPU Count": size.gpu_count or None,
            }
            for size in SIZES
        )
    )
