"""What there is to say of a cluster's nodes once they are chosen."""

from __future__ import annotations

from collections.abc import Iterable

from aksprov.ipam.capacity import Capacity, Fit, Need, capacity_of, fit
from aksprov.ipam.dual_stack import is_dual_stack, node_ipv6
from aksprov.ipam.groups import Group
from aksprov.model.cluster import Cluster, Node
from aksprov.model.desired import Snapshot
from aksprov.model.host import Role
from aksprov.model.row import Result, Row


def definition_rows(cluster: Cluster) -> list[Row]:
    """A warning where the number of control planes is even."""
    count = cluster.control_plane_node_count
    if count % 2:
        return []
    return [
        _row(
            cluster,
            "ControlPlaneCountEven",
            "Warning",
            f"{count} control plane nodes survive the loss of {(count - 1) // 2}, as many as {count - 1} do: "
            "etcd needs a majority",
            f"use {count - 1} or {count + 1}",
        )
    ]


def capacity_rows(cluster: Cluster, groups: list[Group], nodes: Iterable[Node], snapshot: Snapshot) -> list[Row]:
    """A row for each host that is smaller than its VM size, or of unknown size."""
    needs = {(group.role, group.pool): group.need for group in groups}
    rows: list[Row] = []
    for node in nodes:
        host, wanted = snapshot.hosts.get(node.host), needs.get((node.role, node.pool))
        if host is None or wanted is None:
            continue
        capacity = capacity_of(host, snapshot.facts.get(node.host))
        if fit(capacity, wanted) is not Fit.SIZE:
            rows.append(_smaller(cluster, host.name, node.role, capacity, wanted))
        elif capacity.cpus is None or capacity.memory_mb is None:
            rows.append(
                _row(
                    cluster,
                    "CapacityUnknown",
                    "Skipped",
                    f"it has {capacity}; that counts as enough for {wanted.vm_size}",
                    "run test-host, or declare its capacity",
                    host.name,
                )
            )
    return rows


def dual_stack_rows(cluster: Cluster, nodes: Iterable[Node], snapshot: Snapshot) -> list[Row]:
    """Nodes of a dual-stack cluster that are placed and have, or show, no IPv6 address.

    A host that answered and has none is left alone, as half a node is none.  One that nothing is known of can only be
    a folder's.
    """
    missing = [n for n in nodes if is_dual_stack(cluster) and not node_ipv6(snapshot.facts.get(n.host), n.interface)]
    return [
        _row(
            cluster,
            "HostWithoutIpv6",
            "Failed" if node.host in snapshot.facts else "Warning",
            f"it has no IPv6 address on {node.interface} that others reach, and the cluster has both families"
            if node.host in snapshot.facts
            else f"no IPv6 address of it on {node.interface} is known, so its files have none",
            "give it one there and run test-host, then the same command again",
            snapshot.hosts[node.host].name if node.host in snapshot.hosts else node.host,
        )
        for node in missing
    ]


def _smaller(cluster: Cluster, host: str, role: Role, capacity: Capacity, wanted: Need) -> Row:
    return _row(
        cluster,
        "HostSmallerThanVmSize",
        "Warning",
        f"it has {capacity}; {wanted.vm_size} for a {role.replace('-', ' ')} means {wanted.cpus} CPUs, "
        f"{wanted.memory_mb} MB",
        "use a larger host, or a smaller VM size",
        host,
    )


def _row(cluster: Cluster, name: str, result: Result, details: str, cure: str, host: str = "") -> Row:
    return Row(
        test_name=name,
        category="Placement",
        test_result=result,
        details=details,
        recommendation=cure,
        host=host,
        cluster=cluster.name,
    )
