"""The failover probe: what the VIP does when HAProxy, then keepalived, is stopped where it is held.

Each unit is put back by a timer of the host's own systemd (systemd-run(1)) that is set before the unit is stopped,
or earlier by us.  keepalived's check of HAProxy runs once a second and fails at the second time, so the VIP
should answer again within 3 s; a keepalived that is stopped says so (RFC 5798, 5.2.4: priority 0).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from importlib.resources import files
from itertools import pairwise
from typing import Final

from aksprov.checks.ask import ask, until
from aksprov.checks.compile import Question, clean
from aksprov.checks.verdict import Verdict, failed, make_row, passed, skipped
from aksprov.checks.vip import devices_of
from aksprov.errors import HostError
from aksprov.model.derived import API_PORT, endpoint
from aksprov.model.desired import Desired
from aksprov.model.row import Row
from aksprov.model.transport import Connection

UNITS: Final = {"FailoverHaproxy": "haproxy", "FailoverKeepalived": "keepalived"}
BOUND_SECONDS: Final = 3.0
PUT_BACK_SECONDS: Final = 20  # by the host's timer
_WATCH_SECONDS: Final = 12.0  # less than the timer's, so that what answers is the other load balancer
_TICK_SECONDS: Final = 0.1
# keepalived takes a host back when its check of HAProxy, once a second, was good twice.
_STANDBY_SECONDS: Final = 4.0
_SETTLE_SECONDS: Final = 15.0
_SCRIPT: Final = files("aksprov.checks").joinpath("failover.sh").read_text(encoding="utf-8")


def obstacles(desired: Desired, rows: Iterable[Row], unreachable: Iterable[str]) -> tuple[str, ...]:
    """Why a cluster's load balancers must not be made to fail over now: what is wrong with them, one reason each."""
    balancers = {node.host for node in desired.by_role("load-balancer")}
    gone = [f"{host} does not answer" for host in unreachable if host in balancers]
    wrong = [
        f"{row.test_name} of {row.host or desired.cluster.name}: {row.details}"
        for row in rows
        if row.test_result == "Failed" and (row.host in balancers or not row.host)
    ]
    return (*gone, *wrong)


