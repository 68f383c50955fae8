"""What preparation adds to a plan: a step of each host that lacks programs, which says them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from aksprov.facts.lacking import is_preinstalled, node_lacks
from aksprov.model.cluster import Cluster, Node
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts
from aksprov.model.plan import Plan, PlanStep, plan_hash

PREPARE: Final = "prepare-host"


def with_preparation(plan: Plan, desired: Desired, facts: Mapping[str, Facts], starting: Collection[str]) -> Plan:
    """The plan with the step prepare-host before all others of the hosts that need it.

    A node on which no kubelet runs is looked at even where its facts show nothing that it lacks: they do not show
    images, nor whether an earlier preparation came to its end.

    Args:
        facts: by host key.
        starting: keys of the nodes on which Kubernetes is to be started.
    """
    cluster = desired.cluster
    if cluster.programs.source == "preinstalled":
        return plan
    steps = {
        node.host: step
        for node in desired.nodes
        if node.host in facts
        and (node.role == "load-balancer" or node.host in starting)
        and (step := _step(node, facts[node.host], cluster)) is not None
    }
    hosts = tuple(
        msgspec.structs.replace(host, steps=(steps[host.name], *host.steps)) if host.name in steps else host
        for host in plan.hosts
    )
    whole = msgspec.structs.replace(plan, hosts=hosts)
    return msgspec.structs.replace(whole, hash=plan_hash(whole))


def _step(node: Node, facts: Facts, cluster: Cluster) -> PlanStep | None:
    if is_preinstalled(cluster, facts):
        return None
    source = cluster.programs.source
    missing = node_lacks(node, facts, cluster)
    origin = "package repositories" if source == "packages" else "the offline bundle"
    if missing:
        return PlanStep(id=PREPARE, title=f"install from {origin}: {', '.join(missing)}")
    kubelet = facts.units.get("kubelet")
    if node.role == "load-balancer" or (kubelet is not None and kubelet.active == "active"):
        return None
    return PlanStep(id=PREPARE, title=f"see that nothing of {origin} is missing")
