"""A run that brings a bundle's files to hosts: for tests in their own process, or as a program that kills itself.

Arguments of the program: the state, the bundle's folder, and as JSON what is wanted, the bundle, the hosts.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from aksprov.events import Event, EventStream
from aksprov.model.host import Host
from aksprov.model.host_lease import Holder, LeaseTerms
from aksprov.model.offline_bundle import OfflineBundle, OpenedBundle
from aksprov.rollout.runner import Fleet
from aksprov.state import Store, open_store
from aksprov.state.process import this_holder
from aksprov.state.store import utc_now
from aksprov.transport import TransportOptions, connector
from aksprov.workflows.bring_up.steps import Steps
from aksprov.workflows.prepare.serve import Wanted, bring_files


@asynccontextmanager
async def steps_of(store: Store, hosts: Mapping[str, Host], events: EventStream) -> AsyncIterator[Steps]:
    """The steps of a new run, which holds the hosts."""
    with store.write() as transaction:
        run = transaction.runs.begin("test", ["x"], "h", "h")
        holder: Holder = this_holder(run)
        epochs = transaction.host_leases.take(list(hosts), holder, LeaseTerms())
        state_id = transaction.snapshot().state_id
    try:
        async with (
            Fleet(hosts, connector(TransportOptions(known_hosts=(), agent_path="")), events) as fleet,
            store.journal.steps_of(run, epochs) as journal,
        ):
            yield Steps(fleet, events, journal, "d" * 64, run, state_id, epochs)
    finally:
        with store.write() as transaction:
            transaction.host_leases.give_back(epochs)


async def main(state: str, folder: str, wanted: str, bundle: str, hosts: str) -> None:
    """Bring the files, and die by SIGKILL when a host begins to fetch."""

    def die(event: Event) -> None:
        if (event.kind, event.step) == ("step.started", "fetch-bundle"):
            os.kill(os.getpid(), signal.SIGKILL)

    events = EventStream(utc_now)
    events.subscribe(die)
    opened = OpenedBundle(folder=Path(folder), bundle=msgspec.json.decode(bundle, type=OfflineBundle))
    async with steps_of(open_store(state), msgspec.json.decode(hosts, type=dict[str, Host]), events) as steps:
        await bring_files(steps, opened, msgspec.json.decode(wanted, type=dict[str, Wanted]))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
