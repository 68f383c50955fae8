"""Passwords that can lock an account: each is tried once for a host, and by one host at a time until one has taken it.

Fifty hosts often share a directory of accounts.  A mistyped password that goes to all of them at once
locks the account there, so the first refusal keeps it from the others.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import NamedTuple


class _Key(NamedTuple):
    """One password: whose, from where."""

    user: str
    reference: str


class Passwords:
    """What is known of the passwords of a run."""

    def __init__(self) -> None:
        self.taken: set[_Key] = set()
        self.refused_by: dict[_Key, str] = {}
        self.turns: defaultdict[_Key, asyncio.Lock] = defaultdict(asyncio.Lock)

    def password(self, text: str, *, host: str, user: str, reference: str) -> Password:
        """The password of ``user`` on ``host``, which ``reference`` led to."""
        return Password(self, _Key(user, reference), text, host)


class Password:
    """One password for one host, given out once."""

    def __init__(self, known: Passwords, key: _Key, text: str, host: str) -> None:
        self._known, self._key, self._text, self._host = known, key, text, host
        self._turn: asyncio.Lock | None = None
        self.was_tried = False
        self.refused_elsewhere = ""

    def __repr__(self) -> str:
        return f"Password({self._key.user} on {self._host})"

    async def take(self) -> str | None:
        """The password; None when it was given out before, or when another host has refused it."""
        if self.was_tried:
            return None
        if self._key not in self._known.taken:
            self._turn = self._known.turns[self._key]
            await self._turn.acquire()
            if self._key in self._known.taken:
                self._give_way()
            elif elsewhere := self._known.refused_by.get(self._key):
                self._give_way()
                self.refused_elsewhere = elsewhere
                return None
        self.was_tried = True
        return self._text

    def settle(self, accepted: bool | None) -> None:
        """Say how it went: accepted, refused, or None for never known."""
        if self.was_tried and accepted:
            self._known.taken.add(self._key)
        elif self.was_tried and accepted is False and self._key not in self._known.taken:
            self._known.refused_by.setdefault(self._key, self._host)
        self._give_way()

    def _give_way(self) -> None:
        if self._turn is not None:
            self._turn.release()
            self._turn = None
