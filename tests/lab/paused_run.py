"""A run with short leases that stops itself, as if it had been suspended, once a step on a host has begun.

Arguments: the host, then the command line.  Its last line on standard error has the codes of the error that
ended it and of those behind it.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime

from aksprov.cli.command import parse
from aksprov.cli.spelling import normalise
from aksprov.cli.terminal import Person
from aksprov.cmdlets.binding import bind
from aksprov.cmdlets.catalog import find_verb
from aksprov.errors import AksprovError
from aksprov.events import Event, EventStream
from aksprov.model.host_lease import LeaseTerms
from aksprov.workflows import new_cluster
from aksprov.workflows.session import Session

TERMS = LeaseTerms(renew_seconds=0.5, expire_seconds=2)


def main(host: str, words: list[str]) -> int:
    """Run it; the exit code."""
    stopped = False

    def stop(event: Event) -> None:
        nonlocal stopped
        if (event.kind, event.host, stopped) == ("step.started", host, False):
            stopped = True
            os.kill(os.getpid(), signal.SIGSTOP)

    stream = EventStream(lambda: datetime.now(UTC))
    stream.subscribe(stop)
    verb = find_verb(words[0])
    assert verb is not None
    request = bind(verb, parse(verb, normalise(verb, words).tokens))
    session = Session(state_url=None, events=stream, clock=lambda: datetime.now(UTC), asker=Person(), lease_terms=TERMS)
    try:
        return int(new_cluster.run(request, session).exit_code)
    except AksprovError as error:
        behind: BaseException | None = error
        while behind is not None:
            print(getattr(behind, "code", type(behind).__name__), end=" ", file=sys.stderr)
            behind = behind.__context__
        print(error.why, file=sys.stderr)
        return int(error.exit_code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
