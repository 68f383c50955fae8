"""The WinRM libraries block, so each call of theirs is a thread's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """What ``work`` returns or raises.

    The thread is a daemon: a run that is stopped at once does not wait for an answer that may never come, as it would
    for a thread of an executor.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():  # nobody waits any more
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # a T where there is no error

    def carry_out() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as e:  # noqa: BLE001  # handed to who waits
            error = e
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    Thread(target=carry_out, daemon=True).start()
    return await done
