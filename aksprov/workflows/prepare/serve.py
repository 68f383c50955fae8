"""The files of a bundle to hosts: of each site one host gets them from here, and serves them to the others.

The server is a systemd socket in /run of that host: it answers with files by their hashes, and with nothing else.  It
ends after the run, by itself after an hour, and at the next contact.  Who fetches checks the hash.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Final

from aksprov.model.base import Value
from aksprov.model.offline_bundle import BundleFile, OpenedBundle
from aksprov.model.transport import Connection
from aksprov.workflows.bring_up.long_step import Holder, long_step
from aksprov.workflows.bring_up.steps import Action, Steps
from aksprov.workflows.prepare import scripts
from aksprov.workflows.prepare.scripts import preparation
from aksprov.workflows.prepare.store import STORE, drop, lacking, push

PORT: Final = 18473  # below the ports that systems give out, and Kubernetes' node ports
LIFETIME: Final = 3600  # seconds
FETCH_SECONDS: Final = 1800
_ANSWER: Final = (files(scripts) / "answer.sh").read_bytes()
_END: Final = "[ ! -f /run/aksprov-serve/end.sh ] || sh /run/aksprov-serve/end.sh\n"


class Wanted(Value, frozen=True, kw_only=True):
    """What a host is to have in its store.

    Args:
        files: of the bundle.
        site: hosts of the same one reach each other; "" is one, too.
        address: of the host, an IP address that others of its site reach and that it has already; "" where none is
            known, and then it serves nobody.
    """

    files: tuple[BundleFile, ...]
    site: str
    address: str


async def bring_files(steps: Steps, bundle: OpenedBundle, wanted: Mapping[str, Wanted]) -> tuple[str, ...]:
    """Bring each host what it lacks; failures are left in the fleet.

    Args:
        wanted: by host key; of a site, the one that is to have the most serves.

    Returns:
        Keys of the hosts that have all their files.
    """
    lacks = await _lacks(steps, wanted)
    sites: dict[str, list[str]] = {}
    for key in lacks:
        sites.setdefault(wanted[key].site, []).append(key)
    await asyncio.gather(*(_to_site(steps, bundle, wanted, keys, lacks) for keys in sites.values()))
    return tuple(key for key in lacks if key not in steps.fleet.failures)


@asynccontextmanager
async def served(
    steps: Steps, bundle: OpenedBundle, needed: Iterable[BundleFile], server: str, address: str
) -> AsyncIterator[str]:
    """Let a host hold files, which :func:`drop_files` takes away, and serve them while the block runs.

    Args:
        server: its key; address: as in :class:`Wanted`.

    Yields:
        A URL: each file is URL/sha256/HASH.  "" where the host does not serve, and it failed where it is in the
        fleet's failures.
    """
    try:
        held = await steps.one(server, "push-bundle", _push(bundle, needed))
        yield await _serve(steps, server, address) if held else ""
    finally:
        await steps.fleet.each([server], _end)


async def drop_files(steps: Steps, keys: Iterable[str]) -> None:
    """Take the files away again, and what served them."""
    await steps.fleet.each(keys, drop)


async def _lacks(steps: Steps, wanted: Mapping[str, Wanted]) -> dict[str, dict[BundleFile, int]]:
    async def look(connection: Connection) -> dict[BundleFile, int]:
        return await lacking(connection, wanted[connection.host.key].files)

    return await steps.fleet.each(wanted, look)


async def _to_site(
    steps: Steps,
    bundle: OpenedBundle,
    wanted: Mapping[str, Wanted],
    keys: Sequence[str],
    lacks: Mapping[str, dict[BundleFile, int]],
) -> None:
    """Push to the first host what anybody lacks, let the others fetch that, and push what they could not."""
    waiting = [key for key in keys if lacks[key]]
    servers = _servers(keys, wanted) if len(waiting) > 1 else []
    for server in servers:
        needed = {file for key in waiting for file in lacks[key]}
        waiting = [key for key in waiting if key != server]
        async with served(steps, bundle, needed, server, wanted[server].address) as url:
            if url:
                waiting = await steps.each(waiting, "fetch-bundle", _fetch(url, lacks))
        if server not in steps.fleet.failures:
            break
    await steps.each(waiting, "push-bundle", _push_own(bundle, wanted))


def _servers(keys: Iterable[str], wanted: Mapping[str, Wanted]) -> list[str]:
    """Hosts that may serve; first the one that is to have the most anyway, the same in each run."""
    able = (key for key in keys if wanted[key].address)
    return sorted(able, key=lambda key: -sum(file.size for file in wanted[key].files))


def _push(bundle: OpenedBundle, needed: Iterable[BundleFile]) -> Action:
    async def action(connection: Connection, _: Holder) -> None:
        await push(connection, bundle, await lacking(connection, sorted(needed, key=lambda file: file.path)))

    return action


def _push_own(bundle: OpenedBundle, wanted: Mapping[str, Wanted]) -> Action:
    async def action(connection: Connection, holder: Holder) -> None:
        await _push(bundle, wanted[connection.host.key].files)(connection, holder)

    return action


def _fetch(url: str, lacks: Mapping[str, dict[BundleFile, int]]) -> Action:
    async def action(connection: Connection, holder: Holder) -> None:
        listed = " ".join(f"{file.sha256}:{file.size}" for file in lacks[connection.host.key])
        text = preparation("fetch", values={"store": STORE, "url": url, "files": listed})
        await long_step(connection, holder, "fetch-bundle", text, seconds=FETCH_SECONDS)

    return action


async def _serve(steps: Steps, key: str, address: str) -> str:
    """Let a host serve its store; the URL, "" where it could not, which costs time only."""
    ip = ipaddress.ip_address(address)
    listen = f"[{ip}]:{PORT}" if ip.version == 6 else f"{ip}:{PORT}"
    text = preparation("serve", values={"store": STORE, "listen": listen, "lifetime": str(LIFETIME)})

    async def begin(connection: Connection) -> bool:
        return (await connection.run(text, stdin=_ANSWER)).status == 0

    began = await steps.fleet.one(key, begin)
    return f"http://{listen}" if began == (True,) else ""


async def _end(connection: Connection) -> None:
    await connection.run(_END)
