"""From configured hosts to a cluster whose nodes are Ready."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Final

from aksprov.checks.windows_network import await_network
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired
from aksprov.model.row import Row
from aksprov.model.transport import Connection
from aksprov.planning.bring_up import INIT, JOIN_CONTROL_PLANE, JOIN_WORKER, NETWORK_PLUGIN
from aksprov.rendering.pools import on_windows
from aksprov.rendering.windows_kube_proxy import HNS_NETWORKS
from aksprov.workflows.bring_up.apply_network_plugin import apply_documents, apply_network_plugin
from aksprov.workflows.bring_up.join_secrets import JoinSecrets, completion, give_out, make_secrets, take_back
from aksprov.workflows.bring_up.join_windows import join_windows
from aksprov.workflows.bring_up.kubeadm import init_script, join_script
from aksprov.workflows.bring_up.leave_cluster import forget_member
from aksprov.workflows.bring_up.long_step import Holder, long_step
from aksprov.workflows.bring_up.steps import Action, Steps
from aksprov.workflows.bring_up.wait_ready import wait_ready
from aksprov.workflows.bring_up.windows_accounts import accounts_of, make_tokens

INIT_SECONDS: Final = 600  # kubeadm itself waits for 4 minutes for the API server, and images may have to be pulled
JOIN_SECONDS: Final = 480


async def bring_up(
    desired: Desired, certificate: str, manifest: str | None, steps: Steps, *, plugin: bool = True
) -> tuple[Row, ...]:
    """Start the cluster on the hosts that the run holds; failures of hosts are left in the fleet.

    Args:
        certificate: of the cluster's CA, PEM.
        manifest: of the network plugin, None for ours.
        plugin: apply it; else only wait for the nodes.

    Returns:
        A row of every node that has joined; none where the first control plane did not start.
    """
    first = desired.by_role("control-plane")[0]
    others = [node for node in desired.by_role("control-plane")[1:] if node.host in steps.epochs]
    workers = [node for node in desired.by_role("worker") if node.host in steps.epochs]
    on_linux = [node.name for node in workers if not on_windows(desired.cluster, node)]
    windows = [node.name for node in workers if on_windows(desired.cluster, node)]
    if not await steps.one(first.name, INIT, _init(desired, first)):
        return ()
    joined = [first.name]
    values = make_secrets(control_planes=bool(others))
    if others or workers:
        if await steps.fleet.one(first.name, lambda c: give_out(c, first.address, values)) is None:
            return ()
        for node in others:  # one after the other: each adds a member to etcd
            await steps.fleet.one(first.name, partial(forget_member, asked=first, node=node))
            joined += await steps.each([node.name], JOIN_CONTROL_PLANE, _join(desired, node.role, values, certificate))
        joined += await steps.each(on_linux, JOIN_WORKER, _join(desired, "worker", values, certificate))
    rows: list[Row] = []

    async def plug_in(connection: Connection, holder: Holder) -> None:
        name = desired.cluster.primary_network_plugin
        if plugin:
            await apply_network_plugin(connection, holder, first.address, name, manifest)
        if windows:
            if not plugin:  # the first Windows pool of a cluster that runs changes them
                await apply_documents(connection, holder, first.address, name)
            # Flannel's service account is there only now
            tokens = await make_tokens(connection, first.address, accounts_of(desired))
            join = join_windows(desired, values, certificate, tokens)
            new = await steps.each(windows, JOIN_WORKER, join)
            await _await_networks(desired, steps, new)
            joined.extend(new)
        rows.extend(await wait_ready(connection, desired, joined))

    await steps.one(first.name, NETWORK_PLUGIN, plug_in)
    if others or workers:
        await steps.fleet.one(first.name, lambda c: take_back(c, first.address))
    return tuple(rows)


async def _await_networks(desired: Desired, steps: Steps, names: list[str]) -> None:
    """The network plugin's network on Windows nodes that have joined; the verification that follows has its rows."""
    cluster = desired.cluster
    network = HNS_NETWORKS[cluster.primary_network_plugin]
    await steps.fleet.each(names, lambda c: await_network(c, network, cluster=cluster.name))


def _init(desired: Desired, node: Node) -> Action:
    script = init_script(desired.cluster.node_settings, node.address)

    async def action(connection: Connection, holder: Holder) -> None:
        await long_step(connection, holder, INIT, script, seconds=INIT_SECONDS)

    return action


def _join(desired: Desired, role: str, values: JoinSecrets, certificate: str) -> Action:
    control_plane = role == "control-plane"
    digest = hashlib.sha256(certificate.encode()).hexdigest()
    script = join_script(desired.cluster.node_settings, role, digest)
    secret = completion(values, certificate, control_plane=control_plane)
    step = JOIN_CONTROL_PLANE if control_plane else JOIN_WORKER

    async def action(connection: Connection, holder: Holder) -> None:
        await long_step(connection, holder, step, script, secret=secret, hide=values.hidden, seconds=JOIN_SECONDS)

    return action
