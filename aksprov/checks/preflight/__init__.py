"""What facts and the definition tell before anything is sent.  Pure.

Sources: the requirements of kubeadm ("Installing kubeadm", kubernetes.io); each subject's own are in its module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aksprov.checks.preflight.case import Case
from aksprov.checks.preflight.clock import clock_rows
from aksprov.checks.preflight.foreign import foreign_rows
from aksprov.checks.preflight.kernel import kernel_rows
from aksprov.checks.preflight.leftovers import leftover_rows
from aksprov.checks.preflight.names import host_name_rows, shared_rows
from aksprov.checks.preflight.network import mtu_rows, network_rows
from aksprov.checks.preflight.ports import port_rows
from aksprov.checks.preflight.proxy import proxy_rows
from aksprov.checks.preflight.size import size_rows
from aksprov.checks.preflight.swap import swap_rows
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts, Observed
from aksprov.model.row import Row
from aksprov.model.situation import Situation

_NOTHING: Mapping[str, Observed] = {}


def preflight_rows(
    desired: Desired,
    facts: Mapping[str, Facts],
    observed: Mapping[str, Observed] = _NOTHING,
    *,
    certificate: str = "",
    starting: bool = False,
) -> tuple[Row, ...]:
    """Rows for what is wrong, none for what is right.  A Failed row keeps its host from being changed.

    Args:
        desired: the cluster as it should be.
        facts: what hosts said, by host key; hosts outside the cluster count for the VIP, unless the network has a
            site: another site may have the same addresses.
        observed: what hosts said now, by host key.
        certificate: of the cluster's CA as it is recorded, PEM; "" where none is.
        starting: Kubernetes is to be started.
    """
    cases = [
        _case(desired, node, facts[node.host], observed.get(node.host), certificate, starting=starting)
        for node in desired.nodes
        if node.host in facts
    ]
    rows = [
        *(row for case in cases for row in _own_rows(case, desired.vip)),
        *shared_rows(cases),
        *clock_rows(cases),
        *mtu_rows(cases),
        *_vip_elsewhere(desired, facts),
    ]
    return tuple(sorted(rows, key=lambda row: row.host))


def _case(
    desired: Desired, node: Node, facts: Facts, seen: Observed | None, certificate: str, *, starting: bool
) -> Case:
    situation = seen.situation if seen else Situation()
    # where the host's own record was lost, what is there is of the cluster's CA
    same_ca = bool(seen and certificate and seen.ca_certificate.strip() == certificate.strip())
    ours = bool(situation.begun) or (same_ca and bool(situation.remains))
    starts = starting and not ours and node.role != "load-balancer"
    return Case(node=node, cluster=desired.cluster, facts=facts, situation=situation, ours=ours, starts=starts)


def _own_rows(case: Case, vip: str) -> Iterator[Row]:
    """What one host alone shows."""
    yield from host_name_rows(case)
    yield from size_rows(case)
    yield from kernel_rows(case)
    yield from swap_rows(case)
    yield from port_rows(case)
    yield from leftover_rows(case)
    yield from network_rows(case)
    yield from foreign_rows(case)
    yield from proxy_rows(case, vip)


def _vip_elsewhere(desired: Desired, facts: Mapping[str, Facts]) -> Iterator[Row]:
    """Somebody else's interface has the address that keepalived is to hold."""
    roles = {node.host: node.role for node in desired.nodes}
    for host, found in facts.items():
        concerned = host in roles or desired.network.site is None
        if not concerned or roles.get(host) == "load-balancer":
            continue
        having = [i.name for i in found.interfaces if any(a.partition("/")[0] == desired.vip for a in i.addresses)]
        if having:
            yield Row(
                test_name="NoForeignHolder",
                category="Host",
                test_result="Failed",
                details=f"{', '.join(having)} has {desired.vip}, the address of the cluster's API server",
                recommendation=f"take {desired.vip} off {host}, or give the cluster's network another VIP pool",
                host=host,
                cluster=desired.cluster.name,
            )
