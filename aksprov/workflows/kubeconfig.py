"""Kubeconfigs as kubectl reads them: one cluster's, and that merged into a person's file.

The format: kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig.
"""

from __future__ import annotations

import base64
import io
from datetime import datetime
from typing import Any

from cryptography import x509
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from aksprov.errors import DefinitionError
from aksprov.model.base import Value

_LISTS = ("clusters", "users", "contexts")


class Credential(Value, frozen=True, kw_only=True):
    """The administrator's access to one cluster.

    Args:
        name: of the cluster, lower case.
        cluster, user: kubeconfig's own objects, as kubeadm wrote them; the user's has a private key.
    """

    name: str
    cluster: dict[str, Any]
    user: dict[str, Any]

    @property
    def context(self) -> str:
        """The name of its context."""
        return f"{self.name}-admin@{self.name}"

    @property
    def expires(self) -> datetime:
        """When its certificate ends, UTC."""
        pem = base64.b64decode(self.user["client-certificate-data"])
        return x509.load_pem_x509_certificate(pem).not_valid_after_utc


def read_admin_conf(name: str, text: str) -> Credential:
    """The credential in kubeadm's admin.conf, under names of the cluster's own.

    Args:
        name: of the cluster, lower case.
    """
    document = YAML(typ="safe", pure=True).load(text)
    return Credential(name=name, cluster=document["clusters"][0]["cluster"], user=document["users"][0]["user"])


def merged(credential: Credential, there: bytes, where: str) -> str:
    """A kubeconfig with the credential in it, as its current context; everything else in it stays.

    Args:
        there: what the file has, b"" for nothing.
        where: the file, for errors.

    Raises:
        DefinitionError: KubeconfigInvalid.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1_000_000  # certificates stay on their lines
    try:
        text = there.decode()
        document = yaml.load(text) if text.strip() else {"apiVersion": "v1", "kind": "Config"}
    except (YAMLError, UnicodeDecodeError) as error:
        raise _invalid(where, str(error).partition("\n")[0]) from None
    if not isinstance(document, dict) or any(not isinstance(document.get(key) or [], list) for key in _LISTS):
        raise _invalid(where, "it is not an object with lists of clusters, users and contexts")
    name, user = credential.name, f"{credential.name}-admin"
    _put(document, "clusters", {"name": name, "cluster": credential.cluster})
    _put(document, "users", {"name": user, "user": credential.user})
    _put(document, "contexts", {"name": credential.context, "context": {"cluster": name, "user": user}})
    document["current-context"] = DoubleQuotedScalarString(credential.context)
    written = io.StringIO()
    yaml.dump(document, written)
    return written.getvalue()


def _put(document: dict[str, Any], key: str, entry: dict[str, Any]) -> None:
    kept = [e for e in document.get(key) or [] if not isinstance(e, dict) or e.get("name") != entry["name"]]
    document[key] = [*kept, _quoted(entry)]


def _quoted(value: Any) -> Any:
    """With all texts in quotes: kubectl reads YAML 1.1, where a plain "no", "y" or "12" is none."""
    if isinstance(value, dict):
        return {name: _quoted(inner) for name, inner in value.items()}
    return DoubleQuotedScalarString(value) if isinstance(value, str) else value


def _invalid(where: str, why: str) -> DefinitionError:
    return DefinitionError(
        "KubeconfigInvalid",
        "the credential cannot be merged into this file",
        where=where,
        why=why,
        fix="give another --config-path, or mend the file",
    )
