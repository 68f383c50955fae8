"""apply: carry out a plan that was looked at, or push a folder that was written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from aksprov.errors import DefinitionError, NotAvailableError, UsageError
from aksprov.model.bundle import Bundle
from aksprov.model.cluster import Cluster
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.facts import Facts
from aksprov.model.network import Network
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.rollout.runner import Fleet
from aksprov.state import open_store
from aksprov.transport import connector
from aksprov.transport.folder import load_folder
from aksprov.workflows import new_cluster, plan_file
from aksprov.workflows.cluster_apply import fill_late
from aksprov.workflows.cluster_plan import BundleSource
from aksprov.workflows.cluster_run import carry_out
from aksprov.workflows.session import Session

# The verbs whose plans can be saved, and what carries them out.
_RUNNERS = {"new-cluster": new_cluster.run}


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
        return _run_plan(Path(plan), session)
    return asyncio.run(_push_folder(Path(str(folder)), request, session))


def _run_plan(path: Path, session: Session) -> Outcome:
    plan, saved = plan_file.load(path)
    runner = _RUNNERS.get(plan.verb)
    if runner is None:
        raise NotAvailableError(
            "PlanVerbUnknown",
            f"plans of {plan.verb} cannot be run",
            where=str(path),
            why="this version does not know the verb",
            fix="use the version of aksprov that made the plan",
        )
    values = {k: v for k, v in saved.values.items() if k not in ("whatIf", "planFile")}
    exact = msgspec.structs.replace(saved, values={**values, "expectPlan": plan.hash})
    return runner(exact, session)


async def _push_folder(folder: Path, request: Request, session: Session) -> Outcome:
    store = open_store(session.state_url)
    bundles = load_folder(folder)

    def define(snapshot: Snapshot) -> tuple[Cluster, Network]:
        cluster = _cluster_of(bundles, snapshot, folder)
        return cluster, snapshot.networks[cluster.network.lower()]

    async with Fleet(store.snapshot().hosts, connector(), session.events) as fleet:
        return await carry_out(request, session, store, fleet, define=define, source=_from_folder(bundles, folder))


def _from_folder(bundles: Mapping[str, Bundle], folder: Path) -> BundleSource:
    def source(
        desired: Desired, facts: Mapping[str, Facts], late: Mapping[str, str], keys: Iterable[str]
    ) -> dict[str, Bundle]:
        missing = sorted(set(keys) - bundles.keys())
        if missing:
            raise DefinitionError(
                "FolderIncomplete",
                "the folder does not hold every host of its cluster",
                where=str(folder),
                why="missing: " + ", ".join(missing),
                fix="write the folder again with new-cluster --output-dir",
            )
        return {key: fill_late(bundles[key], late) for key in keys}

    return source


def _cluster_of(bundles: Mapping[str, Bundle], snapshot: Snapshot, folder: Path) -> Cluster:
    keys = {f.cluster for b in bundles.values() for f in b.files}
    known = [snapshot.clusters[k] for k in keys if k in snapshot.clusters]
    if len(known) != 1 or len(keys) != 1:
        raise DefinitionError(
            "FolderClusterUnknown",
            "the folder cannot be pushed from this state",
            where=str(folder),
            why=f"it is of {', '.join(sorted(keys)) or 'no cluster'}, and this state records "
            + (", ".join(sorted(c.name for c in snapshot.clusters.values())) or "none"),
            fix="use the state (AKSPROV_STATE) that the folder was written with",
        )
    return known[0]
