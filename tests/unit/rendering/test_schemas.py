"""kubeadm's, the kubelet's and kube-proxy's documents by their makers' schemas, unknown fields refused.

Every version with all that may be asked of it; Calico's documents are tested with the network plugins.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from matrix import CELLS, Cell, possible

from aksprov.cmdlets.versions import OFFERED

Document = dict[str, Any]
NEWEST_SCHEMA = 36  # there are none of the kubelet's and kube-proxy's documents of 1.37
JOIN, INIT, CLUSTER = "JoinConfiguration", "InitConfiguration", "ClusterConfiguration"
KUBELET, PROXY = "KubeletConfiguration", "KubeProxyConfiguration"


@cache
def schemas(name: str) -> dict[str, Any]:
    """Kind -> schema, of a file such as "kubeadm-v1beta4"."""
    text = (Path(os.environ["AKSPROV_TEST_SCHEMAS"]) / f"{name}.json").read_text()
    return {key.rpartition("/")[2]: schema for key, schema in json.loads(text)["schemas"].items()}


def schema_of(kind: str, kubeadm: str, minor: int) -> Any:
    """The schema that a kind has with a version of kubeadm's API or a Kubernetes minor."""
    in_kubeadm = kind in (JOIN, INIT, CLUSTER)
    return schemas(f"kubeadm-{kubeadm}" if in_kubeadm else f"components-1.{min(minor, NEWEST_SCHEMA)}")[kind]


def refuses(schema: Any, document: Document) -> list[str]:
    """Where a schema refuses a document."""
    return [e.json_path for e in jsonschema.Draft202012Validator(schema).iter_errors(document)]


def documents(cell: Cell, host: str = "") -> list[Document]:
    """What kubeadm and kube-proxy read on all hosts, or on one."""
    texts = [
        file.content or ""
        for bundle in cell.bundles
        if host in ("", bundle.host)
        for file in bundle.files
        if file.reader == "kubeadm" or file.path.endswith("/kube-proxy.yaml")
    ]
    return [document for text in texts for document in yaml.safe_load_all(text)]


def of_kind(kind: str, minor: str, title: str = "calico, iptables", host: str = "") -> Document:
    """The first document of a kind in one cell; w3 is the Windows node of those that have one."""
    cell = next(c for c in CELLS if (c.version.minor, c.variant.title) == (minor, title))
    return next(d for d in documents(cell, host) if d["kind"] == kind)


@pytest.mark.schemas
@pytest.mark.parametrize("version", OFFERED, ids=lambda v: v.minor)
def test_documents_fit_the_schemas_of_their_version(version: Any) -> None:
    """And name no other version of kubeadm's API."""
    seen: set[str] = set()
    for cell in (c for c in possible() if c.version is version):
        for document in documents(cell):
            kind = document["kind"]
            assert refuses(schema_of(kind, version.kubeadm, version.number), document) == [], cell.variant.title
            assert kind in (KUBELET, PROXY) or document["apiVersion"] == f"kubeadm.k8s.io/{version.kubeadm}"
            seen.add(kind)
    assert seen == {JOIN, INIT, CLUSTER, KUBELET, PROXY}


@pytest.mark.schemas
@pytest.mark.parametrize(
    ("document", "kubeadm", "minor", "where"),
    [
        # arguments are a map before v1beta4 and a list from there on
        (lambda: of_kind(INIT, "1.31"), "v1beta3", 30, "$.nodeRegistration.kubeletExtraArgs"),
        (lambda: of_kind(JOIN, "1.31"), "v1beta3", 30, "$.nodeRegistration.kubeletExtraArgs"),
        (lambda: of_kind(INIT, "1.30"), "v1beta4", 31, "$.nodeRegistration.kubeletExtraArgs"),
        (lambda: of_kind(JOIN, "1.30"), "v1beta4", 31, "$.nodeRegistration.kubeletExtraArgs"),
        # each has its own way to leave kube-proxy out, and v1beta2 none
        (lambda: of_kind(CLUSTER, "1.31", "calico, ebpf"), "v1beta3", 30, "$"),
        (lambda: of_kind(INIT, "1.22", "calico, ebpf"), "v1beta2", 21, "$"),
        # kube-proxy knows that it is a Windows service from 1.31 on
        (lambda: of_kind(PROXY, "1.31", "flannel, Windows nodes", host="w3"), "", 30, "$"),
        (lambda: {**of_kind(KUBELET, "1.36"), "nope": 1}, "", 36, "$"),
    ],
)  # fmt: skip
def test_a_neighbours_schema_refuses_what_it_does_not_know(document: Any, kubeadm: str, minor: int, where: str) -> None:
    """So nothing of one version is in another's documents where the test above passes."""
    spoiled = document()
    assert where in refuses(schema_of(spoiled["kind"], kubeadm, minor), spoiled)


def test_kube_proxy_is_left_out_where_calico_takes_its_place() -> None:
    """In the document of each version of the API that can say so; its own document goes with it."""
    assert of_kind(INIT, "1.22", "calico, ebpf")["skipPhases"] == ["addon/kube-proxy"]
    assert of_kind(CLUSTER, "1.31", "calico, ebpf")["proxy"] == {"disabled": True}
    for cell in (c for c in possible() if c.variant.title == "calico, ebpf"):
        assert PROXY not in {d["kind"] for d in documents(cell)}, cell.version.minor


def test_kube_proxy_follows_calicos_data_plane() -> None:
    assert of_kind(PROXY, "1.31", "calico, nftables")["mode"] == "nftables"
    assert of_kind(PROXY, "1.31", "calico, iptables")["mode"] == "iptables"


@pytest.mark.parametrize("minor", ["1.21", "1.37"])
def test_a_node_has_an_address_of_each_family_in_a_dual_stack_cluster(minor: str) -> None:
    """As a list of one text in either form of the kubelet's arguments."""
    arguments = of_kind(JOIN, minor, "calico, dual stack")["nodeRegistration"]["kubeletExtraArgs"]
    by_name = arguments if isinstance(arguments, dict) else {a["name"]: a["value"] for a in arguments}
    assert by_name["node-ip"] == "10.77.0.12,fd77::2"
