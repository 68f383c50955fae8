"""A step that may take minutes: a transient unit on the host, which a cut connection does not end."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from aksprov.errors import HostError
from aksprov.model.base import Value
from aksprov.model.transport import Connection
from aksprov.workflows.bring_up.scripts import script

# What kubeadm could print of secrets, whatever it was asked to print: a token, a certificate key.
_SECRET: Final = re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b|(?<!sha256:)\b[0-9a-f]{64}\b")
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_LAST_LINES: Final = 12
_NO_REASON: Final = "To see the stack trace of this error"  # kubeadm's last line, whatever went wrong
# Exit codes of our scripts that have a meaning of their own -> code, what to do.
_MEANINGS: Final[Mapping[str, tuple[str, str]]] = {
    "10": ("HostInOtherCluster", "end the Kubernetes that runs there (kubeadm reset), or take the host out"),
    "11": (
        "ApiServerNotAnswering",
        "see the containers of the control plane (crictl ps -a), then run the command again",
    ),
    "12": ("PackageLockHeld", "wait until that process has ended, or end it, then run the same command again"),
    "13": ("HostDiskFull", "make room on the host, then run the same command again"),
    "14": ("ProgramsNotOffered", "have the source offer them, or take another source, then run the same command again"),
    "16": (
        "ServedFileWrong",
        "look for a failing disk on the host that serves the bundle, or for somebody between the two",
    ),
    "17": ("ImageRefused", "see that its images are for this Windows (build and architecture) and that it has room"),
}

_START: Final = script("start")
_WAIT: Final = script("wait")


class Holder(Value, frozen=True, kw_only=True):
    """Who makes a step: the run, and what the host knows it by.

    Args:
        epoch: under which the run holds the host.
    """

    run: str
    state_id: str
    epoch: int


async def long_step(
    connection: Connection,
    holder: Holder,
    step: str,
    text: str,
    *,
    secret: str = "",
    hide: Iterable[str] = (),
    seconds: int,
) -> None:
    """Run a script to its end, or wait for the one that an earlier process of the same run began.

    Args:
        text: a script, POSIX sh; it looks at the host first, so that it can be run again.  $secret names a file with
            the secret text, which is removed at its end.
        hide: texts that no error may show.
        seconds: how long to wait.

    Raises:
        HostError: StepFailed with the last lines that the script said, HostInOtherCluster,
            ApiServerNotAnswering, StepTimedOut, HostEpochRefused; what the connection raises.
    """
    lines = text.strip().splitlines()
    unit = unit_of(connection, holder, step, lines)
    head = (
        f"{unit} {holder.state_id} {holder.epoch} {len(lines)} {len(secret.splitlines())}\n" + "\n".join(lines) + "\n"
    )

    async def begin() -> str:
        answer = await connection.run(_START, stdin=f"{head}{secret}end\n".encode())
        said = answer.stdout.decode(errors="replace").strip()
        word, _, rest = said.partition(" ")
        if word == "fenced":
            raise _fenced(connection, rest, holder)
        if word not in ("started", "there", "busy"):
            raise _failed(connection, step, answer.stderr.decode(errors="replace"), hide)
        return said

    async def end_of(unit: str) -> str:
        answer = await connection.run(_WAIT, stdin=f"{unit}\n".encode())
        return answer.stdout.decode(errors="replace")

    await see_through(connection, step, unit, begin, end_of, hide=hide, seconds=seconds)


async def see_through(
    connection: Connection,
    step: str,
    unit: str,
    begin: Callable[[], Awaitable[str]],
    end_of: Callable[[str], Awaitable[str]],
    *,
    hide: Iterable[str],
    seconds: int,
) -> None:
    """Begin what runs on a host as ``unit``, or find it, and wait for its end; another one there is waited for first.

    Args:
        begin: answers "started", "there" or "busy UNIT".
        end_of: waits a moment for the end of a unit; answers "running", or how it ended ("exited STATUS", or another
            word where that is not known) and, from the next line on, what it said.

    Raises:
        HostError: as :func:`long_step`.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    gone = False
    while loop.time() < deadline:
        busy = (await begin()).partition(" ")[2]
        how, said = "running", ""
        while how == "running" and loop.time() < deadline:
            how, _, said = (await end_of(busy or unit)).partition("\n")
        if busy or how == "running":
            continue
        if how == "exited 0":
            return
        if how.startswith("dead") and not gone:
            gone = True  # the host restarted, or somebody stopped the unit: what it did is seen by beginning again
            continue
        raise _failed(connection, step, said, hide, status=how.rpartition(" ")[2])
    raise HostError(
        "StepTimedOut",
        f"{step} did not end",
        where=f"host {connection.host.name}: unit {unit}",
        why=f"it runs for more than {seconds} s",
        fix="run the same command again: it goes on waiting for the unit",
    )


def unit_of(connection: Connection, holder: Holder, step: str, lines: Iterable[str]) -> str:
    """The name that a step has on its host, the same for the same run, host and text."""
    # not of the secret: a token that was made anew is no reason to do it twice
    key = hashlib.sha256("\0".join([holder.run, connection.host.key, step, *lines]).encode()).hexdigest()[:12]
    return f"aksprov-step-{step}-{key}"


def redacted(text: str, hide: Iterable[str] = ()) -> str:
    """A program's words without the run's own secrets, and without what looks like a token or a key."""
    for secret in hide:
        text = text.replace(secret, "[secret]")
    return _SECRET.sub("[secret]", text)


def _fenced(connection: Connection, seen: str, holder: Holder) -> HostError:
    return HostError(
        "HostEpochRefused",
        "another run has changed this host since",
        where=f"host {connection.host.name}",
        why=f"the host has seen epoch {seen}, this run has {holder.epoch}",
        fix="look what that run did (get-cluster), then run the command again",
    )


def _failed(connection: Connection, step: str, said: str, hide: Iterable[str], *, status: str = "") -> HostError:
    lines = (line.strip() for line in redacted(_COLOURS.sub("", said), hide).splitlines())
    last = [line for line in lines if line and not line.startswith(_NO_REASON)][-_LAST_LINES:]
    code, fix = _MEANINGS.get(status, ("StepFailed", "mend what it says, then run the same command again"))
    return HostError(
        code,
        f"{step} failed",
        where=f"host {connection.host.name}",
        why="; ".join(last) or "it said nothing; the host may have restarted",
        fix=fix,
    )
