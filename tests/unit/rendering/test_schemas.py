"""kubeadm's, the kubelet's, kube-proxy's and Calico's documents by their makers' schemas, unknown fields refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from sample_cluster import desired

from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates

pytestmark = pytest.mark.schemas

TEMPLATES = Templates.load()
FILES = ("kubeadm-v1beta4.json", "components-1.36.json", "calico-v3.32.json")
WITHOUT_SCHEMA = {"projectcalico.org/v3/CalicoAPIConfig"}  # a file of calicoctl's own, no object of the API


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


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    """ "<group>/<version>/<Kind>" -> closed schema."""
    folder = Path(os.environ["AKSPROV_TEST_SCHEMAS"])
    return {kind: closed(s) for name in FILES for kind, s in json.loads((folder / name).read_text())["schemas"].items()}


def documents(host: str) -> list[dict[str, Any]]:
    """Every document with a kind among a host's files."""
    texts = [f.content for f in render_bundle(desired(), host, {}, {}, TEMPLATES).files if f.content]
    yamls = [t for t in texts if t.startswith("# managed by aksprov") and "\nkind: " in t]
    return [document for text in yamls for document in yaml.safe_load_all(text)]


@pytest.mark.parametrize(
    ("host", "kinds"),
    [
        (
            "cp1",
            {"APIServer", "CalicoAPIConfig", "ClusterConfiguration", "FelixConfiguration", "InitConfiguration",
             "Installation", "KubeProxyConfiguration", "KubeletConfiguration"},
        ),
        ("cp2", {"APIServer", "CalicoAPIConfig", "FelixConfiguration", "Installation", "JoinConfiguration"}),
        ("w2", {"JoinConfiguration"}),
    ],
)  # fmt: skip
def test_documents_fit_their_schemas(host: str, kinds: set[str], schemas: dict[str, Any]) -> None:
    found = documents(host)
    assert {d["kind"] for d in found} == kinds
    for document in found:
        kind = f"{document['apiVersion']}/{document['kind']}"
        if kind not in WITHOUT_SCHEMA:
            jsonschema.Draft202012Validator(schemas[kind]).validate(document)


@pytest.mark.parametrize("kind", ["Installation", "FelixConfiguration", "JoinConfiguration"])
def test_an_unknown_field_is_refused(kind: str, schemas: dict[str, Any]) -> None:
    """The check above can fail."""
    document = next(d for d in documents("cp2") if d["kind"] == kind)
    spoiled = {**document, "spec": {**document["spec"], "nope": 1}} if "spec" in document else {**document, "nope": 1}
    with pytest.raises(jsonschema.ValidationError, match="nope"):
        jsonschema.Draft202012Validator(schemas[f"{document['apiVersion']}/{kind}"]).validate(spoiled)
