"""Files of a bundle on a host: the scripts by the shells of this machine, no host."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aksprov.errors import HostError
from aksprov.model.host import Host
from aksprov.model.offline_bundle import BUNDLE_SCHEMA, BundleFile, OfflineBundle, OpenedBundle
from aksprov.model.transport import Completed
from aksprov.workflows.prepare import scripts, store
from aksprov.workflows.prepare.scripts import preparation

FOLDER = Path(scripts.__file__).parent
OURS = ("held", "piece", "answer", "serve", "fetch", "drop")
SHELLS = [s for s in ("dash", "bash --posix", "busybox sh") if shutil.which(s.split()[0])]


class Local:
    """A connection to a host that is a shell of this machine; it counts what it was sent."""

    host = Host(name="h1", address="192.0.2.1", os="linux")

    def __init__(self, shell: str) -> None:
        self._argv = [*shell.split(), "-c"]
        self.sent = 0

    async def run(self, script: str, stdin: bytes = b"") -> Completed:
        self.sent += len(stdin)
        done = subprocess.run([*self._argv, script], input=stdin, capture_output=True, check=False)
        return Completed(status=done.returncode, stdout=done.stdout, stderr=done.stderr)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the host keeps them."""
    place = tmp_path / "store"
    for name in ("held", "piece"):
        monkeypatch.setattr(store, f"_{name.upper()}", preparation(name, values={"store": str(place)}))
    monkeypatch.setattr(store, "PIECE", 1000)
    monkeypatch.setattr(store, "_SPARE", 0)
    return place


@pytest.fixture
def bundle(tmp_path: Path) -> OpenedBundle:
    files = []
    for name, size in (("a", 2500), ("b", 1000), ("c", 1), ("none", 0)):
        (tmp_path / name).write_bytes(content := os.urandom(size))
        digest = hashlib.sha256(content).hexdigest()
        files.append(BundleFile(path=name, sha256=digest, size=size, kind="cni", os="linux", roles=("worker",)))
    listed = OfflineBundle(schema=BUNDLE_SCHEMA, kubernetes_version="v1.36.4", files=tuple(files))
    return OpenedBundle(folder=tmp_path, bundle=listed)


def push(local: Local, bundle: OpenedBundle) -> None:
    async def work() -> None:
        await store.push(local, bundle, await store.lacking(local, bundle.bundle.files))  # type: ignore[arg-type]

    asyncio.run(work())


def is_whole(folder: Path, bundle: OpenedBundle) -> bool:
    return all((folder / f.sha256).read_bytes() == bundle.path_of(f).read_bytes() for f in bundle.bundle.files)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("held", [b"", None, b"x" * 1000, b"x" * 2500, b"x" * 9999])
def test_what_is_missing_is_sent_and_no_more(
    shell: str, held: bytes | None, folder: Path, bundle: OpenedBundle
) -> None:
    """Whatever lies there under the name of its beginning (None: it is its beginning)."""
    local, first = Local(shell), bundle.bundle.files[0]
    folder.mkdir()
    (folder / f"{first.sha256}.part").write_bytes((bundle.folder / "a").read_bytes()[:1700] if held is None else held)
    push(local, bundle)
    assert is_whole(folder, bundle) and sorted(p.name for p in folder.iterdir()) == sorted(
        f.sha256 for f in bundle.bundle.files
    )
    if held is None:
        assert local.sent < 800 + 1001 + 1000
    again = Local(shell)
    push(again, bundle)
    assert again.sent < 400


def test_a_file_that_is_stored_otherwise_each_time_is_a_row(folder: Path, bundle: OpenedBundle) -> None:
    """The controller's own file has changed since it was verified; a failing disk looks the same."""
    (bundle.folder / "a").write_bytes(b"y" * 2500)
    with pytest.raises(HostError) as caught:
        push(Local("sh"), bundle)
    assert caught.value.code == "StoredFileWrong"
    assert not list(folder.glob(f"{bundle.bundle.files[0].sha256}*"))


def test_a_stream_that_is_still_on_its_way_is_waited_for_and_said(
    folder: Path, bundle: OpenedBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_PIECE", store._PIECE.replace("-w 30", "-w 0"))
    folder.mkdir()
    with subprocess.Popen(["flock", folder, "sleep", "60"]) as holder:
        while subprocess.run(["flock", "-n", folder, "true"], check=False).returncode == 0:
            pass
        with pytest.raises(HostError) as caught:
            push(Local("sh"), bundle)
        subprocess.run(["flock", "-n", folder, "true"], check=False)
        holder.kill()
    assert caught.value.code == "StoreBusy"


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_can_read_them(shell: str, name: str) -> None:
    subprocess.run([*shell.split(), "-n", FOLDER / f"{name}.sh"], check=True)


@pytest.mark.parametrize("name", OURS)
def test_shellcheck_finds_nothing(name: str) -> None:
    program = Path(sys.executable).with_name("shellcheck")
    argv = [program, "--shell=sh", "--exclude=SC2154", FOLDER / f"{name}.sh"]
    found = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")
