"""What every POSIX connection does, whichever way its agent is reached.

The first script goes into the agent's command line, so a host where nothing changed is asked once.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from aksprov.errors import HostError
from aksprov.facts.parse import is_unfinished, parse_observation
from aksprov.model.facts import Observed
from aksprov.model.host import Host
from aksprov.model.transport import Completed, Delivery, Receipt
from aksprov.transport.delivery import apply_input, apply_script, check_recovery, parse_answer
from aksprov.transport.posix import script
from aksprov.transport.probe import NO_TOOL


class Scripts(Protocol):
    """Runs scripts on one host, one after another, as :class:`aksprov.transport.agent.Agent` does."""

    async def first(self, seconds: float) -> Completed:
        """The answer of the script that it was made with."""
        ...

    async def run(self, text: str, arguments: Sequence[str], stdin: Callable[[], bytes], seconds: float) -> Completed:
        """The answer of one more."""
        ...

    def end(self) -> None:
        """No more of them."""
        ...


OpenAgent = Callable[[str, Sequence[str]], Awaitable[Scripts]]

# For an answer that moves no more than text: facts and hashes take well under a second.
ANSWER_SECONDS = 60
# The host's own deadlines add up to less: lock 30 s, per unit check 30, enable 60, reload 60, listening 20, and
# 120 to put it back; three units at most.
APPLY_SECONDS = 900
# The scripts of a look at a host, and of one without facts.
LOOK = ("parts", "facts", "situation", "files")
SHORT_LOOK = ("parts", "files")
_ARGUMENT = re.compile(r"[A-Za-z0-9._@+/:-]+")


class Shell:
    """Scripts on one host by one agent, which is started with the first of them.

    Args:
        open_agent: starts an agent with a first script and its arguments.
    """

    def __init__(self, host: Host, open_agent: OpenAgent) -> None:
        self._host = host
        self._open_agent = open_agent
        self._agent: Scripts | None = None
        self._turn = asyncio.Lock()  # one script at a time on the one channel

    async def ask(
        self,
        text: str,
        arguments: Sequence[str] = (),
        stdin: Callable[[], bytes] | None = None,
        seconds: float | None = None,
    ) -> Completed:
        """Run one script.

        Args:
            arguments: words without blanks or shell characters.
            stdin: makes what it reads; it is not kept, as fifty hosts may be sent theirs at once.
        """
        seconds = ANSWER_SECONDS if seconds is None else seconds
        for word in arguments:
            if not _ARGUMENT.fullmatch(word):
                raise ValueError(f"not an argument for a host's script: {word!r}")
        async with self._turn:
            if self._agent is None and stdin is None:
                self._agent = await self._open_agent(text, arguments)
                return await self._agent.first(seconds)
            if self._agent is None:
                self._agent = await self._open_agent(":", ())
                await self._agent.first(ANSWER_SECONDS)
            return await self._agent.run(text, arguments, stdin or bytes, seconds)

    async def observe(self, paths: Sequence[str], *, facts: bool = True) -> Observed:
        """Facts, manifest and files.  What a killed run or a power cut broke is put right first.

        Args:
            facts: else the manifest and files alone, which costs a host a tenth.

        Raises:
            HostError: HostLocked or HostLeftHalf beside what the connection raises.
        """
        text, between = await self._observe(paths, facts=facts)
        if is_unfinished(text):
            await self._recover()
            text, between = await self._observe(paths, facts=facts)
        return parse_observation(text, host=self._host.name, between=between, facts=facts)

    async def _recover(self) -> None:
        done = await self.ask(script("lock", "swap", "undo", "recover"), seconds=APPLY_SECONDS)
        check_recovery(done.stdout.decode("utf-8", "replace"), self._host.name)

    async def _observe(self, paths: Sequence[str], *, facts: bool) -> tuple[str, tuple[float, float]]:
        """The answer, and this machine's clock before and after it."""
        asked = time.time()
        done = await self.ask(script(*(LOOK if facts else SHORT_LOOK)), paths)
        return done.stdout.decode("utf-8", "replace"), (asked, time.time())

    async def get(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Contents of the files that are there."""
        done = await self.ask(script("read"), stdin=lambda: "".join(f"{path}\n" for path in paths).encode())
        found: dict[str, bytes] = {}
        try:
            for block in done.stdout.decode("ascii").split("\n\n"):
                path, _, text = block.partition("\n")
                if path.startswith("/"):
                    found[path] = base64.b64decode(text)
        except (UnicodeDecodeError, binascii.Error) as e:
            raise HostError(
                "AnswerUnreadable",
                f"the answer of {self._host.name} cannot be read",
                where=self._host.name,
                why=str(e),
                fix="run the command again; when it happens again, look for a full disk or memory on the host",
            ) from None
        return found

    async def put_bundle(self, delivery: Delivery) -> Receipt:
        """Stage, check, swap, reload, verify, manifest; or put everything back.

        Raises:
            HostError: with the step that failed; see :mod:`aksprov.transport.refusals`.
        """
        try:
            return await self._apply(delivery)
        except HostError as e:
            if e.code != "SwapBroken":
                raise
        await self._recover()
        return await self._apply(delivery)

    async def _apply(self, delivery: Delivery) -> Receipt:
        stdin = partial(apply_input, delivery, secrets.token_hex(4))
        done = await self.ask(apply_script(delivery), stdin=stdin, seconds=APPLY_SECONDS)
        text = done.stdout.decode("utf-8", "replace")
        return parse_answer(text or done.stderr.decode("utf-8", "replace"), delivery, self._host.name)

    async def tcp_open(self, address: str, port: int) -> bool | None:
        """Whether a TCP connection from the host opens; None where it has no program to try it with."""
        done = await self.ask(script("tcp"), (address, str(port)))
        return None if done.status == NO_TOOL else done.status == 0

    async def unix_exchange(self, path: str, request: bytes) -> bytes | None:
        """Send to a UNIX socket on the host, read to its end; None when not possible."""
        done = await self.ask(script("unix"), (path,), lambda: request)
        return done.stdout if done.status == 0 else None

    def end(self) -> None:
        """No more scripts."""
        if self._agent is not None:
            self._agent.end()
