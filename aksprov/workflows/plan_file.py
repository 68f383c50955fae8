"""A saved plan: the plan as --what-if prints it, and the request that made it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from aksprov.errors import DefinitionError, NotFoundError, PlanStaleError
from aksprov.model.plan import PLAN_SCHEMA, Plan, plan_hash
from aksprov.model.request import Request


def save_if_asked(plan: Plan, request: Request) -> None:
    """Write the plan where --plan-file says.

    Raises:
        DefinitionError: PlanFileNotWritten.
    """
    path = request.text("planFile")
    if path is not None:
        save(Path(path), plan, request)


def expect(plan: Plan, request: Request) -> None:
    """Refuse another plan than --expect-plan names.

    Raises:
        PlanStaleError: PlanStale.
    """
    expected = request.text("expectPlan")
    if expected is not None and expected.lower() != plan.hash:
        raise PlanStaleError(
            "PlanStale",
            "the plan is no longer the one that was looked at",
            where=f"plan {expected[:12]}",
            why=f"hosts or the state have changed since; the plan would now be {plan.hash[:12]}",
            fix="look at the new plan with --what-if, then run that one",
        )


def save(path: Path, plan: Plan, request: Request) -> None:
    """Write the plan whole, or not at all; readable by its owner only.

    Raises:
        DefinitionError: PlanFileNotWritten.
    """
    content = {**msgspec.to_builtins(plan), "request": msgspec.to_builtins(request)}
    staged = path.with_name(f".{path.name}.aksprov-new")
    try:
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")
        staged.replace(path)
    except OSError as error:
        raise DefinitionError(
            "PlanFileNotWritten",
            "the plan could not be saved",
            where=str(path),
            why=error.strerror or str(error),
            fix="give a path in a folder that can be written",
        ) from error


def load(path: Path) -> tuple[Plan, Request]:
    """The plan and the request of a saved plan.

    Raises:
        NotFoundError: PlanFileNotFound.
        DefinitionError: PlanFileInvalid, for a file that is not a plan or was edited.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise NotFoundError(
            "PlanFileNotFound",
            "the plan cannot be read",
            where=str(path),
            why=error.strerror or str(error),
            fix="make one with --what-if --plan-file",
        ) from error
    try:
        content = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        request = msgspec.json.decode(content.pop("request"), type=Request)
        plan = msgspec.json.decode(msgspec.json.encode(content), type=Plan)
    except (msgspec.MsgspecError, KeyError) as error:
        raise _invalid(path, f"it is not a plan of this version: {error}") from error
    if plan.schema != PLAN_SCHEMA or plan.hash != plan_hash(plan):
        raise _invalid(path, "its content does not match its hash")
    return plan, request


def _invalid(path: Path, why: str) -> DefinitionError:
    return DefinitionError(
        "PlanFileInvalid",
        "this is not a plan that can be run",
        where=str(path),
        why=why,
        fix="make a new one with --what-if --plan-file; a plan is not edited by hand",
    )
