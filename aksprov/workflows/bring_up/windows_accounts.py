"""What kube-proxy and Flannel log in with on Windows nodes: no pod brings them there, so their kubeconfigs are files.

A kubeconfig has the token of the service account that the same program has on Linux nodes, and so its rights, no more.
Source: "Service account token Secrets" in Kubernetes' documentation; such a token lives until its Secret is deleted.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Final

from aksprov.errors import HostError
from aksprov.model.base import Value
from aksprov.model.derived import API_PORT, endpoint
from aksprov.model.desired import Desired
from aksprov.model.transport import Connection
from aksprov.rendering.windows_flannel import KUBECONFIG as FLANNEL_KUBECONFIG
from aksprov.rendering.windows_kube_proxy import KUBECONFIG as KUBE_PROXY_KUBECONFIG
from aksprov.workflows.bring_up.kubectl import kubectl

SECONDS: Final = 30.0
PAUSE: Final = 1.0


class Account(Value, frozen=True, kw_only=True):
    """A service account, and where its kubeconfig is on Windows nodes."""

    name: str
    namespace: str
    path: str

    @property
    def secret(self) -> str:
        """Name of the Secret that has its token."""
        return f"aksprov-windows-{self.name}"


KUBE_PROXY: Final = Account(name="kube-proxy", namespace="kube-system", path=KUBE_PROXY_KUBECONFIG)
FLANNEL: Final = Account(name="flannel", namespace="kube-flannel", path=FLANNEL_KUBECONFIG)


def accounts_of(desired: Desired) -> tuple[Account, ...]:
    """The accounts that Windows nodes of the cluster need."""
    return (KUBE_PROXY, FLANNEL) if desired.cluster.primary_network_plugin == "flannel" else (KUBE_PROXY,)


async def make_tokens(connection: Connection, address: str, accounts: tuple[Account, ...]) -> dict[Account, str]:
    """The accounts' tokens; those that there are already stay.

    Args:
        address: of the control plane that the connection leads to.

    Raises:
        HostError: AccountTokenMissing, KubectlFailed, or what the connection raises.
    """
    for account in accounts:
        await kubectl(connection, address, "apply -f -", json.dumps(_secret(account)))
    return {account: await _token(connection, address, account) for account in accounts}


def kubeconfigs(desired: Desired, certificate: str, tokens: Mapping[Account, str]) -> str:
    """The texts of kubeconfigs as join.ps1 takes them, each after a line ``> PATH``.

    Args:
        certificate: of the cluster's CA, PEM.
    """
    return "".join(f"> {a.path}\n{_kubeconfig(desired, certificate, a, token)}\n" for a, token in tokens.items())


async def _token(connection: Connection, address: str, account: Account) -> str:
    """Its token, which the API server's controller writes a moment after the Secret was made."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SECONDS
    asked = f"-n {account.namespace} get secret {account.secret} --ignore-not-found -o jsonpath='{{.data.token}}'"
    while not (found := (await kubectl(connection, address, asked)).strip()):
        if loop.time() > deadline:
            raise HostError(
                "AccountTokenMissing",
                f"the service account {account.name} has no token",
                where=f"host {connection.host.name}",
                why=f"Secret {account.secret} in {account.namespace} has none after {SECONDS:.0f} s",
                fix=f"see whether the account is there (kubectl -n {account.namespace} get serviceaccount "
                f"{account.name}), then run the same command again",
            )
        await asyncio.sleep(PAUSE)
    return base64.b64decode(found).decode()


def _secret(account: Account) -> dict[str, object]:
    annotations = {"kubernetes.io/service-account.name": account.name}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": account.secret, "namespace": account.namespace, "annotations": annotations},
        "type": "kubernetes.io/service-account-token",
    }


def _kubeconfig(desired: Desired, certificate: str, account: Account, token: str) -> str:
    """JSON, which is YAML too, on one line."""
    server = f"https://{endpoint(desired.vip, API_PORT)}"
    authority = base64.b64encode(certificate.encode()).decode()
    name = desired.cluster.key
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": authority}}],
            "users": [{"name": account.name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": account.name}}],
            "current-context": name,
        }
    )
