"""Clocks: each host's against those of the others and the controller's.  Pure.

Sources: Kubernetes' signer dates certificates back by 5 minutes (pkg/controller/certificates/authority,
DefaultBackdate and the policies' Backdate), as kubeadm and our own CA do; etcd warns of clocks that differ by 1 s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median_high, median_low
from typing import Final

from aksprov.checks.preflight.case import Case
from aksprov.model.row import Row

# A second cannot be told apart from a slow answer; what is further off than a certificate is dated back is refused.
_SECONDS: Final = 5.0
_BACKDATE: Final = 300.0


def clock_rows(cases: Sequence[Case]) -> Iterator[Row]:
    """The time is what most of the hosts and the controller have: one clock that is off is one row."""
    known = [(case, off) for case in cases if (off := case.situation.clock_off) is not None]
    if not known:
        return
    offs = [0.0, *(off for _, off in known)]
    usual = min(median_low(offs), median_high(offs), key=abs)
    for case, off in known:
        if abs(off - usual) > _SECONDS:
            yield _row(case, off - usual, "the other hosts' and this machine's")
        elif abs(off) > _SECONDS:
            yield _row(case, off, "this machine's, as the other hosts' are")


def _row(case: Case, off: float, others: str) -> Row:
    details = f"the host's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} {others}"
    if abs(off) <= _BACKDATE:
        return case.warns("ClockSkew", details, "set the clocks of all by NTP: etcd and certificates need one time")
    return case.stops(
        "ClockSkew", f"{details}; certificates are not yet valid or tokens ended there", "set the clocks of all by NTP"
    )
