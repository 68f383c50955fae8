"""Folders that stand for hosts: what is written comes back, and what somebody changed is noticed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from aksprov.errors import DefinitionError
from aksprov.model.bundle import ADMINISTRATORS, Bundle, BundleFile, Listen
from aksprov.model.facts import Manifest
from aksprov.model.host import Host
from aksprov.model.transport import Delivery
from aksprov.transport.folder import FolderConnect, load_folder

FILES = (
    BundleFile(path="/etc/crictl.yaml", content="a: b\n", reader="data", cluster="demo"),
    BundleFile(path="/etc/ssl/ca.crt", content=None, late="ca", reader="named", cluster="demo"),
    BundleFile(path="/var/lib/private", content="x\n", reader="data", cluster="demo", mode="0600"),
)
SCRIPT = BundleFile(
    path="C:/Program Files/x/y.ps1", content="\ufeff'a'\r\n", reader="named", cluster="demo", owner=ADMINISTRATORS
)
LISTENS = (Listen(unit="haproxy", address="10.0.0.200", port=6443),)


def delivery(files: tuple[BundleFile, ...] = FILES, removes: tuple[str, ...] = ()) -> Delivery:
    manifest = Manifest(state_id="s", epoch=1, bundle="b")
    return Delivery(files=files, removes=removes, steps=("named", "data"), listens=LISTENS, manifest=manifest)


async def put(directory: Path, *hosts: str, what: Delivery | None = None) -> None:
    """All hosts at once, as a run does."""
    connect = FolderConnect(directory)
    connections = [await connect(Host(name=name, address="10.0.0.1", os="linux")) for name in hosts]
    await asyncio.gather(*(c.put_bundle(what or delivery()) for c in connections))


def test_what_many_hosts_were_given_at_once_is_read_back(tmp_path: Path) -> None:
    names = [f"h{n}" for n in range(40)]
    asyncio.run(put(tmp_path, *names))
    assert load_folder(tmp_path) == {name: Bundle(host=name, files=FILES, listens=LISTENS) for name in names}


def test_a_second_delivery_takes_files_away_and_keeps_the_others(tmp_path: Path) -> None:
    asyncio.run(put(tmp_path, "cp1"))
    asyncio.run(put(tmp_path, "cp1", what=delivery(files=FILES[2:], removes=("/etc/crictl.yaml",))))
    assert load_folder(tmp_path)["cp1"].files == FILES[1:]
    assert not (tmp_path / "cp1/etc/crictl.yaml").exists()


def test_a_windows_hosts_files_lie_below_their_drives_letter(tmp_path: Path) -> None:
    """And come back with their byte order mark and line ends."""
    asyncio.run(put(tmp_path, "win1", what=delivery(files=(SCRIPT,))))
    assert (tmp_path / "win1/C/Program Files/x/y.ps1").read_bytes() == b"\xef\xbb\xbf'a'\r\n"
    assert load_folder(tmp_path)["win1"].files == (SCRIPT,)


def edit(place: Path) -> None:
    place.write_text(place.read_text().replace("0644", "0666") + "\n")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda d: edit(d / "cp1/etc/crictl.yaml"), "FolderChanged", "crictl.yaml"),
        (lambda d: (d / "cp1/etc/crictl.yaml").unlink(), "FolderChanged", "crictl.yaml"),
        (lambda d: edit(d / "cp1.json"), "FolderChanged", "cp1.json"),
        (lambda d: (d / "cp1.json").write_bytes((d / "cp2.json").read_bytes()), "FolderChanged", "host cp2"),
        (lambda d: (d / "cp1.json").write_text("{"), "FolderUnreadable", "cp1.json"),
        (lambda d: (d / "cp1.json").write_text(newer(d)), "FolderUnreadable", "schema 99"),
    ],
)
def test_a_folder_that_is_not_as_it_was_written_is_refused(
    tmp_path: Path, change: object, code: str, words: str
) -> None:
    asyncio.run(put(tmp_path, "cp1", "cp2"))
    change(tmp_path)  # type: ignore[operator]
    with pytest.raises(DefinitionError) as caught:
        load_folder(tmp_path)
    assert caught.value.code == code
    assert words in f"{caught.value.where} {caught.value.why}"


def newer(directory: Path) -> str:
    return json.dumps(json.loads((directory / "cp1.json").read_text()) | {"schema": 99})


def test_other_files_beside_the_hosts_are_left_alone(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="no folder that"):
        load_folder(tmp_path)
    asyncio.run(put(tmp_path, "cp1"))
    (tmp_path / "plan.json").write_text("{}")
    assert list(load_folder(tmp_path)) == ["cp1"]
