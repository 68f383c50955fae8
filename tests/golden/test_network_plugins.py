"""The network plugin's documents, as control planes get them: each data plane, Windows, dual stack, the oldest."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from goldens import Compare, texts
from sample_cluster import POOLS, desired

from aksprov.model.bundle import Bundle
from aksprov.model.cluster import NodePool
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.files import Renderer
from aksprov.rendering.network_plugin import plugin_files
from aksprov.rendering.templates import Templates

TEMPLATES = Templates.load()
WINDOWS = {"node_pools": (*POOLS, NodePool(name="windowspool", os_type="windows"))}
DUAL_STACK = {
    "pod_cidrs": ("10.244.0.0/16", "fd00:10:244::/56"),
    "service_cidrs": ("10.96.0.0/16", "fd00:10:96::/112"),
}


@pytest.mark.parametrize(
    ("case", "fields"),
    [
        ("calico-iptables", {}),
        ("calico-nftables", {"calico_dataplane": "nftables"}),
        ("calico-ebpf", {"calico_dataplane": "ebpf"}),
        ("calico-windows", WINDOWS),
        ("calico-dual-stack", DUAL_STACK),
        ("calico-ebpf-dual-stack", {**DUAL_STACK, "calico_dataplane": "ebpf"}),
        ("calico-oldest", {"kubernetes_version": "v1.20.15"}),
        ("flannel", {"primary_network_plugin": "flannel"}),
        ("flannel-windows", {**WINDOWS, "primary_network_plugin": "flannel"}),
    ],
)
def test_documents(case: str, fields: dict[str, Any], compare: Compare) -> None:
    what = desired()
    what = msgspec.structs.replace(what, cluster=msgspec.structs.replace(what.cluster, **fields))
    files = plugin_files(what, Renderer(TEMPLATES, what.cluster.key))
    compare(f"network-plugins/{case}", texts(Bundle(host="cp1", files=tuple(files))))


def test_flannel_on_a_windows_worker(compare: Compare) -> None:
    """Beside what every Windows worker gets: its configuration, and a script that a task runs."""
    what = desired(pools=(NodePool(name="windowspool", os_type="windows"),))
    cluster = msgspec.structs.replace(what.cluster, primary_network_plugin="flannel")
    files = render_bundle(msgspec.structs.replace(what, cluster=cluster), "w1", {}, {}, TEMPLATES).files
    own = tuple(f for f in files if "flannel" in f.path)
    compare("network-plugins/flannel-windows-worker", texts(Bundle(host="w1", files=own)))
    services = next(json.loads(f.content or "") for f in files if f.path.endswith("/services.json"))
    started = {task["script"]: task["limitMinutes"] for task in services["tasks"]}
    (script,) = (f.path for f in own if f.path.endswith(".ps1"))
    assert started[script] == 0
    assert "C:/run/flannel" in services["folders"]


def test_other_nodes_get_none_of_them() -> None:
    """Workers and load balancers need nothing of the network plugin before its DaemonSet comes."""
    for host in ("w1", "lb1"):
        paths = [f.path for f in render_bundle(desired(), host, {}, {}, TEMPLATES).files]
        assert [p for p in paths if "calico" in p or "cni" in p] == []
