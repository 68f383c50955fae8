"""sudo that asks for a password: it is answered on stdin, at sudo's own prompt, once."""

from __future__ import annotations

import contextlib
import re

from aksprov.transport.passwords import Password
from aksprov.transport.streams import Sink

# A prompt of a PAM module that sudo's -p does not replace (sudoers(5), passprompt_override): an unfinished line.
_FOREIGN_PROMPT = re.compile(rb"(?:^|\n)[^\n]*pass(?:word|code|phrase)\b[^\n]*[:>?] ?\Z", re.IGNORECASE)


def prompt_of(nonce: str) -> str:
    """What sudo is told to ask with (-p): nothing else prints it."""
    return f"{nonce}=password"


class SudoPrompt:
    """Listens to what sudo says on stderr and answers the first prompt.

    The password is sent only when sudo asks: where it does not ask, the agent would read it.

    Args:
        nonce: the connection's random word.
        stdin: what sudo reads, with ``-S``.
    """

    def __init__(self, nonce: str, password: Password, stdin: Sink) -> None:
        self._prompt = prompt_of(nonce).encode()
        self._stdin = stdin
        self._heard = 0
        self.password = password

    async def hear(self, said: bytes) -> None:
        """Look at all of stderr so far; a second prompt means that the answer was wrong, and ends sudo."""
        new = said[self._heard :]
        if self._prompt not in new and not _FOREIGN_PROMPT.search(new):
            return
        self._heard = len(said)
        text = await self.password.take()
        with contextlib.suppress(OSError):  # gone already: how the stream ended says why
            if text is None:
                self._stdin.write_eof()
            else:
                self._stdin.write(text.encode() + b"\n")
                await self._stdin.drain()
