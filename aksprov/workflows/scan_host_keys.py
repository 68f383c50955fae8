"""scan-host-keys: show the SSH keys that hosts offer, and pin them in the inventory on consent.

A key that comes over the network proves nothing by itself.  So nothing is pinned before a person, or
--yes, has agreed, and --yes replaces a key that is pinned already only on a host that was named.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from aksprov.errors import ExitCode, HostAuthError, HostError, UsageError
from aksprov.model.base import Value
from aksprov.model.host import Host
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.rollout.runner import CONCURRENCY
from aksprov.state import Store, open_store
from aksprov.transport.scan import OfferedKey
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.contact import scan
from aksprov.workflows.host_facts import NOT_BUILT, exit_code_of, failure_rows
from aksprov.workflows.host_view import chosen_hosts
from aksprov.workflows.session import Session


class _Scan(Value, frozen=True, kw_only=True):
    """What one host offered, the best key first."""

    host: Host
    offered: tuple[OfferedKey, ...]

    @property
    def pinned(self) -> bool:
        """Whether the pinned key is among the offered ones."""
        return any(key.key == self.host.host_key for key in self.offered)

    @property
    def changed(self) -> bool:
        """Whether another key is pinned."""
        return self.host.host_key is not None and not self.pinned


def run(request: Request, session: Session) -> Outcome:
    """Ask the SSH hosts, or the one that was named, for their keys, then the user for his consent.

    Raises:
        NotFoundError: HostNotFound.
    """
    store = open_store(session.state_url)
    hosts = chosen_hosts(request.text("name"), store.snapshot())
    scans, failures = asyncio.run(_scan(hosts, session, store))
    error: UsageError | None = None
    agreed: list[_Scan] = []
    try:
        agreed = [*_agreed_new(request, session, scans.values()), *_agreed_changed(request, session, scans.values())]
    except UsageError as nobody:
        error = nobody  # what was found is shown all the same
    pinned = _pin(store, agreed)
    failures |= {s.host.key: _key_changed(s) for s in scans.values() if s.changed and s.host.key not in pinned}
    rows = tuple(failure_rows(hosts, failures))
    return Outcome(
        objects=tuple(o for s in scans.values() for o in _objects(s, pinned.get(s.host.key, s.host.host_key))),
        rows=rows,
        notes=(f"{len(pinned)} host keys pinned" if pinned else "no host key was pinned",),
        exit_code=ExitCode.USAGE if error else exit_code_of(failures, rows),
        error=error,
    )


async def _scan(
    hosts: Mapping[str, Host], session: Session, store: Store
) -> tuple[dict[str, _Scan], dict[str, HostError]]:
    """What each host offers, and why the others show nothing, both by host key."""
    host_keys = scan(session, store)
    places = asyncio.Semaphore(CONCURRENCY)
    scans: dict[str, _Scan] = {}
    failures: dict[str, HostError] = {}

    async def ask(host: Host) -> None:
        session.events.emit("host.started", host=host.key)
        try:
            _refuse_other_ways(host)
            async with places:
                scans[host.key] = _Scan(host=host, offered=await host_keys(host))
            session.events.emit("host.finished", host=host.key)
        except HostError as error:
            failures[host.key] = error
            session.events.emit("host.failed", host=host.key, text=error.what, data={"code": error.code})

    await asyncio.gather(*(ask(host) for host in hosts.values()))
    return dict(sorted(scans.items())), failures


def _refuse_other_ways(host: Host) -> None:
    """Raise for a host that has no SSH key."""
    if host.connection != "ssh":
        raise HostError(
            NOT_BUILT,
            f"{host.name} shows no SSH host key",
            where=host.name,
            why=f"its connection is {host.connection}",
            fix="nothing is to be done: only ssh has such keys",
        )


def _agreed_new(request: Request, session: Session, scans: Iterable[_Scan]) -> list[_Scan]:
    """Hosts without a pinned key, once the user has agreed to all of them."""
    new = [scan for scan in scans if scan.host.host_key is None]
    if not new:
        return []
    lines = "\n".join(f"  {scan.host.name}  {_shown(scan.offered[0].key)}" for scan in new)
    question = (
        f"No key is pinned for:\n{lines}\nCompare with what the host itself says:"
        " ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\nPin these keys?"
    )
    return new if confirmed(request, session, question) else []


def _agreed_changed(request: Request, session: Session, scans: Iterable[_Scan]) -> list[_Scan]:
    """Hosts whose pinned key the user agreed to replace, each by itself."""
    changed = [scan for scan in scans if scan.changed]
    if request.flag("yes") and request.text("name") is None:
        return []  # --yes for all hosts is no consent to a key that changed
    return [scan for scan in changed if confirmed(request, session, _changed_question(scan))]


def _changed_question(scan: _Scan) -> str:
    return (
        f"{scan.host.name} OFFERS ANOTHER KEY than the one that is pinned:\n"
        f"  pinned   {_shown(scan.host.host_key or '')}\n  offered  {_shown(scan.offered[0].key)}\n"
        f"Unless {scan.host.name} was installed anew, another machine may answer at its address.\n"
        "Replace the pinned key?"
    )


def _pin(store: Store, scans: Iterable[_Scan]) -> dict[str, str]:
    """Record the best key of each, unless the host was changed meanwhile; the keys by host key."""
    wanted = {scan.host.key: scan for scan in scans}
    pinned: dict[str, str] = {}
    if not wanted:
        return pinned
    with store.write() as transaction:
        recorded = transaction.snapshot().hosts
        for key, scan in wanted.items():
            if recorded.get(key) == scan.host:
                pinned[key] = scan.offered[0].key
                transaction.put_host(msgspec.structs.replace(scan.host, host_key=pinned[key]))
    return pinned


def _key_changed(scan: _Scan) -> HostAuthError:
    return HostAuthError(
        "HostKeyChanged",
        f"{scan.host.name} offers another host key than the pinned one, which was not replaced",
        where=scan.host.name,
        why=f"pinned is {_shown(scan.host.host_key or '')}; offered is {_shown(scan.offered[0].key)}",
        fix="find out whether the host was installed anew or another machine has its address;"
        f" if the new key is right: aksprov scan-host-keys --name {scan.host.name}",
    )


def _objects(scan: _Scan, pinned: str | None) -> Iterable[dict[str, Any]]:
    for key in scan.offered:
        yield {
            "Name": scan.host.name,
            "KeyType": key.type,
            "Fingerprint": key.fingerprint,
            "Pinned": key.key == pinned,
        }


def _shown(key: str) -> str:
    """``TYPE SHA256:...`` of a public key in OpenSSH's form, as ssh-keygen -l shows it."""
    kind, _, encoded = key.partition(" ")
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(encoded)).digest()).decode()
    return f"{kind} SHA256:{digest.rstrip('=')}"
