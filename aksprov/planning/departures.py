"""A Warning row for each thing that a site sets otherwise than aksprov does."""

from __future__ import annotations

from collections.abc import Iterator

from aksprov.model.cluster import Cluster
from aksprov.model.row import Row


def departure_rows(cluster: Cluster) -> tuple[Row, ...]:
    """Of --node-settings, one row for each field."""
    return tuple(
        Row(
            test_name="NodeSettings",
            category="Definition",
            test_result="Warning",
            details=text,
            recommendation="leave it out of --node-settings where the hosts do not need it",
            host="",
            cluster=cluster.name,
        )
        for text in _departures(cluster)
    )


def _departures(cluster: Cluster) -> Iterator[str]:
    settings = cluster.node_settings
    if settings.containerd.restrict_oom_score_adj:
        yield "containerd keeps the oom_score_adj that it is given"
    for kind, fields in (("KubeletConfiguration", settings.kubelet), ("KubeProxyConfiguration", settings.kube_proxy)):
        for name in fields:
            yield f"{kind} has the site's own {name}"
    for name in settings.skip_addons:
        yield f"kubeadm does not install {name}"
    for name in settings.ignore_preflight_errors:
        yield f"kubeadm goes on in spite of {name}"
