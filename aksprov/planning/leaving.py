"""Which nodes leave a cluster that has too many of a kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from aksprov.model.base import Value
from aksprov.model.cluster import Node


class Group(Value, frozen=True, kw_only=True):
    """Nodes that are alike: the control plane, or a pool.

    Args:
        stay: how many of them have a place; fewer than there are.
    """

    nodes: tuple[Node, ...]
    stay: int


def nodes_that_leave(groups: Iterable[Group], silent: Collection[str]) -> tuple[Node, ...]:
    """Of each group first those whose hosts do not answer, then the last ones; in the order in which they go.

    So a cluster is never left with a node that is gone, for one that works; and etcd loses the members first
    that count for no majority.

    Args:
        silent: keys of the hosts that do not answer.
    """
    leaving: list[Node] = []
    for group in groups:
        order = sorted(group.nodes, key=lambda node: (node.host not in silent, -node.index))
        leaving += order[: len(group.nodes) - group.stay]
    return tuple(leaving)
