"""The leases that a run has of its hosts: kept alive while it goes on, given back however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aksprov.errors import AksprovError, BusyError, StateError
from aksprov.model.host_lease import Epochs, LeaseTerms
from aksprov.state import RunFencedError, Store


@asynccontextmanager
async def kept_alive(store: Store, epochs: Epochs, terms: LeaseTerms) -> AsyncIterator[None]:
    """Renew the leases while the body runs; give back those that are still the run's own at its end.

    A lease that was lost raises nothing here: the run's next write does (RunFenced).

    Args:
        epochs: under which the run holds its hosts; none are nothing to do.
    """
    beat = asyncio.create_task(_renew(store, epochs, terms)) if epochs else None
    writable = True
    try:
        yield
    except (StateError, BusyError) as error:
        writable = isinstance(error, RunFencedError)  # else the state cannot be written: the leases expire
        raise
    finally:
        if beat is not None:
            beat.cancel()
        if epochs and writable:
            # what goes wrong here must not hide why the run ends
            with suppress(AksprovError), store.write() as transaction:
                transaction.host_leases.give_back(epochs)


async def _renew(store: Store, epochs: Epochs, terms: LeaseTerms) -> None:
    while True:
        await asyncio.sleep(terms.renew_seconds)
        try:
            # in a thread, as it may wait for another command's write
            await asyncio.to_thread(store.renew, epochs, terms)
        except RunFencedError:
            return
        except AksprovError:
            continue  # the state is held up or its disk is full: the next renewal comes before the lease expires
