"""What starting Kubernetes adds to a plan: steps of its nodes, and the late values that are secret."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from aksprov.model.desired import Desired
from aksprov.model.plan import HostPlan, Plan, PlanStep, StepName, plan_hash
from aksprov.planning.prepare import PREPARE

INIT: Final = "init-control-plane"
JOIN_CONTROL_PLANE: Final = "join-control-plane"
JOIN_WORKER: Final = "join-worker"
NETWORK_PLUGIN: Final = "apply-network-plugin"
JOIN_TOKEN: Final = "join-token"  # noqa: S105  # the late value's name, never its text
CERTIFICATE_KEY: Final = "certificate-key"
ACCOUNT_TOKENS: Final = "account-tokens"  # of what no pod brings to Windows nodes
_TITLES: Final[Mapping[StepName, str]] = {
    INIT: "kubeadm init, or see that this control plane runs already",
    JOIN_CONTROL_PLANE: "kubeadm join as a control plane, or see that it has joined",
    JOIN_WORKER: "kubeadm join, or see that it has joined",
    NETWORK_PLUGIN: "apply the network plugin, wait until every node is Ready",
}


def with_bring_up(plan: Plan, desired: Desired, waves: Mapping[str, int]) -> Plan:
    """The plan with Kubernetes started on the hosts of ``waves`` (host key -> wave)."""
    found = {host.name: host for host in plan.hosts}
    for node in desired.nodes:
        if node.role == "load-balancer" or node.host not in waves:
            continue
        first = node == desired.by_role("control-plane")[0]
        join: StepName = JOIN_WORKER if node.role == "worker" else JOIN_CONTROL_PLANE
        ids: tuple[StepName, ...] = (INIT, NETWORK_PLUGIN) if first else (join,)
        steps = tuple(PlanStep(id=step, title=_TITLES[step]) for step in ids)
        host = found.get(node.host, HostPlan(name=node.host, wave=waves[node.host]))
        found[node.host] = msgspec.structs.replace(host, steps=(*host.steps, *steps))
    late = {*plan.late, *secret_values(desired)}
    hosts = tuple(sorted(found.values(), key=lambda host: (host.wave, host.name)))
    whole = msgspec.structs.replace(plan, hosts=hosts, late=tuple(sorted(late)))
    return msgspec.structs.replace(whole, hash=plan_hash(whole))


def secret_values(desired: Desired) -> Collection[str]:
    """Names of the secret late values that the nodes join with."""
    more = len(desired.by_role("control-plane")) > 1
    joining = more or bool(desired.by_role("worker"))
    windows = any(pool.os_type == "windows" and pool.count for pool in desired.cluster.node_pools)
    wanted = {JOIN_TOKEN: joining, CERTIFICATE_KEY: more, ACCOUNT_TOKENS: windows}
    return tuple(name for name, needed in wanted.items() if needed)


def started_nodes(plan: Plan) -> frozenset[str]:
    """Keys of the hosts on which the plan starts Kubernetes, or sees that it runs."""
    return frozenset(host.name for host in plan.hosts if any(step.id in _TITLES for step in host.steps))


def configuration(host: HostPlan) -> HostPlan:
    """What is left of a host's plan without its preparation and Kubernetes: files, and the steps that read them."""
    kept = tuple(step for step in host.steps if step.id != PREPARE and step.id not in _TITLES)
    return msgspec.structs.replace(host, steps=kept)
