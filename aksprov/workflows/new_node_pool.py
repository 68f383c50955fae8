"""new-node-pool: more workers for a cluster that is there."""

from __future__ import annotations

import msgspec

from aksprov.errors import DefinitionError
from aksprov.model.cluster import DEFAULT_MAX_PODS, Cluster, NodePool
from aksprov.model.names import check_name
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.workflows.pool_change import change_pools
from aksprov.workflows.pool_definition import read_host_labels, read_taint
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Record the pool, configure its hosts, and let them join where Kubernetes runs.

    Raises:
        DefinitionError: NodePoolExistsDifferently, LabelInvalid, TooFewHosts.
        NotFoundError: ClusterNotFound.
    """
    pool = NodePool(
        name=check_name("node pool", request.need("name")),
        count=request.integer("count") or 1,
        vm_size=request.need("vmSize"),
        os_type="windows" if request.need("osType").lower() == "windows" else "linux",
        os_sku=request.text("osSku"),
        taints=tuple(read_taint(text) for text in request.texts("taints")),
        max_pods=request.integer("maxPodCount") or DEFAULT_MAX_PODS,
        host_labels=read_host_labels(request.values.get("hostLabels") or {}),
    )

    def edit(cluster: Cluster) -> Cluster:
        there = next((p for p in cluster.node_pools if p.name.lower() == pool.name.lower()), None)
        if there is None:
            return msgspec.structs.replace(cluster, node_pools=(*cluster.node_pools, pool))
        if msgspec.structs.replace(there, name=pool.name) != pool:
            raise DefinitionError(
                "NodePoolExistsDifferently",
                f"cluster {cluster.name} has a node pool {there.name} with other values",
                where="name",
                why=f"it is {there.count} x {there.vm_size}, {there.os_type}, {there.max_pods} pods, "
                f"taints {', '.join(map(str, there.taints)) or 'none'}, "
                f"host labels {', '.join(f'{k}={v}' for k, v in there.host_labels.items()) or 'none'}",
                fix="change its count with set-node-pool, or choose another name",
            )
        return cluster

    return change_pools(request, session, edit, pool.name)
