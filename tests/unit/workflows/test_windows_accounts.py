"""What kube-proxy and Flannel log in with on Windows nodes, as a control plane is asked for it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from sample_cluster import windows_cluster

from aksprov.errors import HostError
from aksprov.model.host import Host
from aksprov.model.transport import Completed
from aksprov.workflows.bring_up import windows_accounts
from aksprov.workflows.bring_up.windows_accounts import FLANNEL, KUBE_PROXY, accounts_of, kubeconfigs, make_tokens


class ControlPlane:
    """Answers kubectl; a token is there when it is asked for the second time, or never."""

    host = Host(name="cp1", address="10.77.0.11", os="linux")

    def __init__(self, *, tokens: bool) -> None:
        self.tokens, self.asked, self.given = tokens, list[str](), list[dict[str, Any]]()

    async def run(self, script: str, stdin: bytes = b"") -> Completed:
        self.asked.append(script)
        if "apply -f -" in script:
            self.given.append(json.loads(stdin))
            return Completed(status=0, stdout=b"")
        name = next(account.name for account in (KUBE_PROXY, FLANNEL) if account.secret in script)
        there = self.tokens and sum(script == other for other in self.asked) > 1
        return Completed(status=0, stdout=base64.b64encode(f"token of {name}".encode()) if there else b"")


def make(control_plane: ControlPlane, accounts: Sequence[Any]) -> dict[Any, str]:
    return asyncio.run(make_tokens(control_plane, "10.77.0.11", tuple(accounts)))  # type: ignore[arg-type]


@pytest.mark.parametrize(("plugin", "accounts"), [("calico", [KUBE_PROXY]), ("flannel", [KUBE_PROXY, FLANNEL])])
def test_each_program_gets_its_own_accounts_token(
    plugin: str, accounts: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows_accounts, "PAUSE", 0.0)
    what, control_plane = windows_cluster(plugin), ControlPlane(tokens=True)
    assert list(accounts_of(what)) == accounts
    tokens = make(control_plane, accounts_of(what))
    assert [(g["metadata"]["namespace"], g["metadata"]["annotations"]) for g in control_plane.given] == [
        (account.namespace, {"kubernetes.io/service-account.name": account.name}) for account in accounts
    ]
    parts = kubeconfigs(what, "the CA's certificate", tokens).split("> ")[1:]
    for account, part in zip(accounts, parts, strict=True):
        path, _, text = part.partition("\n")
        config = json.loads(text)
        assert (path, "\n" in text.strip()) == (f"C:/etc/kubernetes/{account.name}.conf", False)
        assert config["users"] == [{"name": account.name, "user": {"token": f"token of {account.name}"}}]
        assert config["clusters"][0]["cluster"]["server"] == "https://10.77.0.200:6443"


def test_an_account_without_a_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_accounts, "SECONDS", 0.0)
    monkeypatch.setattr(windows_accounts, "PAUSE", 0.0)
    with pytest.raises(HostError) as raised:
        make(ControlPlane(tokens=False), [FLANNEL])
    assert (raised.value.code, raised.value.where) == ("AccountTokenMissing", "host cp1")
    assert "kubectl -n kube-flannel get serviceaccount flannel" in raised.value.fix
