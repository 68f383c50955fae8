"""test-host: connect to hosts, look whether they have what is needed, and record their facts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import takewhile

from aksprov.facts.parse import parse_observation
from aksprov.model.base import Value
from aksprov.model.facts import Facts, Observed
from aksprov.model.host import Host
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.model.row import Result, Row
from aksprov.model.transport import Connection
from aksprov.state import open_store
from aksprov.transport.posix import script
from aksprov.transport.windows.connection import WindowsConnection
from aksprov.workflows.contact import contact
from aksprov.workflows.host_facts import ask_each, exit_code_of, failure_rows, machine_rows, record_facts
from aksprov.workflows.host_quarantine import look_for_clean
from aksprov.workflows.host_view import chosen_hosts
from aksprov.workflows.session import Session

# What the scripts that configure a host call: tar, iproute2, systemd and coreutils, of which those stand
# for all that a busybox may be built without.
TOOLS = ("tar", "ip", "systemctl", "sha256sum", "stat", "sync", "timeout", "base64", "readlink")
_CHECKS = f"""echo "uid $(id -u)"
echo "time $(date +%s)"
for T in {" ".join(TOOLS)}; do command -v "$T" >/dev/null 2>&1 || echo "missing $T"; done
"""
# One exchange: the checks, then the facts as every plan reads them.  What is in the way of Kubernetes is for preflight.
LOOK = _CHECKS + script("parts", "facts", "files")
# etcd warns of clocks that differ by 1 s, which cannot be told apart from a slow login here.
_CLOCK_SECONDS = 5


class _Answer(Value, frozen=True, kw_only=True):
    """What one host said."""

    seen: Observed
    uid: str
    clock_off: float
    missing: tuple[str, ...]


def run(request: Request, session: Session) -> Outcome:
    """Rows of every check of all hosts, or of the one that was named; nothing on them is changed.

    Raises:
        NotFoundError: HostNotFound.
    """
    store = open_store(session.state_url)
    hosts = chosen_hosts(request.text("name"), store.snapshot())

    async def ask(connection: Connection) -> _Answer:
        return await _ask(connection, session)

    answers, failures = asyncio.run(ask_each(hosts, contact(session, store), session.events, ask))
    record_facts(store, {key: answer.seen.facts for key, answer in answers.items()})
    rows = [
        *(row for key, answer in answers.items() for row in _rows(hosts[key], answer)),
        *machine_rows(store.snapshot(), answers),
        *look_for_clean(store, {key: answer.seen for key, answer in answers.items()}),
        *failure_rows(hosts, failures),
    ]
    rows.sort(key=lambda row: row.host.lower())
    return Outcome(rows=tuple(rows), exit_code=exit_code_of(failures, rows))


async def _ask(connection: Connection, session: Session) -> _Answer:
    if isinstance(connection, WindowsConnection):
        found = await connection.look()  # one who is no administrator gets an error instead
        off = found.now - session.clock().timestamp()
        return _Answer(seen=found.seen, uid="0", clock_off=off, missing=())
    said = (await connection.run(LOOK)).stdout.decode("utf-8", "replace")
    now = session.clock()
    checks = list(takewhile(lambda line: ":" not in line, said.splitlines(keepends=True)))
    lines = [line.rstrip("\n").partition(" ") for line in checks]
    words = {word: rest for word, _, rest in lines}
    at = words.get("time", "")
    clock = datetime.fromtimestamp(int(at), UTC) if at.isdecimal() else now
    return _Answer(
        seen=parse_observation(said[sum(map(len, checks)) :], host=connection.host.name),
        uid=words.get("uid", ""),
        clock_off=(clock - now).total_seconds(),
        missing=tuple(rest for word, _, rest in lines if word == "missing"),
    )


def _rows(host: Host, answer: _Answer) -> list[Row]:
    """The checks of one host that answered."""

    def row(test_name: str, result: Result, details: str, cure: str = "", category: str = "Host") -> Row:
        return Row(
            test_name=test_name,
            category=category,
            test_result=result,
            details=details,
            recommendation=cure if result != "Passed" else "",
            host=host.name,
        )

    facts, off = answer.seen.facts, answer.clock_off
    return [
        row("Connection", "Passed", f"by {host.connection}", category="Connection"),
        *(_windows_rows(facts, row) if host.os == "windows" else _linux_rows(answer, row)),
        row(
            "Clock",
            "Warning" if abs(off) > _CLOCK_SECONDS else "Passed",
            f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} this machine" if abs(off) > 1 else "as here",
            "set the clocks of both by NTP: certificates and etcd need the same time on all hosts",
        ),
        row(
            "Facts",
            "Passed" if facts.machine_id and facts.interfaces else "Warning",
            f"{facts.os_id} {facts.os_version}, {facts.cpus} CPUs, {facts.memory_mb} MB, "
            f"{len(facts.interfaces)} interfaces",
            "make /etc/machine-id (MachineGuid of Windows) and 'ip -j address' (Get-NetIPAddress) work on the host: "
            "machines and addresses are told by them",
        ),
    ]


def _linux_rows(answer: _Answer, row: Callable[..., Row]) -> list[Row]:
    root = answer.uid == "0"
    cure = "give --become sudo (and allow sudo without a password on the host), or connect as root"
    return [
        row("Privileges", "Passed" if root else "Failed", f"user id {answer.uid or 'unknown'}", cure, "Connection"),
        row(
            "Tools",
            "Failed" if answer.missing else "Passed",
            f"missing: {', '.join(answer.missing)}" if answer.missing else "all that is needed is there",
            "install them on the host: tar, coreutils, iproute2 and systemd have them",
        ),
    ]


def _windows_rows(facts: Facts, row: Callable[..., Row]) -> list[Row]:
    """A host without an administrator or with an older PowerShell is a row of failure, and never comes here."""
    waits = "Windows waits for a restart" if facts.pending_restart else "none is waited for"
    cure = "restart it when that suits you: what was installed or updated takes effect then"
    return [
        row("Privileges", "Passed", "administrator", category="Connection"),
        row("Tools", "Passed", f"Windows PowerShell {facts.powershell}"),
        row("Restart", "Warning" if facts.pending_restart else "Passed", waits, cure),
    ]
