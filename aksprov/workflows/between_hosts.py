"""What only several hosts together can tell before Kubernetes starts on them: whether the pods' network would work."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from aksprov.checks.ask import ask
from aksprov.checks.compile import Question
from aksprov.checks.overlay import Heard, deaf, listen_for, name_rows, overlay_rows
from aksprov.cmdlets.versions import find_version
from aksprov.cni.vxlan import linux_port
from aksprov.model.desired import Desired
from aksprov.model.facts import Observed
from aksprov.model.transport import Connection
from aksprov.rendering.templates import ImageHosts
from aksprov.rollout.runner import CONCURRENCY, Fleet

_FIREWALL = Question(kind="firewall")


async def with_probes(desired: Desired, observed: Mapping[str, Observed], fleet: Fleet, images: ImageHosts) -> Desired:
    """The cluster with a row for each node whose overlay or name servers would not work.

    Linux nodes try where nothing of Kubernetes has begun, as many as can be asked at one moment.

    Args:
        observed: what hosts said now, by host key.
        images: where images are pulled from.
    """
    fresh = {
        key for key, seen in observed.items() if not seen.situation.begun and not seen.facts.powershell
    } - fleet.failures.keys()
    nodes = [n for n in desired.nodes if n.role != "load-balancer" and n.name in fresh][:CONCURRENCY]
    port, host = linux_port(desired.cluster), _image_host(desired, images)
    if not nodes or (len(nodes) == 1 and not host):
        return desired
    by_name = {node.name: node for node in nodes}

    async def listen(connection: Connection) -> Heard:
        node = by_name[connection.host.key]
        return await listen_for(connection, node, port, [n for n in nodes if n is not node], host)

    async def rules_of(connection: Connection) -> tuple[str, ...]:
        return (await ask(connection, _FIREWALL)).get(_FIREWALL, ())

    heard = await fleet.each(by_name, listen)
    rules = await fleet.each(deaf(heard, nodes), rules_of)
    # who has no name server at all has a row already
    asking = [node for node in nodes if observed[node.name].situation.name_servers]
    rows = (*overlay_rows(heard, nodes, port, rules), *name_rows(heard, asking))
    return msgspec.structs.replace(desired, rows=(*desired.rows, *rows))


def _image_host(desired: Desired, images: ImageHosts) -> str:
    """The name that has to be known where images are pulled; "" where they are not, or an address says it."""
    if "ImagePull" in desired.cluster.node_settings.ignore_preflight_errors:
        return ""
    place = images.kubernetes_of(find_version(desired.cluster.kubernetes_version)).partition("/")[0]
    name = place.partition(":")[0]
    return "" if re.fullmatch(r"[0-9.]*|\[.*", name) else name
