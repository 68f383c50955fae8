"""What every connection to a Windows host does, whichever wire its scripts go over."""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from aksprov.errors import HostError
from aksprov.facts.windows import WindowsLook, parse_windows_look
from aksprov.model.facts import Observed
from aksprov.model.host import Host
from aksprov.model.transport import Completed, Delivery, Receipt
from aksprov.model.windows import LongStep
from aksprov.transport.windows.delivery import Answer, Package, package, pieces, read_answer, receipt
from aksprov.transport.windows.ps import bare, script
from aksprov.transport.windows.refusals import BLOCKED, windows_refusal
from aksprov.transport.windows.wire import CutError

if TYPE_CHECKING:
    from aksprov.transport.windows.wire import Ran, Wire

# For an answer that moves no more than text: facts and hashes.
ANSWER_SECONDS = 120
# The host's own deadlines (lock 30 s, 60 for each start and stop of a service), and a feature's installation,
# which has none.
APPLY_SECONDS = 1800
# A server that installs a feature while it starts takes minutes.
RESTART_SECONDS = 900
# The first HNS network of a host takes over its adapter, which cuts connections for seconds.
CUT_SECONDS = 60
_RETRY_SECONDS = 3.0
_AWAY = {"HostUnreachable", "HostDisconnected", "HostTimeout"}

T = TypeVar("T")

_APPLY = ("files", "lock", "fence", "swap", "state", "setup", "receive", "apply")


