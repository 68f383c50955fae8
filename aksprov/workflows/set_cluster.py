"""set-cluster: another number of control plane nodes."""

from __future__ import annotations

import msgspec

from aksprov.model.cluster import Cluster
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.workflows.pool_change import change_nodes
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Let hosts join the control plane, or take them out of it and out of etcd.

    Raises:
        NotFoundError: ClusterNotFound.
        DefinitionError: TooFewHosts.
        UsageError: ConfirmationNeeded, where nodes leave.
    """
    count = request.integer("controlPlaneNodeCount")

    def edit(cluster: Cluster) -> Cluster:
        return msgspec.structs.replace(cluster, control_plane_node_count=count or cluster.control_plane_node_count)

    return change_nodes(request, session, request.need("name"), edit)
