"""Which workflow carries a verb out."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from aksprov.cmdlets.declaration import Verb
from aksprov.errors import NotAvailableError
from aksprov.importing import importing
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.workflows.session import Session

Workflow = Callable[[Request, Session], Outcome]


def workflow_of(verb: Verb) -> Workflow:
    """The ``run`` of the verb's module, imported only now: the last of what starting the program takes.

    Raises:
        NotAvailableError: VerbNotAvailable.
    """
    name = "aksprov.workflows." + verb.name.replace("-", "_")
    try:
        with importing():
            module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise NotAvailableError(
            "VerbNotAvailable",
            f"{verb.name} is not available yet",
            where=verb.name,
            why="the verb is declared, and nothing carries it out in this version",
            fix="look at 'aksprov --help' for the others",
        ) from None
    run: Workflow = module.run
    return run
