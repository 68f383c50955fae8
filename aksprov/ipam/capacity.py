"""Whether a host is large enough for a role."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from aksprov.cmdlets.sizes import find_size
from aksprov.model.base import Value
from aksprov.model.facts import Facts
from aksprov.model.host import Host, Role

# A machine sold with 8 GB shows less, as firmware and kernel keep some: this share of a size's memory is enough.
_MEMORY_SHARE: Final = 0.9
# kubeadm's preflight: 2 CPUs and 1700 MB on a control plane (kubeadm, constants ControlPlaneNumCPU and
# ControlPlaneMem, compared in MiB); the same is asked of workers.  HAProxy and keepalived need little.
_LEAST: Final[dict[Role, tuple[int, int]]] = {
    "control-plane": (2, 1700),
    "worker": (2, 1700),
    "load-balancer": (1, 512),
}


class Need(Value, frozen=True, kw_only=True):
    """What a role asks of a host: the VM size's CPUs and MiB of memory, and the least of both."""

    vm_size: str
    cpus: int
    memory_mb: int
    least_cpus: int
    least_memory_mb: int


class Capacity(Value, frozen=True, kw_only=True):
    """CPUs and MiB of memory of a host; None: unknown, which counts as enough."""

    cpus: int | None
    memory_mb: int | None

    def __str__(self) -> str:
        cpus = "unknown CPUs" if self.cpus is None else f"{self.cpus} CPUs"
        return f"{cpus}, " + ("unknown memory" if self.memory_mb is None else f"{self.memory_mb} MB")


class Fit(IntEnum):
    """How well a host fits a need, best first."""

    SIZE = 0
    MINIMUM = 1
    NO = 2


def need(role: Role, vm_size: str) -> Need:
    """What a role with a VM size asks of its host (KeyError for an unknown size)."""
    size = find_size(vm_size)
    least_cpus, least_memory = _LEAST[role]
    return Need(
        vm_size=size.name,
        cpus=size.cpus,
        memory_mb=round(size.memory_gb * 1024 * _MEMORY_SHARE),
        least_cpus=least_cpus,
        least_memory_mb=least_memory,
    )


def capacity_of(host: Host, facts: Facts | None) -> Capacity:
    """What the inventory entry declares, else what the facts show."""
    declared = host.capacity
    memory = None if declared.memory_gb is None else round(declared.memory_gb * 1024)
    return Capacity(
        cpus=declared.cpus if declared.cpus is not None else (facts.cpus or None) if facts else None,
        memory_mb=memory if memory is not None else (facts.memory_mb or None) if facts else None,
    )


def fit(capacity: Capacity, wanted: Need) -> Fit:
    """How well a capacity fits."""

    def enough(cpus: int, memory_mb: int) -> bool:
        return (capacity.cpus is None or capacity.cpus >= cpus) and (
            capacity.memory_mb is None or capacity.memory_mb >= memory_mb
        )

    if enough(wanted.cpus, wanted.memory_mb):
        return Fit.SIZE
    return Fit.MINIMUM if enough(wanted.least_cpus, wanted.least_memory_mb) else Fit.NO
