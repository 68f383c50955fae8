"""Before a router id is taken for good: is somebody else on the subnet using it already?"""

from __future__ import annotations

import msgspec

from aksprov.checks.vrrp import Speaker, foreign_rows, listen
from aksprov.ipam.allocate import propose_router_id
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.network import RouterId
from aksprov.model.transport import Connection
from aksprov.rollout.runner import Fleet


async def keep_apart(desired: Desired, snapshot: Snapshot, fleet: Fleet) -> tuple[Desired, tuple[RouterId, ...]]:
    """Listen on the load balancers of a cluster that has no router id yet, and choose one that no stranger uses.

    Returns:
        The cluster, with a row for each load balancer that heard somebody or could not listen; and the ids that
        strangers have.

    Raises:
        DefinitionError: RouterIdsExhausted.
    """
    nodes = {n.host: n for n in desired.by_role("load-balancer")}
    if not nodes or any(r.cluster == desired.cluster.key for r in snapshot.router_ids):
        return desired, ()

    async def ask(connection: Connection) -> frozenset[Speaker] | None:
        return await listen(connection, nodes[connection.host.key])

    heard = await fleet.each(nodes, ask)
    own, network = [n.address for n in nodes.values()], desired.network
    foreign = tuple(
        RouterId(site=network.scope, prefix=network.ip_address_prefix, router_id=router_id, cluster="")
        for router_id in sorted({s.router_id for found in heard.values() for s in found or () if s.address not in own})
    )
    known = msgspec.structs.replace(snapshot, router_ids=(*snapshot.router_ids, *foreign))
    router_id = propose_router_id(network, known)
    rows = foreign_rows(heard, own, router_id, desired.cluster.name)
    return msgspec.structs.replace(desired, router_id=router_id, rows=(*desired.rows, *rows)), foreign
