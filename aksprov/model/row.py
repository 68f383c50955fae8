"""One answer of a check: AksHci's own row shape, with host and cluster."""

from __future__ import annotations

from typing import Literal

import msgspec

from aksprov.errors import AksprovError

Result = Literal["Passed", "Failed", "Warning", "Skipped"]


class Row(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A row of test-* and of preflight; JSON names are AksHci's (TestName ...).

    Args:
        test_name: a stable id, e.g. "FilesOnHost".
        category: Definition, Host, Placement, Connection, Files, Services, LoadBalancer ...
    """

    test_name: str
    category: str
    test_result: Result
    details: str = ""
    recommendation: str = ""
    host: str = ""
    cluster: str = ""


def row_of(error: AksprovError, *, host: str, cluster: str = "", category: str = "Host") -> Row:
    """The row that stands for an error of one host."""
    details = error.what + (f" ({error.why})" if error.why else "")
    return Row(
        test_name=error.code,
        category=category,
        test_result="Failed",
        details=details,
        recommendation=error.fix,
        host=host,
        cluster=cluster,
    )
