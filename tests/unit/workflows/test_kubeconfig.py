"""A credential is merged into what a person has, and takes nothing away."""

from __future__ import annotations

import pytest
import yaml

from aksprov.errors import DefinitionError
from aksprov.workflows.kubeconfig import merged, read_admin_conf

ADMIN = """apiVersion: v1
kind: Config
clusters: [{name: kubernetes, cluster: {server: "https://10.0.0.200:6443", certificate-authority-data: QQ==}}]
users: [{name: kubernetes-admin, user: {client-certificate-data: QQ==, client-key-data: QQ==}}]
contexts: [{name: kubernetes-admin@kubernetes, context: {cluster: kubernetes, user: kubernetes-admin}}]
current-context: kubernetes-admin@kubernetes
"""
MINE = """# mine
apiVersion: v1
kind: Config
preferences: {colors: true}
clusters:
- name: other
  cluster: {server: "https://other"}  # by hand
contexts: null
users: []
current-context: other
"""


def test_what_is_there_stays_with_its_comments_and_the_newest_is_current() -> None:
    demo, shop = read_admin_conf("demo", ADMIN), read_admin_conf("shop", ADMIN.replace("10.0.0.200", "10.0.0.201"))
    text = merged(shop, merged(demo, MINE.encode(), "f").encode(), "f")
    found = yaml.safe_load(text)
    assert "# mine" in text and "# by hand" in text and found["preferences"] == {"colors": True}
    assert [c["name"] for c in found["clusters"]] == ["other", "demo", "shop"]
    assert found["current-context"] == "shop-admin@shop"
    context = next(c["context"] for c in found["contexts"] if c["name"] == found["current-context"])
    assert context == {"cluster": "shop", "user": "shop-admin"}
    assert next(c["cluster"]["server"] for c in found["clusters"] if c["name"] == "shop") == "https://10.0.0.201:6443"


def test_the_same_cluster_again_takes_its_own_place() -> None:
    old = merged(read_admin_conf("demo", ADMIN), b"", "f")
    new = yaml.safe_load(merged(read_admin_conf("demo", ADMIN.replace("200", "201")), old.encode(), "f"))
    assert [c["cluster"]["server"] for c in new["clusters"]] == ["https://10.0.0.201:6443"]
    assert len(new["users"]) == len(new["contexts"]) == 1


def test_a_name_that_yaml_takes_for_something_else_stays_a_name() -> None:
    """kubectl reads YAML 1.1, as PyYAML does."""
    mine = 'contexts:\n- name: "on"\n  context: {cluster: "y", user: "12"}\n'
    found = yaml.safe_load(merged(read_admin_conf("no", ADMIN), mine.encode(), "f"))
    assert [c["name"] for c in found["contexts"]] == ["on", "no-admin@no"]
    assert found["contexts"][0]["context"] == {"cluster": "y", "user": "12"}
    assert found["clusters"][0]["name"] == found["contexts"][1]["context"]["cluster"] == "no"


@pytest.mark.parametrize("text", [b"a: [", b"- 1", b"just text", b"clusters: {a: b}", b"\xff\xfe\x00"])
def test_a_file_of_another_kind_is_refused(text: bytes) -> None:
    with pytest.raises(DefinitionError) as refused:
        merged(read_admin_conf("demo", ADMIN), text, "f")
    assert refused.value.code == "KubeconfigInvalid" and refused.value.where == "f"
