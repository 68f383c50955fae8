"""A run's leases live as long as the run, and end with it, however that ends."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aksprov.errors import StateError
from aksprov.model.host_lease import Holder, LeaseTerms
from aksprov.state import RunFencedError, Store, open_store
from aksprov.workflows.run_lease import kept_alive

SHORT = LeaseTerms(renew_seconds=0.2, expire_seconds=2)  # ten renewals, as this machine may be busy


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "state.db"))


def take(store: Store, *hosts: str, run: str = "r1") -> dict[str, int]:
    with store.write() as transaction:
        return transaction.host_leases.take(hosts, Holder(run=run, owner=run), SHORT)


def held(store: Store) -> dict[str, str]:
    return {lease.host: lease.holder.run for lease in store.host_leases()}


def test_a_lease_outlives_its_term_while_the_run_goes_on(store: Store) -> None:
    async def run() -> None:
        async with kept_alive(store, take(store, "a"), SHORT):
            for _ in range(3):
                await asyncio.sleep(SHORT.expire_seconds / 2)
                with pytest.raises(Exception, match="another run is changing a"):
                    take(store, "a", run="r2")

    asyncio.run(run())
    assert held(store) == {}


@pytest.mark.parametrize("error", [RuntimeError("ours"), asyncio.CancelledError()])
def test_a_run_that_fails_or_is_stopped_gives_its_hosts_back(store: Store, error: BaseException) -> None:
    async def run() -> None:
        async with kept_alive(store, take(store, "a"), SHORT):
            raise error

    with pytest.raises(type(error)):
        asyncio.run(run())  # Ctrl-C comes as a cancellation
    assert held(store) == {}


def test_a_run_that_could_not_write_the_state_does_not_wait_for_it_again(store: Store) -> None:
    """Its leases expire; on Linux they are free as soon as it has ended."""

    async def run() -> None:
        async with kept_alive(store, take(store, "a"), SHORT):
            raise StateError("StateDiskFull", "full")

    with pytest.raises(StateError):
        asyncio.run(run())
    assert held(store) == {"a": "r1"}


def test_a_run_that_lost_one_host_gives_back_the_others_and_takes_nothing_from_who_has_it(store: Store) -> None:
    async def run() -> None:
        epochs = take(store, "a", "b")
        await asyncio.sleep(SHORT.expire_seconds)
        async with kept_alive(store, epochs, SHORT):
            take(store, "a", run="r2")
            await asyncio.sleep(4 * SHORT.renew_seconds)  # its renewal finds that out, and stops
            with store.write(epochs):
                raise AssertionError("not fenced")

    with pytest.raises(RunFencedError):
        asyncio.run(run())
    assert held(store) == {"a": "r2"}
