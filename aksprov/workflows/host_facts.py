"""Connect to hosts at once, read what they say of themselves, and record it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeVar

from aksprov.errors import ExitCode, HostAuthError, HostError
from aksprov.events import EventStream
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts, Observed
from aksprov.model.host import Host
from aksprov.model.row import Result, Row, row_of
from aksprov.model.transport import Connect, Connection
from aksprov.rollout.runner import Fleet
from aksprov.state import Store

T = TypeVar("T")
NOT_BUILT = "NotAvailableYet"  # the transports' code for a host that needs what is not built


async def ask_each(
    hosts: Mapping[str, Host], connect: Connect, events: EventStream, ask: Callable[[Connection], Awaitable[T]]
) -> tuple[dict[str, T], dict[str, HostError]]:
    """Do ``ask`` on every host, on many at once, each connection closed as soon as it is done.

    Returns:
        The answers, and the errors of the hosts that have none, both by host key.
    """
    async with Fleet(hosts, connect, events) as fleet:

        async def asked(connection: Connection) -> T:
            key = connection.host.key
            answer = await ask(connection)
            await fleet.leave(key)
            events.emit("host.finished", host=key)
            return answer

        for key in hosts:
            events.emit("host.started", host=key)
        return await fleet.each(hosts, asked), fleet.failures


async def seen_of(connection: Connection) -> Observed:
    """The host's facts and manifest, in one exchange."""
    return await connection.observe(())


def record_facts(store: Store, facts: Mapping[str, Facts]) -> None:
    """Record what hosts said, unless they were removed meanwhile."""
    if not facts:
        return
    with store.write() as transaction:
        hosts = transaction.snapshot().hosts
        transaction.put_all_facts({key: said for key, said in facts.items() if key in hosts})


def failure_rows(hosts: Mapping[str, Host], failures: Mapping[str, HostError]) -> list[Row]:
    """A row for each host that gave no answer: Failed, or Skipped where it could not be asked yet."""
    rows = []
    for key, error in sorted(failures.items()):
        name = hosts[key].name
        if error.code == NOT_BUILT:
            rows.append(_row(NOT_BUILT, "Connection", "Skipped", name, error.what, error.fix))
        else:
            rows.append(row_of(error, host=name, category="Connection"))
    return rows


def machine_rows(snapshot: Snapshot, keys: Iterable[str]) -> list[Row]:
    """A Failed row for each of these hosts whose machine-id another host has, too.

    machine-id(5) is unique to an installation: two names for one are one machine under two names, or
    a machine that was cloned without a new id.
    """
    names: dict[str, list[str]] = defaultdict(list)
    for key, facts in snapshot.facts.items():
        if facts.machine_id and key in snapshot.hosts:
            names[facts.machine_id].append(snapshot.hosts[key].name)
    rows = []
    for key in sorted(snapshot.hosts.keys() & set(keys)):
        name = snapshot.hosts[key].name
        others = [other for other in names.get(snapshot.facts.get(key, Facts()).machine_id, ()) if other != name]
        if others:
            details = f"has the same machine-id as {', '.join(sorted(others))}"
            cure = (
                f"if it is one machine: aksprov remove-host --name {name}; if one was cloned from the other: on the"
                " clone, rm /etc/machine-id && systemd-machine-id-setup && reboot, then aksprov test-host"
            )
            rows.append(_row("UniqueMachineId", "Host", "Failed", name, details, cure))
    return rows


def exit_code_of(failures: Mapping[str, HostError], rows: Iterable[Row]) -> ExitCode:
    """0, 1, or 77 when authentication or a host key is why every failed host failed."""
    errors = [error for error in failures.values() if error.code != NOT_BUILT]
    failed_rows = [row for row in rows if row.test_result == "Failed"]
    if errors and len(failed_rows) <= len(errors) and all(isinstance(error, HostAuthError) for error in errors):
        return ExitCode.AUTH
    return ExitCode.FAILED if failed_rows else ExitCode.OK


def _row(test_name: str, category: str, result: Result, host: str, details: str, cure: str = "") -> Row:
    return Row(
        test_name=test_name, category=category, test_result=result, details=details, recommendation=cure, host=host
    )
