"""VM sizes, as AksHci names them; here they say how large a host should be.

Source: "Tested resource limits, VM sizes, and regions" and Get-AksHciVmSize in the AKS on
Azure Stack HCI documentation (learn.microsoft.com/azure/aks/hybrid/concepts-support).
"""

from __future__ import annotations

from aksprov.model.base import Value


class VmSize(Value, frozen=True, kw_only=True):
    """A size: processors, memory in GiB, and GPUs (Linux pools only)."""

    name: str
    cpus: int
    memory_gb: int
    gpu_type: str | None = None
    gpu_count: int = 0


def _size(name: str, cpus: int, memory_gb: int, gpus: int = 0) -> VmSize:
    return VmSize(name=name, cpus=cpus, memory_gb=memory_gb, gpu_type="Tesla T4" if gpus else None, gpu_count=gpus)


SIZES: tuple[VmSize, ...] = (
    _size("Default", 4, 4),
    _size("Standard_A2_v2", 2, 4),
    _size("Standard_A4_v2", 4, 8),
    _size("Standard_D2s_v3", 2, 8),
    _size("Standard_D4s_v3", 4, 16),
    _size("Standard_D8s_v3", 8, 32),
    _size("Standard_D16s_v3", 16, 64),
    _size("Standard_D32s_v3", 32, 128),
    _size("Standard_DS2_v2", 2, 7),
    _size("Standard_DS3_v2", 2, 14),
    _size("Standard_DS4_v2", 8, 28),
    _size("Standard_DS5_v2", 16, 56),
    _size("Standard_DS13_v2", 8, 56),
    _size("Standard_K8S_v1", 4, 2),
    _size("Standard_K8S2_v1", 2, 2),
    _size("Standard_K8S3_v1", 4, 6),
    _size("Standard_NK6", 6, 12, gpus=1),
    _size("Standard_NK12", 12, 24, gpus=2),
)
SIZE_NAMES: tuple[str, ...] = tuple(size.name for size in SIZES)


def find_size(name: str) -> VmSize:
    """The size of that name, ignoring case (KeyError when there is none)."""
    for size in SIZES:
        if size.name.lower() == name.lower():
            return size
    raise KeyError(name)
