"""A connection to a Windows host that the network cuts: another wire takes its place, for a minute at most.

What the host makes of a step that is done twice is tested on lab hosts (tests/lab/test_windows_put.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import pytest

from aksprov.errors import HostAuthError, HostError
from aksprov.model.host import Host
from aksprov.transport.windows import connection
from aksprov.transport.windows.connection import WindowsConnection
from aksprov.transport.windows.wire import CutError, Ran

HOST = Host(name="win1", address="10.0.0.31", os="windows")
CUT = CutError("HostDisconnected", "cut")
AWAY = HostError("HostUnreachable", "away")
REFUSED = HostAuthError("HostPasswordRefused", "no")


class FakeWire:
    """A wire that is cut, or one that has the answer."""

    def __init__(self, *, cut: bool) -> None:
        self.cut, self.abandoned, self.closed = cut, False, False

    async def run(
        self,
        script: str,
        parameters: Mapping[str, str],
        *,
        pieces: Iterable[str] = (),
        secrets: Mapping[str, str] | None = None,
        seconds: float,
        answers: bool = False,
    ) -> Ran:
        if self.cut:
            raise CUT
        return Ran(output=(script,))

    async def close(self) -> None:
        self.closed = True

    async def abandon(self) -> None:
        self.abandoned = True


def run(first: FakeWire, *opened: FakeWire | HostError) -> str:
    """The output of a script; ``opened`` is what attempts to open another wire give, the last one again and again."""
    attempts = list(opened)

    async def reopen() -> FakeWire:
        found = attempts.pop(0) if len(attempts) > 1 else attempts[0]
        if isinstance(found, HostError):
            raise found
        return found

    return asyncio.run(WindowsConnection(HOST, first, reopen).run("said")).stdout.decode().strip()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_RETRY_SECONDS", 0)


def test_what_was_being_done_is_done_once_more_over_another_wire() -> None:
    """The old one is let go of and not closed: what runs there runs on."""
    first, second, third = FakeWire(cut=True), FakeWire(cut=True), FakeWire(cut=False)
    assert run(first, AWAY, AWAY, second, third) == "said"
    assert [(w.abandoned, w.closed) for w in (first, second, third)] == [(True, False), (True, False), (False, False)]


def test_who_stays_away_is_told_as_the_cut_that_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CUT_SECONDS", 0.05)
    with pytest.raises(CutError) as raised:
        run(FakeWire(cut=True), AWAY)
    assert raised.value.code == "HostDisconnected"


def test_a_login_that_is_refused_meanwhile_is_not_tried_again() -> None:
    with pytest.raises(HostAuthError):
        run(FakeWire(cut=True), REFUSED, FakeWire(cut=False))