class Failover:
    """The probe on a healthy pair.

    Args:
        connections: open ones, to every load balancer at least, by host key.
        tell: is told what is done now, in one line.
    """

    def __init__(self, desired: Desired, connections: Mapping[str, Connection], tell: Callable[[str], None]) -> None:
        self._desired = desired
        self._tell = tell
        self._endpoint = endpoint(desired.vip, API_PORT)
        self._balancers = {n.host: connections[n.host] for n in desired.by_role("load-balancer")}
        others = (n.host for n in desired.nodes if n.host in connections and n.host not in self._balancers)
        self._others = {host: connections[host] for host in others}

    async def rows(self) -> tuple[Row, ...]:
        """One row for each unit; what could not be put back ends the probe."""
        rows: list[Row] = []
        for test_name, unit in UNITS.items():
            host = ""
            try:
                host = await self._holder()
                verdict = await self._measured(host, unit)
            except HostError as error:
                verdict = failed(f"{unit}: {error.what}" + (f" ({error.why})" if error.why else ""), error.fix)
            rows.append(make_row(test_name, "LoadBalancer", verdict, host=host, cluster=self._desired.cluster.name))
            if verdict.result != "Passed":
                break
            await asyncio.sleep(_STANDBY_SECONDS)
        return (*rows, *self._left_out(rows))

    def _left_out(self, rows: list[Row]) -> list[Row]:
        verdict = skipped("not tried, as the probe before it failed", "see the row before this one")
        return [
            make_row(name, "LoadBalancer", verdict, host="", cluster=self._desired.cluster.name)
            for name in [*UNITS][len(rows) :]
        ]

    async def _holder(self) -> str:
        """The one load balancer that has the VIP, waited for.

        Raises:
            HostError: FailoverUnsettled.
        """

        async def read() -> list[str]:
            question = Question(kind="addresses")
            answers = await asyncio.gather(*(ask(c, question) for c in self._balancers.values()))
            shown = zip(self._balancers, answers, strict=True)
            return [host for host, a in shown if devices_of(a.get(question, ()), self._desired.vip)]

        deadline = asyncio.get_running_loop().time() + _SETTLE_SECONDS
        holders = await until(lambda found: len(found) == 1, read, deadline)
        if len(holders) != 1:
            raise HostError(
                "FailoverUnsettled",
                f"the VIP has {len(holders)} holders",
                where=f"cluster {self._desired.cluster.name}",
                why=f"{self._desired.vip} is held by {', '.join(holders) or 'nobody'}",
                fix="run test-cluster without --failover: its rows say what is wrong",
            )
        return holders[0]

    async def _measured(self, host: str, unit: str) -> Verdict:
        """Stop a unit where the VIP is, measure, and put it back."""
        witness = next(iter(self._others), "") or next(key for key in self._balancers if key != host)
        connect = partial({**self._others, **self._balancers}[witness].tcp_open, self._desired.vip, API_PORT)
        if not await connect():
            return failed(f"{self._endpoint} does not answer before the probe, as seen from {witness}", _LOOK)
        self._tell(f"stopping {unit} on {host}; its own timer starts it again after {PUT_BACK_SECONDS} s")
        try:
            gap = await outage(connect, partial(self._order, host, f"stop {unit} {PUT_BACK_SECONDS}"))
        finally:
            await self._order(host, f"start {unit}")
        return self._verdict(gap, host, unit, witness)

    async def _order(self, host: str, order: str) -> None:
        """Have a load balancer do what failover.sh knows.

        Raises:
            HostError: FailoverOrderFailed.
        """
        done = await self._balancers[host].run(_SCRIPT, f"{order}\n".encode())
        if done.status:
            said = clean(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])
            what, unit, *_ = order.split()
            raise HostError(
                "FailoverOrderFailed",
                f"{host} could not {what} {unit}",
                where=f"host {host}",
                why=said or f"exit status {done.status}",
                fix=f"look at systemctl status {unit} aksprov-failover-{unit}.timer on {host}; where {unit} does not "
                f"run: systemctl start {unit}",
            )

    def _verdict(self, gap: float | None, host: str, unit: str, witness: str) -> Verdict:
        seen = f"{unit} was stopped on {host}, as seen from {witness}"
        if gap is None:
            return failed(f"{self._endpoint} did not answer again within {_WATCH_SECONDS:.0f} s after {seen}", _LOOK)
        details = f"{self._endpoint} was away for {gap:.1f} s after {seen} (at most {BOUND_SECONDS:.0f} s)"
        return passed(details) if gap <= BOUND_SECONDS else failed(details, _LOOK)


_LOOK: Final = (
    "look at journalctl -u keepalived on the load balancers: who became master and when; "
    "one that lacks CPU notices late"
)


async def outage(connect: Callable[[], Awaitable[bool]], stop: Callable[[], Awaitable[None]]) -> float | None:
    """For how many seconds connections did not open, tried ten times a second; None when they never did again.

    Args:
        connect: whether a connection opens.
        stop: ends what answers now; what answers a connection that is begun after it is something else.
    """
    loop = asyncio.get_running_loop()
    opened: list[tuple[float, float]] = []

    async def attempt() -> None:
        begun = loop.time()
        with suppress(HostError):
            if await connect():
                opened.append((begun, loop.time()))

    async def keep_trying() -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(attempt())
                await asyncio.sleep(_TICK_SECONDS)

    trying = asyncio.create_task(keep_trying())
    try:
        await attempt()
        await stop()
        stopped = loop.time()
        while not any(begun >= stopped for begun, _ in opened):
            if loop.time() - stopped > _WATCH_SECONDS:
                return None
            await asyncio.sleep(_TICK_SECONDS)
    finally:
        trying.cancel()
    return max(later - earlier for earlier, later in pairwise(sorted(ended for _, ended in opened)))
