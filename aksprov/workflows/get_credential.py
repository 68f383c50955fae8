"""get-credential: the administrator's kubeconfig of a cluster, merged into a file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from aksprov.errors import ExitCode, NotFoundError
from aksprov.model.cluster import Cluster
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.model.transport import Connection
from aksprov.rollout.runner import Fleet
from aksprov.state import open_store
from aksprov.workflows.cluster_plan import failure_rows
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.contact import contact
from aksprov.workflows.get_cluster import find_cluster
from aksprov.workflows.kubeconfig import Credential, merged, read_admin_conf
from aksprov.workflows.session import Session

_ADMIN_CONF = "/etc/kubernetes/admin.conf"


def run(request: Request, session: Session) -> Outcome:
    """Ask where a file is there, fetch the credential from a control plane, and write the file.

    Raises:
        NotFoundError: ClusterNotFound, ClusterNotDeployed.
        DefinitionError: KubeconfigInvalid.
        UsageError: ConfirmationNeeded.
    """
    return asyncio.run(_run(request, session))


async def _run(request: Request, session: Session) -> Outcome:
    store = open_store(session.state_url)
    snapshot = store.snapshot()
    cluster = find_cluster(request.need("name"), snapshot)
    path = _path(request.text("configPath"))
    if path.exists() and not confirmed(request, session, f"Merge the credential of {cluster.name} into {path}?"):
        return Outcome(notes=(f"{path} stays as it is",))
    planes = [node.host for node in snapshot.nodes if node.cluster == cluster.key and node.role == "control-plane"]
    async with Fleet(snapshot.hosts, contact(session, store), session.events) as fleet:
        for key in planes:
            answer = await fleet.one(key, _read)
            if answer is not None and answer[0]:
                credential = read_admin_conf(cluster.key, answer[0])
                before = path.read_bytes() if path.exists() else b""
                after = merged(credential, before, str(path)).encode()
                if after != before:
                    _write(path, after, before)
                notes = ("nothing to change",) if after == before else ()
                return Outcome(objects=(_object(cluster, credential, path),), single=True, notes=notes)
        if len(fleet.failures) == len(planes):
            return Outcome(rows=failure_rows(fleet, cluster.name), exit_code=ExitCode.FAILED)
    raise NotFoundError(
        "ClusterNotDeployed",
        f"cluster {cluster.name} has no credential yet",
        where=f"cluster {cluster.name}",
        why=f"none of its control planes has {_ADMIN_CONF}: Kubernetes was not started",
        fix="start it: the same new-cluster command without --configure-only",
    )


async def _read(connection: Connection) -> str:
    return (await connection.get([_ADMIN_CONF])).get(_ADMIN_CONF, b"").decode()


def _path(given: str | None) -> Path:
    path = Path(given).expanduser() if given else Path.home() / ".kube"
    return path / "config" if path.is_dir() or not given else path


def _write(path: Path, text: bytes, before: bytes) -> None:
    """Whole or not at all, for its owner alone; what was there is kept beside it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for place, content in ((path.with_name(f"{path.name}.bak"), before), (path, text)):
        if not content:
            continue
        part = place.with_name(f"{place.name}.{os.getpid()}")
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        part.replace(place)


def _object(cluster: Cluster, credential: Credential, path: Path) -> dict[str, str]:
    return {
        "Name": cluster.name,
        "ConfigPath": str(path),
        "Context": credential.context,
        "Server": str(credential.cluster.get("server", "")),
        "Expires": credential.expires.isoformat(),
    }
