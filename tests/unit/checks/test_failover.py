"""The failover probe's clock, and what keeps it from being started."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aksprov.checks.failover import obstacles, outage
from aksprov.errors import HostError
from aksprov.model.desired import Desired
from aksprov.model.row import Result, Row


def test_the_gap_between_answers_is_what_is_measured() -> None:
    """Neither the time that stopping takes nor a host that cannot try for a moment counts as an outage by itself."""

    async def probe() -> float | None:
        loop = asyncio.get_running_loop()
        gone, back = loop.time() + 0.5, loop.time() + 1.0

        async def connect() -> bool:
            if gone <= loop.time() < gone + 0.1:
                raise HostError("HostDisconnected", "away")
            return not gone <= loop.time() < back

        async def stop() -> None:
            await asyncio.sleep(0.55)

        return await outage(connect, stop)

    seconds = asyncio.run(probe())
    assert seconds is not None and 0.5 <= seconds < 0.9


def test_only_what_concerns_the_load_balancers_stands_in_the_way(desired_of: Callable[..., Desired]) -> None:
    desired = desired_of({"lb1": "load-balancer", "lb2": "load-balancer", "w1": "worker"})

    def row(name: str, result: Result, host: str = "") -> Row:
        return Row(test_name=name, category="x", test_result=result, host=host, details="why")

    rows = [
        row("FilesOnHost", "Failed", "w1"),
        row("ApiServersUp", "Warning", "lb1"),
        row("ServiceActive", "Failed", "lb2"),
        row("ExactlyOneMaster", "Failed"),
    ]
    assert obstacles(desired, rows, ["w1", "lb1"]) == (
        "lb1 does not answer",
        "ServiceActive of lb2: why",
        "ExactlyOneMaster of demo: why",
    )
