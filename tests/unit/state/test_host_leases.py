"""One run at a time for each host: who may take it, who is told that he lost it, and what ends it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from aksprov.errors import ExitCode
from aksprov.model.cluster import ClusterStatus
from aksprov.model.host_lease import Holder, LeaseTerms
from aksprov.state import HostsLockedError, RunFencedError, Store, open_store
from aksprov.state.process import is_gone, this_holder

# From 3.12 on Python warns of a fork beside threads, which other tests may have left; these children need none of them.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

TERMS = LeaseTerms()
FIRST = Holder(run="r1", owner="jane@here, process 1")
SECOND = Holder(run="r2", owner="john@there, process 2")


class Clock:
    """Stands still until it is put forward."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(place: str, clock: Clock) -> Store:
    return open_store(place, clock=clock)


def take(store: Store, hosts: Iterable[str], holder: Holder) -> dict[str, int]:
    with store.write() as transaction:
        return transaction.host_leases.take(hosts, holder, TERMS)


def give_back(store: Store, epochs: dict[str, int]) -> None:
    with store.write() as transaction:
        transaction.host_leases.give_back(epochs)


def test_a_host_that_is_held_is_refused_and_none_of_the_others_is_taken(store: Store, clock: Clock) -> None:
    take(store, ["a", "b"], FIRST)
    clock.forward(TERMS.expire_seconds - 1)
    with pytest.raises(HostsLockedError) as caught:
        take(store, ["b", "c"], SECOND)
    error = caught.value
    assert (error.code, error.exit_code) == ("HostsLocked", ExitCode.BUSY)
    assert all(word in f"{error.where} {error.why}" for word in ("hosts b", "run r1", "jane@here", "59 s"))
    assert "break-lock --run r1" in error.fix
    assert {lease.host for lease in store.host_leases()} == {"a", "b"}
    store.check_free(["c"])
    with pytest.raises(HostsLockedError):
        store.check_free(["a", "c"])


def test_a_lease_of_a_clock_that_is_ahead_is_told_without_a_negative_age(store: Store, clock: Clock) -> None:
    take(store, ["a"], FIRST)
    clock.forward(-3600)
    with pytest.raises(HostsLockedError) as caught:
        take(store, ["a"], SECOND)
    assert "held them for 0 s and said so 0 s ago" in caught.value.why


def test_epochs_count_for_each_host_whoever_takes_it_and_outlive_its_removal(store: Store) -> None:
    first = take(store, ["a", "b"], FIRST)
    assert first == {"a": 1, "b": 1}
    give_back(store, first)
    with store.write() as transaction:
        transaction.remove_host("a")
    assert take(store, ["a", "c"], SECOND) == {"a": 2, "c": 1}


def test_an_expired_lease_is_taken_over_and_who_had_it_is_told_who_did(store: Store, clock: Clock) -> None:
    lost = take(store, ["a", "b"], FIRST)
    clock.forward(TERMS.expire_seconds)
    won = take(store, ["a"], SECOND)
    assert won == {"a": 2}
    before = store.snapshot()
    with pytest.raises(RunFencedError) as caught, store.write(lost) as transaction:
        transaction.put_status("demo", ClusterStatus(state="Configured"))
    error = caught.value
    assert (error.code, error.exit_code) == ("RunFenced", ExitCode.BUSY)
    assert "hosts a" in error.where and "b" not in error.where
    assert all(word in error.why for word in ("r2", "john@there", "2026-01-01T00:01:00"))
    assert store.snapshot() == before
    with pytest.raises(RunFencedError):
        store.renew(lost, TERMS)
    give_back(store, lost)  # takes nothing from the other run
    with store.write(won) as transaction:
        transaction.put_status("demo", ClusterStatus(state="Failed"))
    give_back(store, won)
    with pytest.raises(RunFencedError, match="does not hold its hosts") as caught, store.write(lost):
        pass
    assert "r2" in caught.value.why  # also when that run has ended


def test_a_lease_that_is_renewed_goes_on_and_one_that_expired_unnoticed_too(store: Store, clock: Clock) -> None:
    epochs = take(store, ["a"], FIRST)
    for _ in range(5):
        clock.forward(TERMS.renew_seconds)
        store.renew(epochs, TERMS)
    with pytest.raises(HostsLockedError):
        take(store, ["a"], SECOND)
    clock.forward(10 * TERMS.expire_seconds)
    store.renew(epochs, TERMS)  # nobody wanted it
    with pytest.raises(HostsLockedError):
        take(store, ["a"], SECOND)


def test_a_broken_lease_fences_its_run_by_the_name_of_who_broke_it(store: Store) -> None:
    epochs = take(store, ["a"], FIRST)
    with store.write() as transaction:
        transaction.host_leases.break_all(transaction.host_leases.held(), "root@there")
    assert store.host_leases() == ()
    with pytest.raises(RunFencedError) as caught, store.write(epochs):
        pass
    assert "broken by root@there" in caught.value.why
    assert take(store, ["a"], SECOND) == {"a": 2}


def test_epochs_that_hosts_have_seen_are_never_given_out(store: Store) -> None:
    take(store, ["a"], FIRST)
    with store.write() as transaction:
        transaction.host_leases.raise_epochs({"a": 0, "b": 41})
        transaction.host_leases.break_all(transaction.host_leases.held(), "x")
    assert take(store, ["a", "b"], SECOND) == {"a": 2, "b": 42}


def test_the_lease_of_a_killed_process_is_free_at_once_that_of_a_stopped_one_is_not(store: Store) -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Event()

    def hold() -> None:
        take(store, ["a"], this_holder("r1"))
        ready.set()
        signal.pause()

    child = context.Process(target=hold)
    child.start()
    assert ready.wait(30) and child.pid
    os.kill(child.pid, signal.SIGSTOP)
    with pytest.raises(HostsLockedError) as caught:
        take(store, ["a"], SECOND)
    assert f"process {child.pid}" in caught.value.why
    child.kill()
    child.join(30)
    assert take(store, ["a"], SECOND) == {"a": 2}


def test_a_run_that_goes_on_gives_back_what_it_held_before_it_was_killed(store: Store, clock: Clock) -> None:
    take(store, ["a", "b"], FIRST)
    take(store, ["c"], SECOND)
    clock.forward(TERMS.expire_seconds)
    take(store, ["b"], FIRST)
    assert [(lease.host, lease.epoch) for lease in store.host_leases()] == [("b", 2), ("c", 1)]


def test_a_process_is_gone_only_where_that_is_certain() -> None:
    mine = this_holder("r").process
    number, start, boot, space = mine.split(":", 3)
    assert not is_gone(mine)
    assert is_gone(f"{number}:{int(start) + 1}:{boot}:{space}")  # the number has another process now
    assert not is_gone(f"{number}:{int(start) + 1}:another-boot:{space}")
    assert not is_gone(f"{number}:{int(start) + 1}:{boot}:pid:[1]")
    assert not is_gone("") and not is_gone("1") and not is_gone(":::")


def test_runs_of_other_hosts_do_not_meet(store: Store) -> None:
    first, second = take(store, ["a"], FIRST), take(store, ["b"], SECOND)
    for epochs in (first, second):
        with store.write(epochs):
            pass
    assert [(lease.host, lease.holder) for lease in store.host_leases()] == [("a", FIRST), ("b", SECOND)]
    assert msgspec.structs.replace(store.host_leases()[0], host="b", holder=SECOND) == store.host_leases()[1]
