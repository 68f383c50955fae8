"""One tool puts the same 12 files of 30 KB on all hosts: ``python windows_push.py TOOL HOSTS.json``.

Tools: ``aksprov psrp``, ``aksprov winrm`` (a look, a delivery where something differs, a look), ``ansible psrp``,
``ansible winrm`` (put_file of the connection plugin, as win_copy calls it, without Ansible's processes and modules
around it), ``pypsrp`` (Client.copy).  All check certificates but Ansible's plugins, which are told not to.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

USER, PASSWORD, CONCURRENCY = "Administrator", "Passw0rd!", 50
NAMES = tuple(f"app{n:02}.conf" for n in range(12))


def content(name: str) -> str:
    """30 KB that a zip halves."""
    return hashlib.shake_256(name.encode()).hexdigest(15_000)


async def aksprov(wire: str, addresses: list[str], trusted: str) -> None:
    """As a run does it, with a pool of connections at once."""
    from aksprov.model.bundle import ADMINISTRATORS, BundleFile
    from aksprov.model.facts import Manifest, ManifestFile
    from aksprov.model.host import Host
    from aksprov.model.transport import Delivery
    from aksprov.transport.connect import connector

    files = [
        BundleFile(path=f"C:/app/{n}", content=content(n), reader="data", cluster="demo", owner=ADMINISTRATORS)
        for n in NAMES
    ]
    listed = [
        ManifestFile(path=f.path, sha256=hashlib.sha256((f.content or "").encode()).hexdigest(), mode="0644")
        for f in files
    ]
    manifest = Manifest(state_id="bench", epoch=1, bundle="b", files=tuple(listed))
    delivery = Delivery(files=tuple(files), removes=(), steps=("data",), listens=(), manifest=manifest)
    places = asyncio.Semaphore(CONCURRENCY)
    connect = connector()

    async def one(address: str) -> None:
        entry = {"address": address, "os": "windows", "connection": wire, "user": USER, "ca_file": trusted}
        async with places:
            connection = await connect(Host(name=address, password_ref="env:AKSPROV_BENCH_PASSWORD", **entry))
            seen = await connection.observe([])
            if {p: s.sha256 for p, s in seen.files.items()} != {m.path: m.sha256 for m in listed}:
                await connection.put_bundle(delivery)
                await connection.observe([])
            await connection.close()

    await asyncio.gather(*(one(address) for address in addresses))


def ansible(plugin: str, address: str, folder: Path) -> None:
    """The connection plugin alone."""
    from ansible.playbook.play_context import PlayContext
    from ansible.plugins.loader import connection_loader

    connection = connection_loader.get(plugin, PlayContext(), "/dev/null")
    options: dict[str, Any] = {"remote_addr": address, "remote_user": USER, "remote_password": PASSWORD, "port": 5986}
    if plugin == "psrp":
        options |= {"protocol": "https", "auth": "ntlm", "cert_validation": "ignore"}
    else:
        options |= {"scheme": "https", "transport": ["ntlm"]}
    extras = {"ansible_winrm_server_cert_validation": "ignore"} if plugin == "winrm" else {}
    connection.set_options(var_options={**extras, "_extras": extras}, direct=options)
    for name in NAMES:
        connection.put_file(str(folder / name), f"C:\\app\\{name}")
    connection.close()


def ansible_loaded(plugin: str) -> None:
    """Ansible's loader is not for several threads at once."""
    from ansible.playbook.play_context import PlayContext
    from ansible.plugins.loader import connection_loader

    connection_loader.get(plugin, PlayContext(), "/dev/null")


def pypsrp(address: str, folder: Path, trusted: str) -> None:
    """A client a host, a copy a file."""
    from pypsrp.client import Client

    with Client(
        address, username=USER, password=PASSWORD, ssl=True, port=5986, auth="ntlm", cert_validation=trusted
    ) as client:
        for name in NAMES:
            client.copy(str(folder / name), f"C:\\app\\{name}")


def each(addresses: list[str], work: Callable[[str], None]) -> None:
    """A thread a host."""
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(work, addresses))


def main(tool: str, file: Path) -> None:
    """Do it once."""
    said = json.loads(file.read_text())
    addresses, trusted, folder = said["addresses"], said["trusted"], file.parent / "files"
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        (folder / name).write_text(content(name))
    match tool.split():
        case "aksprov", wire:
            asyncio.run(aksprov(wire, addresses, trusted))
        case "ansible", plugin:
            ansible_loaded(plugin)
            each(addresses, lambda address: ansible(plugin, address, folder))
        case _:
            each(addresses, lambda address: pypsrp(address, folder, trusted))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
