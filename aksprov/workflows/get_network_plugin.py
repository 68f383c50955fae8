"""get-network-plugin: the table of capabilities that also decides what a definition may ask for."""

from __future__ import annotations

from aksprov.cni.capabilities import TABLE, Capability
from aksprov.errors import NotFoundError
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """A row for each capability, or the one that was named."""
    return Outcome(
        objects=tuple(
            {
                "Name": row.name,
                "Capability": row.text,
                "Flannel": row.flannel,
                "Calico": row.calico,
                "Limits": [limit.says for limit in row.limits],
            }
            for row in _chosen(request.text("name"))
        )
    )


def _chosen(name: str | None) -> tuple[Capability, ...]:
    if name is None:
        return TABLE
    chosen = tuple(row for row in TABLE if row.name.lower() == name.lower())
    if not chosen:
        raise NotFoundError(
            "CapabilityNotFound",
            f"there is no capability {name!r}",
            where="name",
            why="there are " + ", ".join(row.name for row in TABLE),
            fix="give one of these, or leave --name out for all of them",
        )
    return chosen
