"""One node before anything is sent to it, and the rows that come of it."""

from __future__ import annotations

from aksprov.checks.compile import clean
from aksprov.model.base import Value
from aksprov.model.cluster import Cluster, Node
from aksprov.model.facts import Facts
from aksprov.model.row import Result, Row
from aksprov.model.situation import Situation


class Case(Value, frozen=True, kw_only=True):
    """A node with what its host said.

    Args:
        ours: a Kubernetes of this cluster has begun there, so what it has is its own.
        starts: Kubernetes is to be started on it in this run.
    """

    node: Node
    cluster: Cluster
    facts: Facts
    situation: Situation = Situation()
    ours: bool = False
    starts: bool = False

    @property
    def runs_pods(self) -> bool:
        """Whether it is a node of Kubernetes, not a load balancer."""
        return self.node.role != "load-balancer"

    def stops(self, test_name: str, details: str, recommendation: str) -> Row:
        """What Kubernetes would not start with: Failed where it is to be started, else Warning."""
        return self.row(test_name, "Failed" if self.starts else "Warning", details, recommendation)

    def warns(self, test_name: str, details: str, recommendation: str) -> Row:
        """What somebody should look at."""
        return self.row(test_name, "Warning", details, recommendation)

    def row(self, test_name: str, result: Result, details: str, recommendation: str) -> Row:
        """A row of this host; what it said may move no terminal's cursor."""
        return Row(
            test_name=test_name,
            category="Host",
            test_result=result,
            details=clean(details),
            recommendation=recommendation,
            host=self.node.host,
            cluster=self.cluster.name,
        )
