"""apply --from of a folder that new-cluster --output-dir wrote: its cluster's hosts get it as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from aksprov.errors import DefinitionError
from aksprov.ipam.dual_stack import is_dual_stack, node_ipv6
from aksprov.model.bundle import Bundle
from aksprov.model.cluster import Cluster
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.facts import Facts
from aksprov.model.network import Network
from aksprov.model.objects import OBJECTS_PATH, WINDOWS_OBJECTS_PATH
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.planning.adoption import read_objects
from aksprov.rendering.templates import Templates
from aksprov.rollout.runner import Fleet
from aksprov.state import open_store
from aksprov.transport.folder import load_folder
from aksprov.workflows.cluster_apply import fill_late
from aksprov.workflows.cluster_plan import BundleSource, rendered
from aksprov.workflows.cluster_run import carry_out
from aksprov.workflows.contact import contact
from aksprov.workflows.session import Session


async def push_folder(request: Request, session: Session, folder: Path) -> Outcome:
    """Push a written folder.

    Raises:
        DefinitionError: FolderUnreadable, FolderChanged, FolderClusterUnknown, FolderIncomplete, FolderOutdated.
    """
    store = open_store(session.state_url)
    bundles = load_folder(folder)

    def define(snapshot: Snapshot) -> tuple[Cluster, Network]:
        cluster = cluster_of(bundles, snapshot, folder)
        return cluster, snapshot.networks[cluster.network.lower()]

    async with Fleet(store.snapshot().hosts, contact(session, store), session.events) as fleet:
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
        return as_written([bundles[key] for key in keys], desired, facts, late, folder)

    return source


def as_written(
    bundles: Iterable[Bundle], desired: Desired, facts: Mapping[str, Facts], late: Mapping[str, str], folder: Path
) -> dict[str, Bundle]:
    """Bundles of a folder, by host key, with the late values that are known in place.

    Raises:
        DefinitionError: FolderOutdated.
    """
    wanted = {bundle.host: bundle for bundle in bundles}
    moved = sorted(key for key, bundle in wanted.items() if not _of_today(bundle, desired, facts.get(key)))
    if moved:
        raise _outdated(
            folder,
            moved,
            "the folder was written for other addresses than its hosts have",
            "a DHCP lease has changed, or the host's IPv6 address was not known when the files were written",
        )
    shared = [key for key in wanted if key in desired.beside]
    today = rendered(Templates.load())(desired, facts, {}, shared)
    changed = sorted(key for key in shared if _shared_files(wanted[key]) != _shared_files(today[key]))
    if changed:
        others = sorted({neighbour.key for key in changed for neighbour in desired.beside[key]})
        raise _outdated(
            folder,
            changed,
            "the folder's load balancers would take the place of what other clusters have on them",
            f"{', '.join(others)} shares them, and has come, changed or left since the files were written",
        )
    return {key: fill_late(bundle, late) for key, bundle in wanted.items()}


def _outdated(folder: Path, hosts: Iterable[str], what: str, why: str) -> DefinitionError:
    return DefinitionError(
        "FolderOutdated",
        what,
        where=f"{folder}: {', '.join(hosts)}",
        why=why,
        fix="write the folder again with new-cluster --output-dir; or run the same new-cluster without it",
    )


def _of_today(bundle: Bundle, desired: Desired, facts: Facts | None) -> bool:
    """Whether a host's files have the addresses that it is to have, as its own objects say, and its IPv6 address."""
    nodes = desired.nodes_by_host[bundle.host]
    texts = {f.path: f.content or "" for f in bundle.files}
    objects, _ = read_objects((texts.get(OBJECTS_PATH) or texts.get(WINDOWS_OBJECTS_PATH, "")).encode())
    said = {node for of in (objects.clusters if objects else ()) for node in of.nodes}
    ipv6 = {
        node_ipv6(facts, n.interface) for n in nodes if is_dual_stack(desired.cluster) and n.role != "load-balancer"
    }
    return said >= set(nodes) and all(any(address in text for text in texts.values()) for address in ipv6 - {""})


def _shared_files(bundle: Bundle) -> dict[str, str | None]:
    """What a load balancer has, for all its clusters; how it comes by its address is its own affair."""
    return {f.path: f.content for f in bundle.files if not f.late and f.reader != "network"}


def cluster_of(bundles: Mapping[str, Bundle], snapshot: Snapshot, folder: Path) -> Cluster:
    """The one cluster that each host of a folder has files of; load balancers may have others', too.

    Raises:
        DefinitionError: FolderClusterUnknown.
    """
    of_each = [{f.cluster for f in b.files} for b in bundles.values()]
    keys = set[str]().union(*of_each)
    known = [snapshot.clusters[key] for key in keys.intersection(*of_each) if key in snapshot.clusters]
    if len(known) != 1:
        raise DefinitionError(
            "FolderClusterUnknown",
            "the folder cannot be pushed from this state",
            where=str(folder),
            why=f"it is of {', '.join(sorted(keys)) or 'no cluster'}, and this state records "
            + (", ".join(sorted(c.name for c in snapshot.clusters.values())) or "none"),
            fix="use the state (AKSPROV_STATE) that the folder was written with",
        )
    return known[0]
