"""Where secrets are read from, when a host is contacted and no earlier; none is kept longer than a run."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

from aksprov.errors import HostAuthError, NotAvailableError
from aksprov.secrets import parse_reference

# Asks a person for a text that is not shown; the argument is the question.  None: there is nobody to ask.
Ask = Callable[[str], Awaitable[str]]
# No password or passphrase is longer; a file that is was named by mistake.
_LARGEST = 4096


class SecretSources:
    """Finds secrets by their references; a person is asked each question once, one question at a time.

    Args:
        ask: asks the person at the terminal; None where there is none.
    """

    def __init__(self, ask: Ask | None = None) -> None:
        self._ask = ask
        self._answers: dict[str, str] = {}
        self._turn = asyncio.Lock()

    @property
    def can_ask(self) -> bool:
        """Whether somebody is there to be asked."""
        return self._ask is not None

    async def find(self, reference: str, *, where: str, question: str) -> str:
        """The secret that ``reference`` leads to.

        Args:
            where: host and key of the inventory, for errors.
            question: what a person is asked for ``prompt``; the same question has the same answer.

        Raises:
            HostAuthError: SecretMissing, SecretExposed or SecretUnusable.
            NotAvailableError: KeyringMissing.
        """
        kind, place = parse_reference(reference, where=where)
        if kind == "prompt":
            text = await self.ask(question, where=where)
        elif kind == "env":
            text = os.environ.get(place, "")
        elif kind == "file":
            text = _from_file(place, where)
        else:
            text = await asyncio.to_thread(_from_keyring, place, where)
        if not text:
            raise _missing(where, f"{reference} has nothing in it" if kind != "prompt" else "the answer was empty")
        if any(c in text for c in "\n\r\0") or len(text) > _LARGEST:
            raise HostAuthError(
                "SecretUnusable",
                "what was found is no password",
                where=where,
                why=f"{reference} leads to a text of several lines, or to a very long one",
                fix="put the password there, on one line and with nothing else",
            )
        return text

    async def ask(self, question: str, *, where: str) -> str:
        """A person's answer, asked for once in a run.

        Raises:
            HostAuthError: SecretMissing, where there is nobody to ask.
        """
        if self._ask is None:
            raise _missing(where, "there is no terminal to ask on")
        async with self._turn:
            if question not in self._answers:
                self._answers[question] = await self._ask(question)
            return self._answers[question]


def _from_file(place: str, where: str) -> str:
    path = Path(place).expanduser()
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            # on Windows access is by lists that these bits do not show
            if os.name == "posix" and stat.S_ISREG(about.st_mode) and about.st_mode & 0o077:
                raise HostAuthError(
                    "SecretExposed",
                    f"others may read the file of a secret, {path}",
                    where=where,
                    why=f"its mode is {stat.S_IMODE(about.st_mode):04o}",
                    fix=f"chmod 600 {path}, and change the secret if others had the time to read it",
                )
            return file.read(_LARGEST + 2).decode("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as e:
        raise _missing(where, f"{path}: {e.strerror}") from None
    except UnicodeDecodeError:
        raise _missing(where, f"{path} is not a text in UTF-8") from None


def _from_keyring(place: str, where: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise NotAvailableError(
            "KeyringMissing",
            "secrets in a keyring need the extra package keyring, which is not installed",
            where=where,
            why=f"keyring:{place} is read with it",
            fix="pip install 'aksprov[keyring]', or give env:NAME or file:PATH",
        ) from None
    service, _, user = place.rpartition("/")
    try:
        return keyring.get_password(service, user) or ""
    except KeyringError as e:
        raise _missing(where, f"the keyring does not answer: {e}") from None


def _missing(where: str, why: str) -> HostAuthError:
    return HostAuthError(
        "SecretMissing",
        "a secret that is needed is not there",
        where=where,
        why=why,
        fix="put it where the reference says, or correct the reference (set-host, where it is a host's)",
    )
