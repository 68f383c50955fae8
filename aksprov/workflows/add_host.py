"""add-host: record hosts, one by parameters or many from a file or Ansible's inventory, and read their facts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from aksprov.errors import DefinitionError, HostError, NotFoundError
from aksprov.inventory.ansible import withheld_rows
from aksprov.inventory.ansible_host import Withheld
from aksprov.inventory.entry import Values, connection_of, differences, host_of, said, values_of
from aksprov.inventory.hosts_file import parse_entries
from aksprov.inventory.parameters import new_values
from aksprov.inventory.problems import Problems
from aksprov.model.desired import Snapshot
from aksprov.model.host import Host
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.model.row import Row
from aksprov.planning.quarantine import quarantined_hosts
from aksprov.state import Store, open_store
from aksprov.workflows.ansible_inventory import read_ansible
from aksprov.workflows.contact import contact
from aksprov.workflows.host_facts import ask_each, exit_code_of, failure_rows, machine_rows, record_facts, seen_of
from aksprov.workflows.host_quarantine import look_for_clean
from aksprov.workflows.host_view import host_objects
from aksprov.workflows.session import Session

_LARGEST_FILE = 16 * 2**20  # bytes; 10,000 hosts with everything declared are about 5 MB


class _Asked(NamedTuple):
    """What is to be recorded: the entries, who says so, and what they lack; ``single`` for the one of parameters."""

    entries: list[Values]
    source: str
    withheld: tuple[Withheld, ...] = ()
    single: bool = False


def run(request: Request, session: Session) -> Outcome:
    """Record every entry or none, then ask those hosts that have never answered.

    Raises:
        DefinitionError: an entry is wrong, or at odds with what is recorded; nothing was recorded.
        NotFoundError: HostsFileMissing, HostsFileUnreadable.
        NotAvailableError: AnsibleMissing.
    """
    entries, source, withheld, single = _asked(request)
    store = open_store(session.state_url)
    added = _record(store, entries, source)
    recorded = store.snapshot()
    hosts = {key: recorded.hosts[key] for values in entries if (key := _key(values)) in recorded.hosts}
    apart = quarantined_hosts(recorded)
    unseen = {key: host for key, host in hosts.items() if key not in recorded.facts or key in apart}
    clean: tuple[Row, ...] = ()
    failures: dict[str, HostError] = {}
    if unseen and not request.flag("offline"):
        seen, failures = asyncio.run(ask_each(unseen, contact(session, store), session.events, seen_of))
        record_facts(store, {key: observed.facts for key, observed in seen.items()})
        clean = look_for_clean(store, seen)
        recorded = store.snapshot()
    made = (f"made a new state at {store.location}",) if store.created else ()
    lacking = withheld_rows(withheld, {key: values_of(host) for key, host in hosts.items()})
    rows = (*lacking, *failure_rows(unseen, failures), *machine_rows(recorded, hosts), *clean)
    return Outcome(
        objects=host_objects(hosts.values(), recorded),
        single=single,
        rows=rows,
        notes=made + _notes(len(entries), added, asked=len(unseen) if not request.flag("offline") else 0),
        exit_code=exit_code_of(failures, rows),
    )


def _asked(request: Request) -> _Asked:
    file, inventory = request.text("file"), request.text("fromAnsible")
    if file:
        return _Asked(read_hosts_file(Path(file)), file)
    if inventory:
        found = read_ansible(inventory)
        return _Asked(list(found.entries), inventory, found.withheld)
    return _Asked([new_values(request, str(Path.cwd()))], "the request", single=True)


def read_hosts_file(path: Path) -> list[Values]:
    """The values of every entry of a hosts file.

    Raises:
        NotFoundError: HostsFileMissing, HostsFileUnreadable.
        DefinitionError: HostsFileTooLarge, or what is wrong in it.
    """
    try:
        path = path.expanduser().absolute()
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except (OSError, ValueError, RuntimeError) as error:  # ValueError: no path at all; RuntimeError: no home
        missing = isinstance(error, FileNotFoundError)
        raise NotFoundError(
            "HostsFileMissing" if missing else "HostsFileUnreadable",
            f"the hosts file {path} is not there" if missing else f"the hosts file {path} cannot be read",
            where=str(path),
            why=getattr(error, "strerror", None) or str(error),
            fix="give the path of a YAML, JSON or CSV file that this user may read",
        ) from None
    if len(content) > _LARGEST_FILE:
        raise DefinitionError(
            "HostsFileTooLarge",
            f"{path} is too large for a hosts file",
            where=str(path),
            why=f"it has more than {_LARGEST_FILE // 2**20} MiB, and 10,000 hosts need about 5",
            fix="look whether this is the right file, or divide it",
        )
    return [entry.given for entry in parse_entries(content, path.suffix, str(path.parent), path.name)]


def _record(store: Store, entries: Sequence[Values], source: str) -> int:
    """Record the hosts that are new; how many these are."""
    if not new_hosts(entries, store.snapshot(), source):
        return 0  # and a state that is not there is not made
    with store.write() as transaction:
        added = new_hosts(entries, transaction.snapshot(), source)
        for host in added:
            transaction.put_host(host)
    return len(added)


def new_hosts(entries: Sequence[Values], snapshot: Snapshot, source: str) -> list[Host]:
    """The hosts of entries that are not recorded.

    Raises:
        DefinitionError: HostExistsDifferently, HostConnectionTaken.
    """
    fix = "change recorded values with set-host, or give the new host another name"
    different = Problems(source, fix, code="HostExistsDifferently")
    fix = "give the new host its own address or port; aksprov get-host shows the recorded ones"
    taken = Problems(source, fix, code="HostConnectionTaken")
    connections = {connection_of(values_of(host)): host for host in snapshot.hosts.values()}
    new = []
    for values in entries:
        recorded = snapshot.hosts.get(_key(values))
        if recorded is None:
            owner = connections.get(connection_of(values))
            if owner is not None:
                taken.add(None, str(values["name"]), f"{connection_of(values)} is the connection of {owner.name}")
            new.append(host_of(values))
            continue
        for path, is_now in differences(values, values_of(recorded)):
            different.add(None, recorded.name, f"{path} is {is_now}, not {said(values[path])}")
    different.refuse()
    taken.refuse()
    return new


def _key(values: Values) -> str:
    return str(values["name"]).lower()


def _notes(entries: int, added: int, asked: int) -> tuple[str, ...]:
    if added:
        known = f"; {entries - added} recorded before" if added < entries else ""
        return (f"{added} host{'s' if added > 1 else ''} added{known}",)
    return () if asked else ("nothing to change",)
