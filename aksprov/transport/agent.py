"""The agent of one connection: scripts go in, framed answers come out, over any pair of pipes.

The shell that runs on the host is ``posix/agent.sh``; its head tells the protocol.  This end is
the same for SSH channels and local processes, so it knows neither.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from aksprov.errors import HostAuthError, HostError
from aksprov.model.transport import Completed
from aksprov.transport.diagnosis import diagnosis, first_line
from aksprov.transport.passwords import Password
from aksprov.transport.posix import script
from aksprov.transport.streams import Sink, Source
from aksprov.transport.sudo import SudoPrompt, prompt_of

# What a login shell may print before the agent's first word.  A start file that prints without
# end must not fill the controller's memory.
NOISE_LIMIT = 256 * 1024
# What a login shell and its start files may take before the agent's first word: as much as a login, sudo included.
START_SECONDS = 20
# The largest answer is a base64 of configuration files; no script of ours comes near.
ANSWER_LIMIT = 64 * 1024 * 1024
# How long the stdin of a script may take to arrive, beside its size at the slowest line we serve.
STREAM_SECONDS = 60
STREAM_BYTES_PER_SECOND = 16 * 1024
# How long what the other end says on stderr may come after its stdout has ended.
_LAST_WORDS_SECONDS = 1
_CHUNK = 64 * 1024


def quote(text: str) -> str:
    """Quote one word so that sh, dash, bash, zsh and fish all read the same text.

    Single quotes hold everything but themselves and, in fish only, backslashes (fish's
    documentation, "Quotes"); those two are put between double quotes, where every one of these
    shells reads a pair of backslashes as one.
    """
    return "'" + re.sub(r"['\\]", lambda m: "'\"" + m[0].replace("\\", "\\\\") + "\"'", text) + "'"


def agent_argv(nonce: str, first: str, arguments: Sequence[str], *, sudo: bool, password: bool = False) -> list[str]:
    """The program and arguments that start an agent with its first script.

    Args:
        sudo: by sudo.
        password: sudo may ask for a password, on stderr, and reads it from stdin; else it fails where it would ask.
    """
    asking = ["-S", "-p", prompt_of(nonce)] if password else ["-n"]
    prefix = ["env", "LC_ALL=C", "sudo", *asking, "--"] if sudo else []
    return [*prefix, "/bin/sh", "-c", script("agent"), "aksprov", nonce, first, *arguments]


def command_line(argv: Sequence[str]) -> str:
    """One line for the login shell of a user, whichever shell that is."""
    return "exec " + " ".join(word if re.fullmatch(r"[A-Za-z0-9/=_.-]+", word) else quote(word) for word in argv)


def request_of(nonce: str, text: str, arguments: Sequence[str], stdin: bytes) -> bytes:
    """What an agent reads for one more script, its arguments without blanks."""
    body = text.encode()
    header = " ".join([nonce, str(len(body)), str(len(stdin)), str(stream_seconds(len(stdin))), *arguments])
    return header.encode() + b"\n" + body + stdin


def stream_seconds(size: int) -> int:
    """Seconds in which ``size`` bytes must have arrived on the host."""
    return STREAM_SECONDS + size // STREAM_BYTES_PER_SECOND


class _Marked:
    """One of the two output streams, read up to a mark that only the agent can have printed."""

    def __init__(self, source: Source, hear: Callable[[bytes], Awaitable[None]] | None = None) -> None:
        self._source = source
        self._buffer = bytearray()
        self._hear = hear  # is told all that came, whenever more has come
        self.broken = ""

    @property
    def rest(self) -> bytes:
        """What came and was not part of an answer."""
        return bytes(self._buffer)

    async def until(self, mark: bytes, limit: int) -> bytes | None:
        """What came before ``mark``; None when the stream ended or grew too long without it."""
        searched = 0
        while (found := self._buffer.find(mark, searched)) < 0:
            searched = max(0, len(self._buffer) - len(mark))
            if len(self._buffer) > limit or not (data := await self._read()):
                return None
            self._buffer += data
            if self._hear:
                await self._hear(bytes(self._buffer))
        before = bytes(self._buffer[:found])
        del self._buffer[: found + len(mark)]
        self._hear = None
        return before

    async def _read(self) -> bytes:
        try:
            return await self._source.read(_CHUNK)
        except OSError as e:
            self.broken = str(e)
            return b""


class Agent:
    """The controller's end of one agent.

    Args:
        host: name of the host, for errors.
        nonce: the connection's random word, as given to :func:`agent_argv`.
        sudo: whether the agent runs by sudo, for the diagnosis.
        password: for a sudo that asks for one.
    """

    def __init__(
        self,
        host: str,
        nonce: str,
        stdout: Source,
        stderr: Source,
        stdin: Sink,
        *,
        sudo: bool,
        password: Password | None = None,
    ) -> None:
        self._host = host
        self._nonce = nonce
        self._stdout = _Marked(stdout)
        self._stderr = _Marked(stderr, SudoPrompt(nonce, password, stdin).hear if password else None)
        self._stdin = stdin
        self._sudo = sudo
        self._password = password
        self._answered = False
        self._in_step = True  # False while, and after, an exchange that did not come to its end

    async def first(self, seconds: float) -> Completed:
        """The answer of the script that the agent was started with.

        Raises:
            HostError: HostShellBroken, HostTimeout, HostToolMissing or HostDisconnected.
            HostAuthError: HostSudoRefused, HostSudoPasswordRefused or HostPasswordExpired.
        """
        accepted: bool | None = None
        try:
            answer = await self._exchange(lambda: 0, seconds)
            accepted = True
            return answer
        except HostAuthError as e:
            accepted = False if e.code == "HostSudoPasswordRefused" else None
            raise
        finally:
            if self._password:
                self._password.settle(accepted)
                self._password = None

    async def run(self, text: str, arguments: Sequence[str], stdin: Callable[[], bytes], seconds: float) -> Completed:
        """Run one more script; raises as :meth:`first` does.

        Args:
            arguments: without blanks.
            stdin: makes what it reads, which is kept no longer than it takes to send.
            seconds: for its answer, beside the time that its stdin may take to arrive.
        """
        return await self._exchange(partial(self._say, text, arguments, stdin), seconds)

    def end(self) -> None:
        """Tell the agent that nothing more comes."""
        with contextlib.suppress(OSError):  # the other end is gone already, which is what was asked for
            self._stdin.write_eof()

    def _say(self, text: str, arguments: Sequence[str], stdin: Callable[[], bytes]) -> int:
        """Begin to send one more script; the seconds in which its stdin must have arrived."""
        content = stdin()
        with contextlib.suppress(OSError):  # the answer, or its absence, tells more than a broken pipe
            self._stdin.write(request_of(self._nonce, text, arguments, content))
        return stream_seconds(len(content))

    async def _exchange(self, say: Callable[[], int], seconds: float) -> Completed:
        if not self._in_step:
            raise self._ended()
        self._in_step = False
        seconds += say()
        try:
            async with asyncio.timeout(seconds):
                done = await self._converse()
        except TimeoutError:
            raise self._silent(seconds) from None
        self._in_step = True
        return done

    async def _converse(self) -> Completed:
        """Send and listen at once: a script may answer before it has read everything."""
        sending = asyncio.create_task(self._sent())
        listening = asyncio.create_task(self._errors())
        try:
            answer = await self._answer()
            if answer is None:
                await asyncio.wait([listening], timeout=_LAST_WORDS_SECONDS)
                raise self._ended()
            status, stdout = answer
            await sending
            return Completed(status=status, stdout=stdout, stderr=await listening)
        finally:
            sending.cancel()
            listening.cancel()

    async def _sent(self) -> None:
        with contextlib.suppress(OSError):
            await self._stdin.drain()

    async def _answer(self) -> tuple[int, bytes] | None:
        nonce = self._nonce.encode()
        if not self._answered:
            async with asyncio.timeout(START_SECONDS):
                if await self._stdout.until(nonce + b">\n", NOISE_LIMIT) is None:
                    return None
        self._answered = True
        stdout = await self._stdout.until(b"\n" + nonce + b"<", ANSWER_LIMIT)
        status = await self._stdout.until(b"\n", len("255\n"))
        return None if stdout is None or status is None else (int(status), stdout)

    async def _errors(self) -> bytes:
        before = await self._stderr.until(b"\n" + self._nonce.encode() + b"<", ANSWER_LIMIT)
        if before is None:
            return b""
        await self._stderr.until(b"\n", len("255\n"))
        return before

    def _silent(self, seconds: float) -> HostError:
        if not self._answered:
            return self._never_started()
        return HostError(
            "HostTimeout",
            f"{self._host} did not answer within {seconds:.0f} s",
            where=self._host,
            why="the connection stands, but the script on the host has not finished",
            fix="look for a stuck disk, package manager or login script on the host, then run the command again",
        )

    def _never_started(self) -> HostError:
        line = first_line(self._stderr.rest) or first_line(self._stdout.rest)
        if line:
            return self._diagnosis(line)
        return HostError(
            "HostTimeout",
            f"the shell of {self._host} did not start within {START_SECONDS} s",
            where=self._host,
            why="the login worked, but the login shell, one of its start files or sudo has not returned",
            fix="look at ~/.bashrc, ~/.profile and /etc/profile.d of that account, then run the command again",
        )

    def _ended(self) -> HostError:
        line = first_line(self._stderr.rest) or first_line(self._stdout.rest)
        if not self._answered and not self._stdout.broken:
            return self._diagnosis(line)
        return HostError(
            "HostDisconnected",
            f"the connection to {self._host} ended before the answer was complete",
            where=self._host,
            why=line or self._stdout.broken or "the other end closed it",
            fix="run the command again: it looks at the host first and goes on from there",
        )

    def _diagnosis(self, line: str) -> HostError:
        """Why the agent never said a word, from the first line that something else said."""
        noise = self._stderr.rest.decode("utf-8", "replace") + self._stdout.rest.decode("utf-8", "replace")
        return diagnosis(self._host, line, noise, sudo=self._sudo, password=self._password)
