"""``aksprov invoke``: a verb for other programs (the PowerShell module, Ansible), JSON in and JSON lines out.

Standard input holds one request, so that no value is ever pasted into a command line:

    {"verb": "New-AksHciClusterNetwork", "parameters": {"name": "mynet", "dnsServers": ["10.0.0.2"]},
     "version": "0.1.0", "attended": false}

Standard output gets a JSON object on each line: ``kind`` is event, ask, plan, object, row, note, error and, last, end
with the ``exitCode``.  When ``attended``, the request is the first line only: standard input stays open, questions are
answered on it ({"answer": true}, a text for a secret, null for nobody), and its end is what Ctrl-C is.  When the caller
``carries`` a host, it is asked to run commands there (see :mod:`aksprov.cli.carried`).
"""

from __future__ import annotations

import _thread
import asyncio
import codecs
import os
import queue
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from io import FileIO
from threading import Lock, Thread
from typing import Any, cast

import msgspec

from aksprov import __version__
from aksprov.cli.carried import CallersHost
from aksprov.cli.dispatch import workflow_of
from aksprov.cli.failure import interrupted, our_bug
from aksprov.cli.logs import told
from aksprov.cli.output import data, untold
from aksprov.cli.values import from_json, texts_of
from aksprov.cmdlets.binding import bind
from aksprov.cmdlets.catalog import find_verb
from aksprov.cmdlets.declaration import Verb
from aksprov.errors import AksprovError, ExitCode, HostError, NotAvailableError, UsageError
from aksprov.events import Event, EventStream
from aksprov.model.outcome import Outcome
from aksprov.model.row import Row
from aksprov.workflows.session import Session

_BROKEN_PIPE = 141  # the exit code of a program that SIGPIPE ended


class Invocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request as it stands on standard input.

    Args:
        verb: name of a verb or a cmdlet, in any case.
        parameters: name as AksHci spells it, in any case -> text, number, boolean, array, object; null is left out.
        version: the version that the caller was made for, "" for any.
        attended: somebody can be asked.
        carries: the one host that is worked on, which the caller reaches by a connection of its own; "" for none.
    """

    verb: str
    parameters: dict[str, Any] = {}
    version: str = ""
    attended: bool = False
    carries: str = ""


def serve() -> int:
    """Carry out the request on standard input; the exit code."""
    speaker = Speaker()
    try:
        exit_code = _serve(speaker)
    except AksprovError as error:
        exit_code = speaker.fail(error)
    except KeyboardInterrupt:
        exit_code = speaker.fail(interrupted())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the exit does not fail again
        return _BROKEN_PIPE
    except Exception as error:  # noqa: BLE001  # the last resort: the caller gets an error in the one form
        exit_code = speaker.fail(our_bug(error))
    speaker.say("end", exitCode=exit_code)
    return exit_code


def _serve(speaker: Speaker) -> int:
    invocation = _read()
    if invocation.version not in ("", __version__):
        raise NotAvailableError(
            "VersionDiffers",
            "the caller and aksprov are of different versions",
            where=f"aksprov {__version__}",
            why=f"the request is of version {invocation.version}",
            fix="install both from one release; 'aksprov install-module' puts the PowerShell module in place",
        )
    verb = find_verb(invocation.verb)
    if verb is None:
        raise UsageError("UnknownVerb", f"there is no verb {invocation.verb!r}", where="verb", fix="see aksprov --help")
    request = bind(verb, from_json(verb, texts_of(verb, invocation.parameters)))
    stream = EventStream(lambda: datetime.now(UTC))
    stream.subscribe(speaker.event)
    caller = Caller(speaker, attended=invocation.attended)
    session = Session(
        state_url=os.environ.get("AKSPROV_STATE") or None,
        events=stream,
        clock=lambda: datetime.now(UTC),
        asker=caller,
        carrier=CallersHost(invocation.carries.lower(), caller.asked) if invocation.carries else None,
    )
    with told(stream):
        outcome = workflow_of(verb)(request, session)
    speaker.outcome(verb, outcome)
    return int(outcome.exit_code)


def _read() -> Invocation:
    """The request: all of standard input, or its first line when that is one."""
    text = _input().readline().removeprefix(codecs.BOM_UTF8)  # .NET Framework may begin with one
    try:
        try:
            return msgspec.json.decode(text, type=Invocation)
        except msgspec.DecodeError:
            return msgspec.json.decode(text + _input().readall(), type=Invocation)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            "InvalidRequest",
            "the request cannot be read",
            where="standard input",
            why=str(error),
            fix='give {"verb": NAME, "parameters": {NAME: VALUE}} as JSON',
        ) from None


def _input() -> FileIO:
    """Standard input without a buffer, whose lock a thread that still reads would hold when the program ends."""
    return FileIO(0, closefd=False)


class Speaker:
    """Says things on standard output, a JSON object on each line."""

    def __init__(self) -> None:
        self._lock = Lock()

    def say(self, kind: str, **content: Any) -> None:
        """One line."""
        line = msgspec.json.encode({"kind": kind, **content}) + b"\n"
        with self._lock:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()

    def event(self, event: Event) -> None:
        """Something that happens now."""
        self.say("event", event=event)

    def fail(self, error: AksprovError) -> int:
        """An error; its exit code."""
        self.say("error", error=error.to_dict())
        return int(error.exit_code)

    def outcome(self, verb: Verb, outcome: Outcome) -> None:
        """What the verb hands back: an object a line, so that no reader has to hold all of them."""
        rows = untold(outcome)
        if outcome.plan is not None and not outcome.objects:
            from aksprov.cli.tables import as_text  # Rich takes longer to import than most verbs run

            self.say("plan", value=outcome.plan, text=as_text(verb, outcome))
            rows = tuple(row for row in outcome.rows if row.test_result in ("Failed", "Warning"))
        else:
            content = data(verb, outcome)
            for item in content if isinstance(content, list | tuple) else [] if content is None else [content]:
                self.say("object", value=item, **_drawn(verb, item))
        for row in rows:
            self.say("row", value=row)
        failed = [row for row in outcome.rows if row.test_result == "Failed"]
        if outcome.exit_code in (ExitCode.FAILED, ExitCode.AUTH) and outcome.error is None:
            self.say("error", error={**_rows_failed(verb, failed).to_dict(), "exitCode": int(outcome.exit_code)})
        for note in outcome.notes:
            self.say("note", text=note)
        if outcome.error is not None:
            self.say("error", error=outcome.error.to_dict())


def _drawn(verb: Verb, item: Any) -> dict[str, str]:
    """The text that people see of an object whose tables or map were asked for by a switch of their name."""
    asked = {p.name.lower() for p in verb.parameters if p.kind == "switch"}
    if not isinstance(item, dict) or asked.isdisjoint(map(str.lower, item)):
        return {}
    from aksprov.cli.tables import as_text

    return {"text": as_text(verb, Outcome(objects=(item,)))}


def _rows_failed(verb: Verb, rows: Sequence[Row]) -> HostError:
    """What stands for the exit code of a verb whose rows say what failed."""
    return HostError(
        "RowsFailed",
        f"{verb.name}: {len(rows)} checks or hosts failed" if rows else f"{verb.name} failed",
        where=", ".join(dict.fromkeys(row.host or row.cluster for row in rows)),
        why="; ".join(f"{row.test_name}: {row.details}" for row in rows),
        fix="; ".join(dict.fromkeys(row.recommendation for row in rows if row.recommendation)),
    )


class Caller:
    """Asks the program that called; satisfies :class:`aksprov.workflows.session.Asker`."""

    def __init__(self, speaker: Speaker, *, attended: bool) -> None:
        self.interactive = attended
        self._speaker = speaker
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        if attended:
            if os.name == "posix":
                os.setpgid(0, 0)  # a terminal's Ctrl-C goes to the caller alone, which then closes our input
            Thread(target=self._listen, daemon=True).start()

    def confirm(self, question: str) -> bool:
        """Yes or no.

        Raises:
            UsageError: ConfirmationNeeded, where there is nobody to ask.
        """
        answer = None
        if self.interactive:
            self._speaker.say("ask", question=question, secret=False)
            answer = self._answers.get()
        if answer is None:
            raise UsageError(
                "ConfirmationNeeded",
                "this needs a confirmation",
                where=question,
                why="there is nobody to ask",
                fix="give --yes (-Confirm:$false) to confirm beforehand",
            )
        return answer is True

    async def secret(self, question: str) -> str:
        """A text that is not shown.

        Raises:
            UsageError: InputEnded.
        """
        answer = await self.asked("ask", question=question, secret=True)
        if not isinstance(answer, str):
            raise UsageError(
                "InputEnded",
                "the question was not answered",
                where=question,
                why="there is nobody to ask",
                fix="give the value beforehand, by another kind of reference",
            )
        return answer

    async def asked(self, kind: str, **content: Any) -> Any:
        """What the caller answers to a line; None where nobody does."""
        self._speaker.say(kind, **content)
        return await asyncio.get_running_loop().run_in_executor(None, self._answers.get) if self.interactive else None

    def _listen(self) -> None:
        """Take the caller's answers, by a thread of its own; the end of the input stops the run as Ctrl-C does."""
        for line in _input():
            try:
                self._answers.put(cast(dict[str, Any], msgspec.json.decode(line)).get("answer"))
            except (msgspec.DecodeError, AttributeError):
                self._answers.put(None)
        self._answers.put(None)
        _thread.interrupt_main(signal.SIGINT)
