"""The network plugin's documents by their makers' schemas, for every Kubernetes version that is offered."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import msgspec
import pytest
import yaml
from sample_cluster import POOLS, desired, windows_cluster

from aksprov.cmdlets.versions import OFFERED
from aksprov.cni.capabilities import check
from aksprov.cni.choice import Choice
from aksprov.errors import AksprovError
from aksprov.model.cluster import Cluster, NodePool
from aksprov.model.desired import Desired
from aksprov.rendering.files import Renderer
from aksprov.rendering.network_plugin import plugin_files
from aksprov.rendering.templates import Templates

TEMPLATES = Templates.load()
Document = dict[str, Any]
FIRST_OF_VALIDATE = 25  # kubernetes-validate has schemas of Kubernetes 1.25 and newer

WINDOWS = {"node_pools": (*POOLS, NodePool(name="windowspool", os_type="windows"))}
DUAL_STACK = {"pod_cidrs": ("10.244.0.0/16", "fd00::/56"), "service_cidrs": ("10.96.0.0/16", "fd01::/112")}
FLANNEL = {"primary_network_plugin": "flannel"}
# Whatever of these the table of capabilities lets through.
ASKED: tuple[dict[str, Any], ...] = (
    *({"calico_dataplane": d, **more} for d in ("iptables", "nftables", "ebpf") for more in ({}, DUAL_STACK)),
    WINDOWS,
    FLANNEL,
    {**FLANNEL, **WINDOWS},
)
# The API server has them under the first group and stores them under the second, which the schemas are of.
STORED = {
    "projectcalico.org/v3/FelixConfiguration": "crd.projectcalico.org/v1/FelixConfiguration",
    "projectcalico.org/v3/IPAMConfiguration": "crd.projectcalico.org/v1/IPAMConfig",
}
ADDED_WHEN_STORED = {"projectcalico.org/v3/IPAMConfiguration": {"autoAllocateBlocks": True}}


def asked(plugin: str) -> Iterator[tuple[str, Desired]]:
    """Every version with everything that its plugin can do."""
    for offered in OFFERED:
        for fields in ASKED:
            what = desired()
            cluster = msgspec.structs.replace(what.cluster, kubernetes_version=offered.version, **fields)
            if cluster.primary_network_plugin == plugin and possible(cluster):
                yield offered.version, msgspec.structs.replace(what, cluster=cluster)


def possible(cluster: Cluster) -> bool:
    """Whether the table lets it through."""
    try:
        check(Choice(cluster=cluster))
    except AksprovError:
        return False
    return True


def documents(what: Desired) -> list[Document]:
    """All documents of the plugin that a control plane gets."""
    files = plugin_files(what, Renderer(TEMPLATES, what.cluster.key))
    return [document for file in files for document in yaml.safe_load_all(file.content or "")]


def kind_of(document: Document) -> str:
    """As the schemas' keys have it."""
    return f"{document['apiVersion']}/{document['kind']}"


def closed(schema: Any) -> Any:
    """A schema that refuses unknown fields where the API server would drop them silently."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    open_by_intent = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if isinstance(schema.get("properties"), dict) and not open_by_intent:
        inner["additionalProperties"] = False
    return inner


@cache
def calico_schemas(release: str) -> dict[str, Any]:
    """Closed schemas of one release, by "<group>/<version>/<Kind>"."""
    name = f"calico-{release.rpartition('.')[0]}.json"
    schemas = json.loads((Path(os.environ["AKSPROV_TEST_SCHEMAS"]) / name).read_text())["schemas"]
    return {kind: closed(schema) for kind, schema in schemas.items()}


def validate(document: Document, release: str) -> None:
    """Hold one of Calico's documents against the schema of its release."""
    kind, schemas = kind_of(document), calico_schemas(release)
    stored = {**document, "spec": {**document["spec"], **ADDED_WHEN_STORED.get(kind, {})}}
    jsonschema.Draft202012Validator(schemas[STORED.get(kind, kind)]).validate(stored)


@pytest.mark.schemas
def test_calicos_documents_fit_their_release() -> None:
    """Unknown fields refused; calicoctl's file and the core API's ConfigMap are no objects of Calico's."""
    seen: set[str] = set()
    for version, what in asked("calico"):
        release = next(o.calico for o in OFFERED if o.version == version)
        for document in documents(what):
            if kind_of(document) not in ("projectcalico.org/v3/CalicoAPIConfig", "v1/ConfigMap"):
                validate(document, release)
                seen.add(f"{document['kind']} {release}")
    releases = {o.calico for o in OFFERED}
    assert {f"{kind} {r}" for kind in ("Installation", "APIServer", "FelixConfiguration") for r in releases} <= seen
    assert f"IPAMConfiguration {OFFERED[-1].calico}" in seen