class WindowsConnection:
    """An open connection to a Windows host; see :class:`aksprov.model.transport.Connection`.

    Where the network is away for less than a minute, what was being done is done once more: on the host it ran on
    meanwhile, so everything here bears that.

    Args:
        wire: an open one.
        reopen: opens another one, after a restart of the host or a cut.
    """

    def __init__(self, host: Host, wire: Wire, reopen: Callable[[], Awaitable[Wire]]) -> None:
        self.host = host
        self._wire = wire
        self._reopen = reopen
        self._turn = asyncio.Lock()  # one script at a time

    async def run(self, script: str, stdin: bytes = b"") -> Completed:
        """Run a script of PowerShell as the user of the connection; its output lines are stdout."""
        given = [stdin.decode()] if stdin else ()
        ran = await self._through_cuts(lambda: self._run(script, {}, given, ANSWER_SECONDS))
        faults, said = "\n".join(ran.faults), "".join(f"{line}\n" for line in ran.output)
        return Completed(status=1 if faults else 0, stdout=said.encode(), stderr=faults.encode())

    async def observe(self, paths: Sequence[str], *, facts: bool = True) -> Observed:
        """Facts, manifest and files.  What a killed run or a power cut broke is put right first.

        Raises:
            HostError: HostLocked, HostLeftHalf or SwapLogUnreadable beside what the wire raises.
        """
        found = await self.look(paths)
        if found.unfinished:
            await self._recover()
            found = await self.look(paths)
        return found.seen

    async def look(self, paths: Sequence[str] = ()) -> WindowsLook:
        """What observe does, and nothing on the host is changed."""
        return await self._through_cuts(lambda: self._look(paths))

    async def forget(self) -> str:
        """Take our own folder off a host where nothing is managed; why it could not be done, "" otherwise."""
        return (await self._surely(("files", "lock", "forget"), {})).text

    async def get(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Contents of the files that are there."""
        answer = await self._surely(("files", "read"), {"paths": list(paths)})
        return {path: base64.b64decode(text) for path, text in answer.contents.items()}

    async def put_bundle(self, delivery: Delivery) -> Receipt:
        """Stage, check, swap, set up, verify, manifest; or put everything back.

        A feature that needs a restart gets it before anything is swapped, and the delivery goes on after it.

        Raises:
            HostError: with the step that failed; see :mod:`aksprov.transport.windows.refusals`.
        """
        whole = package(delivery)
        try:
            answer = await self._deliver(whole)
        except HostError as e:
            if e.code != "SwapBroken":
                raise
            await self._recover()
            answer = await self._deliver(whole)
        if answer.restart is not None:
            await self._restart()
            answer = await self._deliver(whole)
        if answer.restart is not None:
            said = f"features that still wait for a restart: {answer.restart}"
            raise windows_refusal(self.host.name, [("features", "FeatureMissing", said)])
        return receipt(answer, delivery, self.host.name)

    async def change(
        self,
        names: Sequence[str],
        request: dict[str, Any],
        load: Callable[[], Iterable[str]] = tuple,
        seconds: float = ANSWER_SECONDS,
    ) -> Answer:
        """The answer of our scripts of these names, which bear being run twice.

        Args:
            load: gives what goes in on the pipeline, each time anew.

        Raises:
            HostError: what the script refused; see :mod:`aksprov.transport.windows.refusals`.
        """

        async def work() -> Answer:
            return await self._ask(names, request, load(), seconds)

        async def again() -> Answer:
            await self._until_free()
            return await work()

        return await self._through_cuts(work, again)

    async def begin_step(self, step: LongStep, secret: str, *, state_id: str, epoch: int) -> str:
        """Begin a long step, or find it: "started", "there", or "busy UNIT" of another one that runs.

        Args:
            secret: what the script finds in run\\UNIT.secret; "" for no such file.

        Raises:
            HostError: HostLocked, HostEpochRefused, HostOwnedByOtherState beside what the wire raises.
        """
        text = bare("step").replace("'SCRIPT'", step.script)
        values = msgspec.json.encode({**step.values, "unit": step.unit}).decode()
        request = {"unit": step.unit, "state_id": state_id, "epoch": epoch, "script": text, "values": values}
        secrets = {"Secret": secret} if secret else {}
        return (await self._surely(("files", "lock", "fence", "begin"), request, secrets=secrets)).text

    async def await_step(self, unit: str) -> str:
        """Wait a moment for its end: "running", or a line "exited STATUS" or "gone" and the lines that it said."""
        return (await self._surely(("files", "await"), {"unit": unit})).text

    async def tcp_open(self, address: str, port: int) -> bool:
        """Whether a TCP connection from this host to ``address:port`` opens."""
        return (await self._surely(("tcp",), {"address": address, "port": port})).open

    async def unix_exchange(self, path: str, request: bytes) -> bytes | None:
        """None: what listens on such a socket runs on Linux."""
        return None

    async def close(self) -> None:
        """End the connection."""
        await self._wire.close()

    async def _recover(self) -> None:
        answer = await self._surely(("files", "lock", "swap", "state", "setup", "recover"), {}, APPLY_SECONDS)
        codes = {"locked": "HostLocked", "broken": "HostLeftHalf", "unreadable": "SwapLogUnreadable"}
        if answer.recovered != "right":
            code = codes.get(answer.recovered, "AnswerUnreadable")
            raise windows_refusal(self.host.name, [("recover", code, answer.text)])

    async def _look(self, paths: Sequence[str]) -> WindowsLook:
        lines = await self._lines(("files", "lock", "state", "observe"), {"paths": list(paths)})
        read_answer(lines, self.host.name)
        return parse_windows_look(lines[-1], host=self.host.name)

    async def _deliver(self, whole: Package) -> Answer:
        """Apply; after a cut once more, when what the first one does on the host has ended: it may be done twice."""

        async def again() -> Answer:
            await self._until_free()
            return await self._apply(whole)

        return await self._through_cuts(lambda: self._apply(whole), again)

    async def _until_free(self) -> None:
        """Wait, for as long as a step may take, until nobody changes the host."""
        end = time.monotonic() + APPLY_SECONDS
        while (await self.look()).locked and time.monotonic() < end:
            await asyncio.sleep(_RETRY_SECONDS)

    async def _apply(self, whole: Package) -> Answer:
        """All but the last load only arrive; with the last one the host acts."""
        asked = {"mark": secrets.token_hex(4), "sha256": whole.sha256}
        *loads, last = whole.loads()
        for load in loads:
            await self._ask(("files", "receive"), asked | {"last": False}, pieces(load), APPLY_SECONDS)
        return await self._ask(_APPLY, asked | {"last": True}, pieces(last), APPLY_SECONDS)

    async def _restart(self) -> None:
        """Restart the host and wait until it has booted anew."""
        before = (await self.look()).seen.facts.boot_id
        answer = await self._ask(("files", "restart"), {})
        if answer.status:
            raise windows_refusal(self.host.name, [("features", "HostRestartFailed", answer.text)])
        await self._wire.close()
        end = time.monotonic() + RESTART_SECONDS
        why = "it has not restarted"
        while time.monotonic() < end:
            await asyncio.sleep(_RETRY_SECONDS)
            try:
                self._wire = await self._reopen()
                after = (await self._look(())).seen.facts.boot_id
            except HostError as e:
                why = e.why or e.what
                continue
            if after != before:
                return
            await self._wire.close()
        raise windows_refusal(self.host.name, [("features", "HostRestartFailed", why)])

    async def _through_cuts(
        self, work: Callable[[], Awaitable[T]], again: Callable[[], Awaitable[T]] | None = None
    ) -> T:
        """Do ``work``; when the connection ends meanwhile, do it (or ``again``) over a new one."""
        end = 0.0
        while True:
            wire = self._wire
            try:
                return await work()
            except CutError as cut:
                end = end or time.monotonic() + CUT_SECONDS
                await self._renew(wire, end, cut)
                work = again or work

    async def _renew(self, broken: Wire, end: float, cut: HostError) -> None:
        """Another wire in place of this one; ``cut`` is raised where none could be had in time."""
        async with self._turn:
            while self._wire is broken:
                if time.monotonic() > end:
                    raise cut
                try:
                    self._wire = await self._reopen()
                except HostError as e:
                    if e.code not in _AWAY:
                        raise
                    await asyncio.sleep(min(_RETRY_SECONDS, CUT_SECONDS / 4))
                else:
                    await broken.abandon()

    async def _surely(
        self,
        names: Sequence[str],
        request: dict[str, Any],
        seconds: float = ANSWER_SECONDS,
        secrets: Mapping[str, str] | None = None,
    ) -> Answer:
        return await self._through_cuts(lambda: self._ask(names, request, seconds=seconds, secrets=secrets))

    async def _ask(
        self,
        names: Sequence[str],
        request: dict[str, Any],
        stdin: Iterable[str] = (),
        seconds: float = ANSWER_SECONDS,
        secrets: Mapping[str, str] | None = None,
    ) -> Answer:
        return read_answer(await self._lines(names, request, stdin, seconds, secrets), self.host.name)

    async def _lines(
        self,
        names: Sequence[str],
        request: dict[str, Any],
        stdin: Iterable[str] = (),
        seconds: float = ANSWER_SECONDS,
        secrets: Mapping[str, str] | None = None,
    ) -> tuple[str, ...]:
        asked = {"Request": msgspec.json.encode(request).decode()}
        ran = await self._run(script(*names), asked, stdin, seconds, secrets, answers=True)
        if ran.faults:
            raise windows_refusal(self.host.name, [("script", "AnswerUnreadable", "\n".join(ran.faults)[-500:])])
        return tuple(line for line in ran.output if line.strip())

    async def _run(
        self,
        text: str,
        parameters: dict[str, str],
        stdin: Iterable[str],
        seconds: float,
        secrets: Mapping[str, str] | None = None,
        *,
        answers: bool = False,
    ) -> Ran:
        async with self._turn:
            ran = await self._wire.run(
                text, parameters, pieces=stdin, secrets=secrets, seconds=seconds, answers=answers
            )
        said = "\n".join(ran.faults)
        if BLOCKED in said:
            raise windows_refusal(self.host.name, [("script", "HostAntivirusBlocked", said[-500:])])
        return ran
