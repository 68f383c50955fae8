"""Whether a host is large enough.  Pure.

Sources: kubeadm, constants ControlPlaneNumCPU and ControlPlaneMem, which its preflight asks of control planes alone;
its list of images, which are about 1 GB on a control plane when unpacked; etcd's own quota is 2 GB.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aksprov.checks.preflight.case import Case
from aksprov.model.row import Row

_CPUS: Final = 2
_MEMORY_MB: Final = 1700
_DISK_MB: Final = 1024
_AMPLE_DISK_MB: Final = 5120


def size_rows(case: Case) -> Iterator[Row]:
    """What the facts show, whatever capacity is declared: kubeadm looks at the host itself."""
    facts = case.facts
    if case.node.role == "control-plane" and (0 < facts.cpus < _CPUS or 0 < facts.memory_mb < _MEMORY_MB):
        yield case.stops(
            "KubeadmMinimum",
            f"the host has {facts.cpus} CPUs and {facts.memory_mb} MB of memory; kubeadm asks for {_CPUS} and "
            f"{_MEMORY_MB} MB on a control plane",
            "give the host more, or let another one be the control plane",
        )
    if case.runs_pods and 0 < facts.disk_free_mb < _AMPLE_DISK_MB:
        row, place = (
            case.stops if facts.disk_free_mb < _DISK_MB else case.warns,
            "C:" if facts.powershell else "/var/lib",
        )
        yield row(
            "DiskFree",
            f"{facts.disk_free_mb} MB are free below {place}, where images and data go",
            f"make room for {_AMPLE_DISK_MB} MB there; images that do not fit end a start half way",
        )
