"""The journal: what a killed run leaves is found again, and many entries share a commit without one being lost."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from aksprov.errors import AksprovError
from aksprov.model.host_lease import Holder, LeaseTerms
from aksprov.state import Entry, RunFencedError, StepWriter, Store, open_store

# From 3.12 on Python warns of a fork beside threads, which other tests may have left; these children need none of them.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

HOSTS = [f"web{n}" for n in range(50)]


def begin(store: Store, object_: str = "cluster/demo", input_hash: str = "h") -> str:
    with store.write() as transaction:
        return transaction.runs.begin("new-cluster", [object_, "network/lab"], input_hash, "p")


def hold(store: Store, hosts: Iterable[str], run: str = "r") -> dict[str, int]:
    with store.write() as transaction:
        return transaction.host_leases.take(hosts, Holder(run=run, owner="me"), LeaseTerms())


def entry(host: str, step: str, result: str = "done", input_hash: str = "i") -> Entry:
    return Entry(host=host, step=step, input_hash=input_hash, result=result)


def test_the_same_request_goes_on_with_its_unfinished_run(place: str) -> None:
    store = open_store(place)
    run = begin(store)
    assert begin(open_store(place)) == run
    assert len({run, begin(store, input_hash="other"), begin(store, object_="cluster/other")}) == 3
    with store.write() as transaction:
        transaction.runs.finish(run, "done")
    assert begin(store) != run


def test_steps_are_completed_when_their_last_entry_says_so(place: str) -> None:
    store = open_store(place)
    run = begin(store)
    epochs = hold(store, ["web1", "web2"], run)

    async def work() -> None:
        async with store.journal.steps_of(run, epochs) as steps:
            await steps.started("web1", ["files", "reload"], "i")
            await steps.write([entry("web1", "files"), entry("web1", "reload", "undone")])
            await steps.started("web2", ["files"], "i")
            await steps.write([entry("web2", "files", "failed")])

    asyncio.run(work())
    again = open_store(place).journal
    assert again.completed(run) == {("web1", "files", "i")}
    assert again.completed("other") == set()

    async def begin_again() -> None:
        async with store.journal.steps_of(run, epochs) as steps:
            await steps.started("web1", ["files"], "i")

    asyncio.run(begin_again())
    assert again.completed(run) == set()


def killed_while_writing(place: str, answers: multiprocessing.SimpleQueue[tuple[str, int]]) -> None:
    store = open_store(place)
    epochs = hold(store, HOSTS)

    async def write(steps: StepWriter, host: str) -> None:
        for number in range(10_000):
            await steps.write([entry(host, str(number))])
            answers.put((host, number))

    async def work() -> None:
        async with store.journal.steps_of("r", epochs) as steps:
            await asyncio.gather(*(write(steps, host) for host in HOSTS))

    asyncio.run(work())


def test_what_was_said_to_be_written_is_there_after_a_kill(place: str) -> None:
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=killed_while_writing, args=(place, answers))
    child.start()
    said = [answers.get() for _ in range(2000)]
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join(30)
    there = open_store(place).journal.completed("r")
    assert {(host, str(number), "i") for host, number in said} <= there
    with open_store(place)._database.reading() as connection:
        assert connection is not None
        times, entries = connection.execute(text("SELECT count(DISTINCT time), count(*) FROM steps")).one()
    assert times < entries / 5  # many hosts' entries have one time, as they share a commit


def test_a_run_that_lost_a_host_writes_no_more_of_it(place: str) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    store = open_store(place, clock=lambda: moment)
    lost = hold(store, ["a", "b"])
    later = open_store(place, clock=lambda: moment.replace(year=2027))
    hold(later, ["a"], "r2")

    async def work() -> None:
        async with store.journal.steps_of("r", lost) as steps:
            await steps.write([entry("b", "files")])
            with pytest.raises(RunFencedError):
                await steps.write([entry("a", "files")])

    asyncio.run(work())
    assert store.journal.completed("r") == {("b", "files", "i")}


def test_an_entry_that_cannot_be_written_fails_for_everyone_who_waits_and_later_ones_can(place: str) -> None:
    store = open_store(place, patience=0.05)
    epochs = hold(store, HOSTS)

    async def work() -> list[BaseException | None]:
        async with store.journal.steps_of("r", epochs) as steps:
            with open_store(place).write():
                found = await asyncio.gather(
                    *(steps.write([entry(host, "files")]) for host in HOSTS), return_exceptions=True
                )
            await steps.write([entry("web1", "files")])
            return found

    found = asyncio.run(work())
    assert {error.code for error in found if isinstance(error, AksprovError)} == {"StateBusy"}
    assert None not in found
    assert store.journal.completed("r") == {("web1", "files", "i")}


def test_a_writer_that_is_cancelled_leaves_the_others_their_entries(place: str) -> None:
    store = open_store(place)
    epochs = hold(store, HOSTS)

    async def work() -> None:
        async with store.journal.steps_of("r", epochs) as steps:
            tasks = [asyncio.create_task(steps.write([entry(host, "files")])) for host in HOSTS]
            await asyncio.sleep(0)
            tasks[0].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(work())
    assert len(store.journal.completed("r")) == len(HOSTS)


def test_pruning_forgets_old_runs_with_their_steps(place: str) -> None:
    old = open_store(place, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    run = begin(old)
    epochs = hold(old, ["a"], run)

    async def work() -> None:
        async with old.journal.steps_of(run, epochs) as steps:
            await steps.write([entry("a", "files")])

    asyncio.run(work())
    store = open_store(place, clock=lambda: datetime(2026, 2, 1, tzinfo=UTC))
    kept = begin(store, input_hash="new")
    for days, pruned in ((40, 0), (30, 1), (30, 0)):
        with store.write() as transaction:
            assert transaction.runs.prune(days) == pruned
    assert store.journal.runs([run, kept]) == {kept: ("new-cluster", ("cluster/demo", "network/lab"))}
    assert store.journal.completed(run) == set()