@pytest.mark.schemas
@pytest.mark.parametrize(
    ("names", "said"), [(("Ethernet 2", "Ethernet 2"), {"vxlanAdapter": "Ethernet 2"}), (("Ethernet", "LAN"), None)]
)
def test_calico_is_told_the_adapter_of_windows_nodes(names: tuple[str, str], said: Document | None) -> None:
    """The one in the network's prefix, where all of them call it so: Calico knows one name."""
    what = windows_cluster()
    (node,) = (n for n in what.nodes if n.host == "w2")
    windows = (msgspec.structs.replace(node, interface=names[0]), msgspec.structs.replace(node, interface=names[1]))
    what = msgspec.structs.replace(what, nodes=(*(n for n in what.nodes if n.host != "w2"), *windows))
    (installation,) = (d for d in documents(what) if d["kind"] == "Installation")
    assert installation["spec"].get("windowsNodes") == said
    validate(installation, OFFERED[-1].calico)


@pytest.mark.schemas
@pytest.mark.parametrize("kind", ["Installation", "APIServer", "FelixConfiguration", "IPAMConfiguration"])
def test_a_field_that_calico_does_not_know_is_seen(kind: str) -> None:
    """The check above can fail."""
    what = desired()
    cluster = msgspec.structs.replace(what.cluster, **WINDOWS)
    document = next(d for d in documents(msgspec.structs.replace(what, cluster=cluster)) if d["kind"] == kind)
    with pytest.raises(jsonschema.ValidationError, match="nope"):
        validate({**document, "spec": {**document["spec"], "nope": 1}}, OFFERED[-1].calico)


@pytest.mark.parametrize("plugin", ["calico", "flannel"])
def test_objects_of_the_core_api_fit_their_version(plugin: str) -> None:
    """Namespace, RBAC, ConfigMap and DaemonSet by Kubernetes' own schemas, unknown fields refused."""
    seen: set[str] = set()
    for version, what in asked(plugin):
        minor = int(version.split(".")[1])
        if minor < FIRST_OF_VALIDATE:
            continue
        for document in documents(what):
            if "calico.org" not in document["apiVersion"] and "tigera.io" not in document["apiVersion"]:
                kubernetes_validate.validate(document, f"1.{minor}", strict=True)
                seen.add(document["kind"])
    assert (
        seen
        == {
            "calico": {"ConfigMap"},
            "flannel": {"Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "ConfigMap", "DaemonSet"},
        }[plugin]
    )


def test_a_field_that_kubernetes_does_not_know_is_seen() -> None:
    """The check above can fail."""
    daemon_set = next(d for _, what in asked("flannel") for d in documents(what) if d["kind"] == "DaemonSet")
    daemon_set["spec"]["template"]["spec"]["nope"] = 1
    with pytest.raises(kubernetes_validate.ValidationError, match="nope"):
        kubernetes_validate.validate(daemon_set, "1.36", strict=True)


@pytest.mark.parametrize(
    ("fields", "backend"),
    [
        (FLANNEL, {"Type": "vxlan"}),
        ({**FLANNEL, **WINDOWS}, {"Type": "vxlan", "VNI": 4096, "Port": 4789}),
    ],
)
def test_flannels_configuration_is_the_same_on_both_sides(fields: dict[str, Any], backend: dict[str, Any]) -> None:
    """The type is always there, as the parser would take udp; VNI and port of Windows also for Linux nodes."""
    what = desired()
    what = msgspec.structs.replace(what, cluster=msgspec.structs.replace(what.cluster, **fields))
    data = next(d["data"] for d in documents(what) if d["kind"] == "ConfigMap")
    assert json.loads(data["net-conf.json"]) == {"Network": "10.244.0.0/16", "Backend": backend}
    assert [p["type"] for p in json.loads(data["cni-conf.json"])["plugins"]] == ["flannel", "portmap"]


def test_every_node_finds_the_interface_that_reaches_the_gateway() -> None:
    """Hosts with two interfaces: the default route may go through the other one."""
    what = msgspec.structs.replace(desired(), cluster=msgspec.structs.replace(desired().cluster, **FLANNEL))
    daemon_set = next(d for d in documents(what) if d["kind"] == "DaemonSet")
    (container,) = daemon_set["spec"]["template"]["spec"]["containers"]
    assert f"--iface-can-reach={what.network.gateway}" in container["args"]
