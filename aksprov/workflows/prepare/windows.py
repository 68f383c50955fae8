"""A bundle's programs and images on Windows workers: fetched by the host from a server of the site, or pushed."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from aksprov.facts.windows_programs import windows_place
from aksprov.model.offline_bundle import BundleFile, OpenedBundle
from aksprov.model.transport import Connection
from aksprov.transport.windows.connection import WindowsConnection
from aksprov.transport.windows.programs import Fence, Pieces, Shipped, fetch, lacking, place, push
from aksprov.workflows.bring_up.long_step import Holder
from aksprov.workflows.bring_up.steps import Action


def install_on_windows(bundle: OpenedBundle, url: str) -> Action:
    """Bring what a host has not with the bundle's hashes, and put all of it in place.

    Archives of images stay until the node joins, as containerd runs only then.

    Args:
        url: of a folder with the bundle's files that the hosts fetch them from; "" where they are pushed.
    """
    files = {windows_place(file): file for file in bundle.needed_by("windows", "worker")}
    shipped = tuple(_shipped(bundle, path, file) for path, file in files.items())
    pieces = Pieces()

    async def action(connection: Connection, holder: Holder) -> None:
        if not isinstance(connection, WindowsConnection):
            raise TypeError(f"{connection.host.name} is reached as no Windows host")
        fence = Fence(state_id=holder.state_id, epoch=holder.epoch)
        lacks = await lacking(connection, shipped)
        for lack in lacks:
            if url:
                await fetch(connection, fence, lack.file, f"{url}/{quote(files[lack.file.path].path)}")
            else:
                await push(connection, fence, lack, await asyncio.to_thread(pieces.of, lack.file))
        if lacks:
            await place(connection, fence, [lack.file for lack in lacks])

    return action


def _shipped(bundle: OpenedBundle, path: str, file: BundleFile) -> Shipped:
    return Shipped(path=path, sha256=file.sha256, size=file.size, source=bundle.path_of(file))
