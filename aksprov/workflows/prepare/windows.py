"""A bundle's programs and images on Windows workers: fetched from a server of the site, or pushed; then put in place.

Without a server of the site's own, and where several hosts lack files, the first Linux node serves them, so that each
crosses our link once; what a host cannot get from there is pushed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from aksprov.errors import HostError
from aksprov.facts.windows_programs import windows_place
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired
from aksprov.model.offline_bundle import BundleFile, OpenedBundle
from aksprov.model.transport import Connection
from aksprov.planning.prepare import PREPARE
from aksprov.rendering.pools import on_windows
from aksprov.transport.windows.connection import WindowsConnection
from aksprov.transport.windows.programs import Fence, Lack, Pieces, Shipped, fetch, lacking, place, push
from aksprov.workflows.bring_up.long_step import Holder
from aksprov.workflows.bring_up.steps import Action, Steps
from aksprov.workflows.prepare.serve import drop_files, served

FETCH: Final = "fetch-bundle"
PUSH: Final = "push-bundle"

_Lacks = Mapping[str, tuple[Lack, ...]]


@dataclass(frozen=True)
class _Cargo:
    """What hosts are to have: files of the bundle by their places there, and as they are sent."""

    files: Mapping[str, BundleFile]
    shipped: tuple[Shipped, ...]
    pieces: Pieces = field(default_factory=Pieces)


async def install_on_windows(
    desired: Desired, steps: Steps, keys: Sequence[str], bundle: OpenedBundle
) -> tuple[str, ...]:
    """Bring what hosts have not with the bundle's hashes, and put all of it in place; failures are left in the fleet.

    Archives of images stay until the node joins, as containerd runs only then.

    Returns:
        Keys of the hosts that have all that they need.
    """
    files = {windows_place(file): file for file in bundle.needed_by("windows", "worker")}
    cargo = _Cargo(files, tuple(_shipped(bundle, path, file) for path, file in files.items()))
    lacks = await steps.fleet.each(keys, lambda connection: lacking(_windows(connection), cargo.shipped))
    waiting = [key for key, found in lacks.items() if found]
    url = desired.cluster.programs.bundle_url
    if url:
        await steps.each(waiting, FETCH, _fetch(lacks, lambda file: f"{url}/{quote(files[file.path].path)}"))
    else:
        await steps.each(await _from_linux(desired, steps, bundle, cargo, lacks, waiting), PUSH, _push(cargo))
    return tuple(await steps.each(lacks, PREPARE, _place(lacks)))


async def _from_linux(
    desired: Desired, steps: Steps, bundle: OpenedBundle, cargo: _Cargo, lacks: _Lacks, waiting: Sequence[str]
) -> list[str]:
    """Have hosts get files from the first Linux node; keys of those that are still waiting."""
    server = _server(desired, steps)
    if server is None or len(waiting) < 2:
        return list(waiting)
    needed = {cargo.files[lack.file.path] for key in waiting for lack in lacks[key]}
    left: list[str] = []
    async with served(steps, bundle, needed, server.name, server.address) as url:
        if url:
            action = _fetch(lacks, lambda file: f"{url}/sha256/{file.sha256}", left)
            await steps.each(waiting, FETCH, action)
        else:
            left = list(waiting)
    await drop_files(steps, [server.name])
    return left


def _server(desired: Desired, steps: Steps) -> Node | None:
    """The first control plane, else a Linux worker, that the run holds."""
    linux = [n for n in desired.nodes if n.role != "load-balancer" and not on_windows(desired.cluster, n)]
    able = [n for n in linux if n.name in steps.epochs and n.name not in steps.fleet.failures]
    return min(able, key=lambda node: node.role != "control-plane", default=None)


def _fetch(lacks: _Lacks, url_of: Callable[[Shipped], str], left: list[str] | None = None) -> Action:
    """Have a host get what it lacks by itself.

    Args:
        left: gets the keys of hosts that do not reach the server; None makes that their failure.
    """

    async def action(connection: Connection, holder: Holder) -> None:
        try:
            for lack in lacks[connection.host.key]:
                await fetch(_windows(connection), _fence(holder), lack.file, url_of(lack.file))
        except HostError as error:
            if left is None or error.code != "DownloadFailed":
                raise
            left.append(connection.host.key)

    return action


def _push(cargo: _Cargo) -> Action:
    async def action(connection: Connection, holder: Holder) -> None:
        windows = _windows(connection)
        # anew: some of it may have come meanwhile
        for lack in await lacking(windows, cargo.shipped):
            await push(windows, _fence(holder), lack, await asyncio.to_thread(cargo.pieces.of, lack.file))

    return action


def _place(lacks: _Lacks) -> Action:
    async def action(connection: Connection, holder: Holder) -> None:
        if files := [lack.file for lack in lacks[connection.host.key]]:
            await place(_windows(connection), _fence(holder), files)

    return action


def _windows(connection: Connection) -> WindowsConnection:
    if not isinstance(connection, WindowsConnection):
        raise TypeError(f"{connection.host.name} is reached as no Windows host")
    return connection


def _fence(holder: Holder) -> Fence:
    return Fence(state_id=holder.state_id, epoch=holder.epoch)


def _shipped(bundle: OpenedBundle, path: str, file: BundleFile) -> Shipped:
    return Shipped(path=path, sha256=file.sha256, size=file.size, source=bundle.path_of(file))
