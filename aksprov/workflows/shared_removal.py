"""Hosts that a cluster leaves while other clusters share them: what of theirs is there stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from aksprov.ipam.sharing import CA, neighbours, recorded_picture
from aksprov.model.base import Value
from aksprov.model.desired import Desired, Neighbour, Snapshot
from aksprov.model.facts import Observed
from aksprov.model.plan import HostPlan, Plan, plan_hash
from aksprov.model.transport import Connection
from aksprov.planning.planner import Target, observed_paths, plan_host
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates
from aksprov.rollout.runner import Fleet


class Staying(Value, frozen=True, kw_only=True):
    """A host that other clusters keep: what it is to have, and what it has."""

    target: Target
    seen: Observed

    @property
    def change(self) -> HostPlan:
        """What is done there."""
        return plan_host(self.target.bundle.host, self.target, self.seen, diffs=False)


async def look_at_shared(cluster: str, hosts: Iterable[str], snapshot: Snapshot, fleet: Fleet) -> dict[str, Staying]:
    """Those of a leaving cluster's hosts that others share, by host key.

    Args:
        cluster: its key.
        hosts: keys of its hosts that answer.
        snapshot: what is recorded, the cluster included.
    """
    leaving = {cluster, *(key for key, status in snapshot.statuses.items() if status.state == "Deleting")}
    without = msgspec.structs.replace(
        snapshot,
        clusters={key: other for key, other in snapshot.clusters.items() if key not in leaving},
        nodes=tuple(node for node in snapshot.nodes if node.cluster != cluster),
    )
    targets = {key: target for key in hosts if (target := _target(key, cluster, without))}

    async def observe(connection: Connection) -> Observed:
        return await connection.observe(observed_paths(targets[connection.host.key].bundle))

    seen = await fleet.each(targets, observe)
    return {key: Staying(target=targets[key], seen=of_host) for key, of_host in seen.items()}


def with_staying(plan: Plan, staying: Mapping[str, Staying]) -> Plan:
    """A removal's plan in which shared hosts change only to what the others need."""
    changes = (staying[host.name].change if host.name in staying else host for host in plan.hosts)
    whole = msgspec.structs.replace(plan, hosts=tuple(host for host in changes if not host.empty))
    return msgspec.structs.replace(whole, hash=plan_hash(whole))


def _target(host: str, cluster: str, without: Snapshot) -> Target | None:
    """What a host is to have once a cluster has left it; None where no other one has anything there."""
    here = [without.clusters[n.cluster] for n in without.nodes if n.host == host and n.cluster in without.clusters]
    pictures = [recorded_picture(other, without) for other in here]
    beside = {picture.cluster.key: neighbours(picture.cluster, picture.nodes, without) for picture in pictures}
    for picture in pictures:
        certificate = without.late.get((picture.cluster.key, CA), "")
        if not certificate:
            continue
        whole: Desired = msgspec.structs.replace(picture, beside=beside[picture.cluster.key])
        others: tuple[Neighbour, ...] = whole.beside.get(host, ())
        bundle = render_bundle(whole, host, without.facts, {CA: certificate}, Templates.load())
        keys = (picture.cluster.key, cluster, *(other.key for other in others))
        return Target(bundle=bundle, wave=1, clusters=keys)
    return None
