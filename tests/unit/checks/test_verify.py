"""One host's failure is its row, and the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aksprov.checks.verify import verify
from aksprov.errors import HostError
from aksprov.model.bundle import Bundle
from aksprov.model.desired import Desired
from aksprov.model.transport import Connection

GONE = HostError("HostDisconnected", "the connection to cp2 ended", where="host cp2", why="reset", fix="look at cp2")


def test_each_host_has_rows_of_its_own(
    local_shell: Callable[..., Connection], desired_of: Callable[..., Desired]
) -> None:
    """A host that fails while it is asked, one whose answer is cut, one nobody contacted, one that failed before."""
    hosts = ("cp1", "cp2", "cp3", "w1", "w2")
    desired = desired_of(dict.fromkeys(hosts, "worker"))
    connections = {
        "cp1": local_shell("cp1"),
        "cp2": local_shell("cp2", error=GONE),
        "cp3": local_shell("cp3", keep=20),
        "w2": local_shell("w2"),
    }
    bundles = {h: Bundle(host=h, files=()) for h in hosts}
    rows = asyncio.run(verify(desired, bundles, connections, {"w2": GONE}))
    assert {(r.host, r.test_name, r.test_result) for r in rows if r.host != "cp1"} == {
        ("cp2", "HostDisconnected", "Failed"),
        ("cp3", "ProbesFailed", "Failed"),
        ("w1", "HostAnswers", "Skipped"),
    }
    assert {r.test_name for r in rows if r.host == "cp1"} == {
        "AddressOnInterface",
        "FilesOnHost",
        "ProgramsPresent",
        "ServiceActive",
    }
    assert {r.cluster for r in rows} == {"demo"}
