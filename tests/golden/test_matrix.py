"""Every version with every network plugin and system, in folders; docs/versions.md says the same.

``pytest tests/golden/test_matrix.py --force-regen`` writes the page anew.
"""

from __future__ import annotations

import asyncio
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from matrix import Cell, possible
from version_page import page

from aksprov.model.bundle import Bundle, folder_path
from aksprov.model.facts import Manifest
from aksprov.model.host import Host
from aksprov.model.transport import Delivery
from aksprov.transport.folder import FolderConnect

PAGE = Path(__file__).parents[2] / "docs/versions.md"
READ = {".yaml": yaml.safe_load_all, ".cfg": yaml.safe_load_all, ".json": json.loads, ".toml": tomllib.loads}


async def deliver(bundle: Bundle, connect: FolderConnect) -> None:
    """Write a host's files to its folder."""
    connection = await connect(Host(name=bundle.host, address="192.0.2.1", os="linux"))
    manifest = Manifest(state_id="matrix", epoch=1, bundle="")
    await connection.put_bundle(Delivery(files=bundle.files, removes=(), steps=(), listens=(), manifest=manifest))


def folder_of(cell: Cell) -> str:
    """A name for the cell's folder."""
    return f"{cell.version.minor} {cell.variant.title}"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each cell, and in it one for each host."""
    folders = tmp_path_factory.mktemp("matrix")

    async def write() -> None:
        for cell in possible():
            connect = FolderConnect(folders / folder_of(cell))
            await asyncio.gather(*(deliver(bundle, connect) for bundle in cell.bundles))

    asyncio.run(write())
    return folders


def test_every_cell_is_in_its_folder_whole(folders: Path) -> None:
    """Each file of each host, and every one that has a format is read by that format's own parser."""
    for cell in possible():
        for bundle in cell.bundles:
            host = folders / folder_of(cell) / bundle.host
            found = {p.relative_to(host).as_posix(): p.read_bytes().decode() for p in host.rglob("*") if p.is_file()}
            assert found == {folder_path(f.path): f.content for f in bundle.files}
            for name, text in found.items():
                if read := READ.get(Path(name).suffix):
                    assert list(read(text)), name


def test_no_version_is_in_the_files_of_another(folders: Path) -> None:
    """Whatever names a version of Kubernetes, of kubeadm's API or of the pause image names the cell's own."""
    for cell in possible():
        version = cell.version
        texts = [p.read_text() for p in (folders / folder_of(cell)).rglob("*") if p.suffix in READ]
        for pattern, own in (
            (r"\bv1\.[0-9]{2}\.[0-9]+", {version.version}),
            (r"kubeadm\.k8s\.io/(\w+)", {version.kubeadm}),
            (r"pause:([0-9.]+)", {version.pause, version.windows_pause}),
        ):
            found = {match for text in texts for match in re.findall(pattern, text)}
            assert found and found <= own, (folder_of(cell), pattern)


def test_the_page_is_current(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("force_regen"):
        PAGE.write_text(page(), "utf-8")
    assert PAGE.read_text("utf-8") == page(), "run: pytest tests/golden/test_matrix.py --force-regen"
