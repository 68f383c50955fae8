"""Our side of an SSH login: what is answered when the server asks, and what it said that a failed login does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncssh

from aksprov.transport.passwords import Password


class Client(asyncssh.SSHClient):
    """Remembers the host key that was refused, and gives the password once, whichever way the server asks.

    Args:
        password: None where keys are all there is.
    """

    def __init__(self, password: Password | None = None) -> None:
        self._password = password
        self.offered: asyncssh.SSHKey | None = None
        self.began = False
        self.said = ""
        self.must_change = False
        self.asked = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Called for a key that is not trusted."""
        self.offered = key
        return False

    def begin_auth(self, username: str) -> None:
        """From here on the server's PAM counts what goes wrong."""
        self.began = True

    def auth_banner_received(self, msg: str, lang: str) -> None:
        """What the server says to people (RFC 4252, 5.4); its last words tell why it ends a login (PAM's messages)."""
        self.said = msg

    async def password_auth_requested(self) -> str | None:
        """The method password (RFC 4252, 8)."""
        return await self._password.take() if self._password else None

    def password_change_requested(self, prompt: str, lang: str) -> Any:
        """The account may only change its password, which we do not."""
        self.must_change = True
        return NotImplemented

    def kbdint_auth_requested(self) -> str | None:
        """The method keyboard-interactive (RFC 4256): any submethod, where the password was not given yet."""
        return "" if self._password and not self._password.was_tried else None

    async def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        """One hidden question is for the password; a message needs no answer; anything else we do not have."""
        if not prompts:
            return []
        (text, shown), *more = prompts
        if self._password is None or more or shown or self._password.was_tried:
            self.asked = self.asked or text.strip()
            self.must_change |= "new password" in text.lower() or "current" in text.lower()
            return None
        password = await self._password.take()
        return None if password is None else [password]
