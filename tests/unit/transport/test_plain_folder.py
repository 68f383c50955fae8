"""Folders of plain files: what is taken, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aksprov.errors import DefinitionError, HostError
from aksprov.model.bundle import ADMINISTRATORS, BundleFile
from aksprov.model.facts import Manifest
from aksprov.model.transport import Delivery
from aksprov.transport.plain_folder import fill, is_plain, load_plain


def write(folder: Path, path: str, data: bytes = b"x\n", mode: int = 0o644) -> Path:
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    place.chmod(mode)
    return place


def test_modes_are_those_that_git_keeps_and_the_host_is_its_key(tmp_path: Path) -> None:
    write(tmp_path, "H1/etc/b/run", mode=0o700)
    write(tmp_path, "H1/etc/a", "é\n".encode(), mode=0o600)
    (bundle,) = load_plain(tmp_path).values()
    files = [(f.path, f.content, f.mode, f.owner, f.reader, f.cluster) for f in bundle.files]
    assert files == [
        ("/etc/a", "é\n", "0644", "root:root", "data", ""),
        ("/etc/b/run", "x\n", "0755", "root:root", "data", ""),
    ]
    assert bundle.host == "h1"


def test_one_index_makes_it_a_written_folder(tmp_path: Path) -> None:
    assert not is_plain(tmp_path)
    write(tmp_path, "h1/etc/a")
    assert is_plain(tmp_path)
    write(tmp_path, "h1.json", b"{}")
    assert not is_plain(tmp_path)


def test_below_a_windows_host_lie_its_drives(tmp_path: Path) -> None:
    odd = "it's $x `y` [z] \u00fc.txt"
    write(tmp_path, f"Win1/C/Program Files/{odd}", mode=0o700)
    write(tmp_path, "Win1/D/k/a")
    (bundle,) = load_plain(tmp_path, {"win1"}).values()
    files = [(f.path, f.mode, f.owner) for f in bundle.files]
    assert files == [(f"C:/Program Files/{odd}", "0644", ADMINISTRATORS), ("D:/k/a", "0644", ADMINISTRATORS)]


BAD: dict[str, Callable[[Path], object]] = {
    "link": lambda d: (d / "h1/etc/link").symlink_to("/etc/shadow"),
    "UTF-8": lambda d: write(d, "h1/etc/binary", b"\xff"),
    "regular": lambda d: os.mkfifo(d / "h1/etc/pipe"),
    "path": lambda d: write(d, "h1/etc/two words"),
    "own": lambda d: write(d, "h1/var/lib/aksprov/manifest.json"),
    "MiB": lambda d: write(d, "h1/etc/large", b"x" * (16 * 2**20 + 1)),
    "nothing to push": lambda d: write(d, "README"),
    "upper and lower": lambda d: write(d, "H1/etc/a"),
}


@pytest.mark.parametrize("word", BAD)
def test_what_cannot_be_pushed_is_refused(tmp_path: Path, word: str) -> None:
    write(tmp_path, "h1/etc/a")
    BAD[word](tmp_path)
    with pytest.raises(DefinitionError, match="cannot be pushed") as caught:
        load_plain(tmp_path)
    assert caught.value.code == "FolderFileRefused"
    assert word in caught.value.why


@pytest.mark.parametrize(
    ("paths", "word"),
    [
        (["etc/a"], "not a path"),
        (["a"], "drives"),
        (["c/a"], "not a path"),
        (["C/a", "C/A"], "one file on Windows"),
        (["C/programdata/AKSPROV/manifest.json"], "own"),
        (["C/a?b"], "not a path"),
        (["C/nul.txt"], "not a path"),
    ],
)
def test_what_windows_cannot_have_is_refused(tmp_path: Path, paths: list[str], word: str) -> None:
    for path in paths:
        write(tmp_path, f"win1/{path}")
    with pytest.raises(DefinitionError, match="cannot be pushed") as caught:
        load_plain(tmp_path, {"win1"})
    assert caught.value.code == "FolderFileRefused"
    assert word in caught.value.why


def test_contents_stay_in_the_folder_until_they_are_sent(tmp_path: Path) -> None:
    write(tmp_path, "H1/etc/a", "é\n".encode())
    (bundle,) = load_plain(tmp_path, contents=False).values()
    (whole,) = load_plain(tmp_path).values()
    (file,) = bundle.files
    assert (file.content, file.sha256) == (None, whole.files[0].sha256)
    assert fill(tmp_path, "h1", delivery(file)).files[0].content == "é\n"


CHANGES: dict[str, Callable[[Path], object]] = {
    "another": lambda file: file.write_text("other\n"),
    "gone": lambda file: file.unlink(),
    "no text": lambda file: file.write_bytes(b"\xff"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_not_compared_is_not_sent(tmp_path: Path, change: str) -> None:
    place = write(tmp_path, "h1/etc/a")
    (bundle,) = load_plain(tmp_path, contents=False).values()
    CHANGES[change](place)
    with pytest.raises(HostError, match="not what was compared") as caught:
        fill(tmp_path, "h1", delivery(*bundle.files))
    assert caught.value.code == "FolderFileChanged"


def delivery(*files: BundleFile) -> Delivery:
    manifest = Manifest(state_id="s", epoch=1, bundle="b")
    return Delivery(files=files, removes=(), steps=("data",), listens=(), manifest=manifest)
