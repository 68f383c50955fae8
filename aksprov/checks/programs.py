"""Hosts that lack what their role needs, where it is not for us to install it.  Pure."""

from __future__ import annotations

from collections.abc import Mapping

from aksprov.facts.lacking import is_preinstalled, node_lacks
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts
from aksprov.model.row import Row

# Windows has no packages of Kubernetes
_WAYS = {False: "--program-source packages or bundle", True: "--program-source bundle"}


def program_rows(desired: Desired, facts: Mapping[str, Facts], *, starting: bool) -> tuple[Row, ...]:
    """A Failed row with all that it lacks for every such host, before anything is sent to any.

    Args:
        facts: by host key; a host without facts has no row.
        starting: Kubernetes is to be started, so that nodes must have theirs, too.
    """
    cluster, rows = desired.cluster, []
    for node in desired.nodes:
        found = facts.get(node.host)
        needed = node.role == "load-balancer" or starting
        if found is None or not needed or not is_preinstalled(cluster, found):
            continue
        missing = node_lacks(node, found, cluster)
        if missing:
            rows.append(
                Row(
                    test_name="ProgramsPresent",
                    category="Host",
                    test_result="Failed",
                    details=f"not installed: {', '.join(missing)}",
                    recommendation=f"install them on the host, or have it done with {_WAYS[bool(found.powershell)]}; "
                    "then run the same command again",
                    host=node.host,
                    cluster=cluster.name,
                )
            )
    return tuple(rows)
