"""apply: carry out a plan that was looked at, or push a folder that was written."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from aksprov.errors import NotAvailableError, UsageError
from aksprov.importing import importing
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.transport.plain_folder import is_plain
from aksprov.workflows import plan_file
from aksprov.workflows.session import Session

# What carries a plan or folder out is imported only for that one: a push of plain files needs no templates.


def run(request: Request, session: Session) -> Outcome:
    """Run exactly a saved plan, or push a folder; one of the two."""
    plan, folder = request.text("plan"), request.text("from")
    if (plan is None) == (folder is None):
        raise UsageError(
            "ApplyWhat",
            "apply takes a saved plan or a folder",
            where="apply",
            why="both were given" if plan is not None else "neither was given",
            fix="aksprov apply PLAN, or aksprov apply --from DIR",
        )
    if plan is not None:
        return _run_plan(Path(plan), request, session)
    directory = Path(str(folder))
    if session.carrier is not None:
        from aksprov.workflows.push_host import push_host

        return asyncio.run(push_host(request, session, directory, session.carrier.host))
    if is_plain(directory):
        with importing():
            from aksprov.workflows.push_files import push_files

        return asyncio.run(push_files(request, session, directory))
    with importing():
        from aksprov.workflows.push_folder import push_folder

    return asyncio.run(push_folder(request, session, directory))


def _run_plan(path: Path, request: Request, session: Session) -> Outcome:
    plan, saved = plan_file.load(path)
    if plan.verb not in ("new-cluster", "remove-cluster"):
        raise NotAvailableError(
            "PlanVerbUnknown",
            f"plans of {plan.verb} cannot be run",
            where=str(path),
            why="this version does not know the verb",
            fix="use the version of aksprov that made the plan",
        )
    values = {k: v for k, v in saved.values.items() if k not in ("whatIf", "planFile")}
    values |= {"expectPlan": plan.hash, "yes": request.flag("yes") or saved.flag("yes")}
    exact = msgspec.structs.replace(saved, values=values)
    if plan.verb == "remove-cluster":
        from aksprov.workflows import remove_cluster

        return remove_cluster.run(exact, session)
    from aksprov.workflows import new_cluster

    return new_cluster.run(exact, session)
