"""What a workflow hands back to whoever asked: objects, rows, a plan, an exit code."""

from __future__ import annotations

from typing import Any

from aksprov.errors import AksprovError, ExitCode
from aksprov.model.base import Value
from aksprov.model.plan import Plan
from aksprov.model.row import Row


class Outcome(Value, frozen=True, kw_only=True):
    """The result of one verb.

    Args:
        objects: property name -> JSON value, in the order of the verb's declaration.
        single: print the one object, not an array (new-*, set-*, add-*).
        rows: checks that were made; printed after the objects.
        plan: printed for --what-if, and before an apply.
        notes: lines for people, on stderr.
        error: printed like any error after the rest (a plan that cannot be carried out
            yet is shown, and then this says why it stops there).
    """

    objects: tuple[dict[str, Any], ...] = ()
    single: bool = False
    rows: tuple[Row, ...] = ()
    plan: Plan | None = None
    notes: tuple[str, ...] = ()
    exit_code: ExitCode = ExitCode.OK
    error: AksprovError | None = None
