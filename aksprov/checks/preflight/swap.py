"""Swap that is on, and swap that comes back.  Pure.

Sources: the kubelet's failSwapOn (true by itself); systemd.swap(5), systemd-fstab-generator(8),
systemd-gpt-auto-generator(8), zram-generator.conf(5).
"""

from __future__ import annotations

from collections.abc import Iterator

from aksprov.checks.preflight.case import Case
from aksprov.model.row import Row


def swap_rows(case: Case) -> Iterator[Row]:
    """None where the kubelet is told to live with swap."""
    if not case.runs_pods or case.cluster.node_settings.kubelet.get("failSwapOn") is False:
        return
    if case.situation.swaps:
        yield case.stops(
            "SwapOff",
            f"the host swaps to {', '.join(case.situation.swaps)}; the kubelet does not start beside swap",
            'run swapoff -a on it, or give --node-settings {"KubeletConfiguration": {"failSwapOn": false}}',
        )
    if case.situation.swap_sources:
        yield case.warns(
            "SwapAfterReboot",
            f"swap comes back at the next boot: {', '.join(case.situation.swap_sources)}",
            "take the line out of /etc/fstab, systemctl mask the unit, or empty /etc/systemd/zram-generator.conf",
        )
