"""The error of a cluster that the inventory has too few hosts for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from aksprov.errors import DefinitionError
from aksprov.ipam.allocate import at_site
from aksprov.ipam.candidates import NOT_YET, Reason
from aksprov.ipam.groups import Group
from aksprov.ipam.ranges import natural
from aksprov.model.cluster import Cluster
from aksprov.model.desired import Snapshot
from aksprov.model.network import Network
from aksprov.model.quarantine import is_quarantine

_MANY: Final = 5  # names that an error lists for one reason


def too_few(
    cluster: Cluster,
    network: Network,
    snapshot: Snapshot,
    groups: list[Group],
    chosen: list[list[str]],
    reasons: Mapping[str, Reason],
) -> DefinitionError:
    """What is missing for each role, and why hosts were kept out.

    Args:
        chosen: the hosts of each group.
        reasons: by host key.
    """
    missing = [
        f"{group.missing - len(hosts)} of {group.count} {group.title}"
        for group, hosts in zip(groups, chosen, strict=True)
        if len(hosts) < group.missing
    ]
    kept_out = "; ".join(_kept_out(cluster, network, snapshot, reasons))
    cures = dict.fromkeys(reason.recommendation for reason in reasons.values() if reason.test_name == NOT_YET)
    return DefinitionError(
        "TooFewHosts",
        f"cluster {cluster.name} lacks hosts: {', '.join(missing)}",
        where=f"cluster {cluster.name}, network {network.name}",
        why=f"the inventory has {len(snapshot.hosts)} hosts" + (f"; kept out are {kept_out}" if kept_out else ""),
        fix="; ".join(
            ("add hosts with add-host, allow more roles on those that are there, or ask for fewer nodes", *cures)
        ),
    )


def _kept_out(cluster: Cluster, network: Network, snapshot: Snapshot, reasons: Mapping[str, Reason]) -> Iterator[str]:
    """The hosts of each reason, with what is to be said of the first of them."""
    busy = {node.host for node in snapshot.nodes}
    apart = sorted({node.host for node in snapshot.nodes if is_quarantine(node.cluster)}, key=natural)
    others = sorted({node.host for node in snapshot.nodes if node.cluster != cluster.key} - {*apart}, key=natural)
    elsewhere = (host.name for key, host in snapshot.hosts.items() if key not in busy and not at_site(host, network))
    known = (("InACluster", others), ("HostQuarantined", apart), ("HostOfOtherSite", sorted(elsewhere, key=natural)))
    for title, names in known:
        if names:
            yield f"{title}: {_some(names)}"
    by_name: dict[str, list[str]] = {}
    for key, reason in reasons.items():
        by_name.setdefault(reason.test_name, []).append(key)
    for title, keys in by_name.items():
        yield f"{title}: {_some([snapshot.hosts[key].name for key in keys])} ({reasons[keys[0]].details})"


def _some(names: list[str]) -> str:
    return ", ".join(names[:_MANY]) + (f" and {len(names) - _MANY} more" if len(names) > _MANY else "")
