"""From a verb and its words to the exit code: bind, run the verb's workflow, print."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from aksprov.cli.command import parse
from aksprov.cli.dispatch import workflow_of
from aksprov.cli.failure import print_error
from aksprov.cli.objects import with_files
from aksprov.cli.output import show
from aksprov.cli.progress import followed
from aksprov.cli.spelling import normalise
from aksprov.cli.terminal import Person
from aksprov.cli.values import from_json
from aksprov.cmdlets.binding import bind, missing, read_value
from aksprov.cmdlets.common import COMMON
from aksprov.cmdlets.declaration import Verb
from aksprov.errors import AksprovError, ExitCode
from aksprov.events import EventStream
from aksprov.model.request import Request
from aksprov.workflows.session import Session


def execute(verb: Verb, words: Sequence[str]) -> int:
    """Do what the command line says, the verb's name first; the exit code.

    Raises:
        AksprovError: what the caller prints.
    """
    spelled = normalise(verb, words)
    typed = parse(verb, spelled.tokens)
    common = Request(
        verb=verb.name,
        values={p.name: read_value(p, typed.pop(p.name)) if p.name in typed else p.default for p in COMMON},
    )
    given = from_json(verb, with_files(verb, typed))
    person = Person()
    if person.interactive:
        given |= person.supply(missing(verb, given))
    request = bind(verb, given)
    workflow = workflow_of(verb)
    stream = EventStream(lambda: datetime.now(UTC))
    state = os.environ.get("AKSPROV_STATE") or None
    session = Session(state_url=state, events=stream, clock=lambda: datetime.now(UTC), asker=person)
    asks_itself = verb.always_asks and not request.flag("yes")
    if spelled.asks and not asks_itself and not request.flag("whatIf") and not person.confirm(f"Run {verb.cmdlet}?"):
        return int(ExitCode.OK)
    form, silent = common.need("output"), spelled.silent
    try:
        with followed(
            stream, events=common.text("events"), verbose=common.flag("verbose"), silent=silent
        ) as person.pause:
            for text in spelled.warnings:
                stream.emit("warning", text=text)
            outcome = workflow(request, session)
    except AksprovError as error:
        if "error" not in silent:
            raise
        return int(error.exit_code)
    show(verb, msgspec.structs.replace(outcome, notes=()) if "information" in silent else outcome, form, silent)
    if outcome.error is not None and "error" not in silent:
        print_error(outcome.error, as_json=form == "json")
    return int(outcome.exit_code)
