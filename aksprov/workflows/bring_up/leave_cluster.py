"""A node leaves: what a control plane that stays does about it."""

from __future__ import annotations

import json
from typing import Any, Final

from aksprov.model.cluster import Node
from aksprov.model.derived import endpoint
from aksprov.model.transport import Connection
from aksprov.workflows.bring_up.kubectl import kubectl, run_kubectl
from aksprov.workflows.bring_up.long_step import Holder, long_step
from aksprov.workflows.bring_up.scripts import script
from aksprov.workflows.bring_up.steps import Action

DRAIN: Final = "drain-node"
DELETE: Final = "delete-node"
REMOVE_MEMBER: Final = "remove-etcd-member"
DRAIN_SECONDS: Final = 600
DELETE_SECONDS: Final = 120
_PEER_PORT: Final = 2380  # kubeadm's (kubernetes/kubernetes: cmd/kubeadm/app/constants)
_PKI: Final = "/etc/kubernetes/pki/etcd"
# etcd's own gateway (etcd.io/docs: gRPC gateway) takes JSON by POST, which kubectl can send: a node has it in any case.
_ETCD: Final = (
    "--kubeconfig /dev/null --server https://127.0.0.1:2379 "
    f"--certificate-authority {_PKI}/ca.crt --client-certificate {_PKI}/healthcheck-client.crt "
    f"--client-key {_PKI}/healthcheck-client.key"
)
_MEMBER: Final = "create -f - --raw /v3/cluster/member/"


def drain(asked: Node, node: Node) -> Action:
    """The node's pods go elsewhere, then it is deleted."""
    return _leave("drain", DRAIN, DRAIN_SECONDS, asked, node)


def delete(asked: Node, node: Node) -> Action:
    """The node is deleted as it is: its host does not answer."""
    return _leave("delete", DELETE, DELETE_SECONDS, asked, node)


def remove_member(asked: Node, node: Node) -> Action:
    """The member of etcd that the control plane ``node`` has is removed, where it is one still."""

    async def action(connection: Connection, holder: Holder) -> None:
        members = json.loads(await run_kubectl(connection, _ETCD, f"{_MEMBER}list", "{}"))
        member = member_of(members, node.address)
        if member is not None:
            await run_kubectl(connection, _ETCD, f"{_MEMBER}remove", json.dumps({"ID": member}))

    return action


async def forget_member(connection: Connection, asked: Node, node: Node) -> None:
    """The record of an etcd that ``node`` had before it left: kubeadm join asks every one that has a pod, and fails.

    A host that was off when it left records it anew when it is on again.

    Raises:
        HostError: KubectlFailed, or what the connection raises.
    """
    members = json.loads(await run_kubectl(connection, _ETCD, f"{_MEMBER}list", "{}"))
    if member_of(members, node.address) is None:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"etcd-{node.name}", "namespace": "kube-system"}}
        delete = "delete --ignore-not-found --force --grace-period 0 -f -"
        await kubectl(connection, asked.address, delete, json.dumps(pod))


def member_of(members: dict[str, Any], address: str) -> str | None:
    """The id of the member at an address, from etcd's list; None where there is none.

    A member that has not started has no name yet, but its peer URL.
    """
    url = f"https://{endpoint(address, _PEER_PORT)}"
    return next((member["ID"] for member in members.get("members", []) if url in member.get("peerURLs", [])), None)


def _leave(name: str, step: str, seconds: int, asked: Node, node: Node) -> Action:
    text = script("identity", name, values={"address": asked.address, "node": node.name})

    async def action(connection: Connection, holder: Holder) -> None:
        await long_step(connection, holder, step, text, seconds=seconds)

    return action
