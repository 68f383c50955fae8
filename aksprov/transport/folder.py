"""A folder that stands for hosts: ``DIR/<host>/<path>`` and ``DIR/<host>.json``, for --output-dir and ``apply --from``.

The JSON file beside each host's files is its index.  Each host has its own, so that hosts are
written side by side and one more host costs no more than the first.  A folder holds no secret,
and no late value either: such a file is listed in the index and is not there until
``apply --from`` knows what is in it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from aksprov.errors import DefinitionError, HostError
from aksprov.model.base import Wire
from aksprov.model.bundle import READERS, Bundle, BundleFile, Listen, Reader, folder_path
from aksprov.model.facts import Facts, FileState, Manifest, Observed
from aksprov.model.host import Host
from aksprov.model.transport import Completed, Delivery, Receipt, StepResult
from aksprov.transport.folder_check import check

INDEX_SCHEMA = 2


class IndexFile(Wire, frozen=True, kw_only=True):
    """A file of the folder; ``sha256`` is None where its content is the late value ``late``."""

    path: str
    mode: str
    owner: str
    sha256: str | None
    late: str
    reader: Reader
    cluster: str


class Index(Wire, frozen=True, kw_only=True):
    """DIR/<host>.json; ``digest`` is the sha256 of its canonical JSON with an empty digest."""

    schema: int = INDEX_SCHEMA
    digest: str = ""
    host: str
    manifest: Manifest
    files: tuple[IndexFile, ...]
    listens: tuple[Listen, ...] = ()


class FolderConnect:
    """Opens "connections" to the hosts of a folder; see :class:`aksprov.model.transport.Connect`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def __call__(self, host: Host) -> FolderConnection:
        """A connection to the host's part of the folder; nothing is made yet."""
        return FolderConnection(host, self._directory)


class FolderConnection:
    """One host's part of a folder; see :class:`aksprov.model.transport.Connection`."""

    def __init__(self, host: Host, directory: Path) -> None:
        self.host = host
        self._directory = directory

    async def run(self, script: str, stdin: bytes = b"") -> Completed:
        """Not possible; raises HostError: FolderIsNoHost."""
        raise self._no_host("run a script")

    async def observe(self, paths: Sequence[str], *, facts: bool = True) -> Observed:
        """No facts; the manifest and files as the folder has them.

        Raises:
            DefinitionError: FolderUnreadable.
        """
        entry = self._index()
        listed = {f.path: f for f in entry.files} if entry else {}
        return Observed(
            host=self.host.name,
            facts=Facts(),
            manifest=entry.manifest if entry else None,
            files={path: _state(self._place(path), file) for path, file in listed.items()},
        )

    async def get(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Contents of files; one that is missing is left out."""
        return {path: place.read_bytes() for path in paths if (place := self._place(path)).is_file()}

    async def put_bundle(self, delivery: Delivery) -> Receipt:
        """Check what can be checked here, write the files, then the index.

        Raises:
            HostError: ConfigRefused or FolderNotWritable.
            DefinitionError: FolderUnreadable.
        """
        entry = self._index()
        before = {f.path: f for f in entry.files} if entry else {}
        after = {p: f for p, f in before.items() if p not in delivery.removes}
        after |= {f.path: _listed(f) for f in delivery.files}
        details = await self._checked(delivery, after)
        try:
            for file in delivery.files:
                if not file.late:
                    _write(self._place(file.path), file.content or "", public=int(file.mode, 8) & 0o004 != 0)
            for path in delivery.removes:
                self._place(path).unlink(missing_ok=True)
            files = tuple(after[p] for p in sorted(after))
            _write_index(
                index_of(self._directory, self.host.key),
                Index(host=self.host.key, manifest=delivery.manifest, files=files, listens=delivery.listens),
            )
        except OSError as e:
            raise HostError(
                "FolderNotWritable",
                f"the files of {self.host.name} cannot be written",
                where=e.filename or str(self._directory),
                why=e.strerror or str(e),
                fix="give --output-dir a folder that you may write to, with room in it",
            ) from None
        steps = [reader for reader in READERS if reader in delivery.steps]
        return Receipt(steps=tuple(StepResult(step=s, result="done", details=details.get(s, "written")) for s in steps))

    async def tcp_open(self, address: str, port: int) -> bool:
        """Not possible; raises HostError: FolderIsNoHost."""
        raise self._no_host("open a connection")

    async def unix_exchange(self, path: str, request: bytes) -> bytes | None:
        """Not possible: None."""
        return None

    async def close(self) -> None:
        """Nothing is open."""

    def _index(self) -> Index | None:
        return _read_index(index_of(self._directory, self.host.key), self.host.key)

    def _place(self, path: str) -> Path:
        return self._directory / self.host.key / folder_path(path)

    async def _checked(self, delivery: Delivery, after: Mapping[str, IndexFile]) -> dict[Reader, str]:
        """What the programs of this machine say of the new configuration."""
        arriving = {f.path: f.content for f in delivery.files if not f.late}
        texts = {}
        for path, file in after.items():
            text = arriving.get(path)
            if text is None and file.sha256 is not None and (place := self._place(path)).is_file():
                text = place.read_text("utf-8", errors="replace")
            texts[path] = text
        return {
            reader: await check(self.host.name, reader, path, texts)
            for path, file in after.items()
            if (reader := file.reader) in delivery.steps and texts[path] is not None
        }

    def _no_host(self, what: str) -> HostError:
        return HostError(
            "FolderIsNoHost",
            f"{self.host.name} is a folder here and cannot {what}",
            where=str(self._directory / self.host.key),
            why="--output-dir contacts no host",
            fix="push the folder first: aksprov apply --from " + str(self._directory),
        )


def load_folder(directory: Path) -> dict[str, Bundle]:
    """The bundles of a folder, by host key; a file that is a late value has no content.

    Raises:
        DefinitionError: FolderUnreadable, or FolderChanged where the folder is not as it was written.
    """
    keys = sorted(place.stem for place in directory.glob("*.json") if (directory / place.stem).is_dir())
    if not keys:
        raise _unreadable(directory, "there is no host's folder with its HOST.json in it")
    indexes = {key: _read_index(index_of(directory, key), key) for key in keys}
    return {key: _bundle(directory, key, entry) for key, entry in indexes.items() if entry is not None}


def index_of(directory: Path, host_key: str) -> Path:
    """Where a folder lists what one host has; names of hosts have no dots, so it is no host's own folder."""
    return directory / f"{host_key}.json"


def _bundle(directory: Path, key: str, entry: Index) -> Bundle:
    files = []
    for file in entry.files:
        place = directory / key / folder_path(file.path)
        content = None
        if file.sha256 is not None:
            try:
                data = place.read_bytes()
                content = data.decode()
            except (OSError, UnicodeDecodeError) as e:
                raise _changed(place, str(e)) from None
            if hashlib.sha256(data).hexdigest() != file.sha256:
                raise _changed(place, "its sha256 is not the one in the index")
        try:
            files.append(
                BundleFile(
                    path=file.path, content=content, reader=file.reader, cluster=file.cluster, mode=file.mode,
                    owner=file.owner, late=file.late,
                )
            )  # fmt: skip
        except ValueError as e:
            raise _changed(index_of(directory, key), str(e)) from None
    return Bundle(host=key, files=tuple(files), listens=entry.listens)


def _listed(file: BundleFile) -> IndexFile:
    digest = None if file.late or file.content is None else hashlib.sha256(file.content.encode()).hexdigest()
    return IndexFile(
        path=file.path, mode=file.mode, owner=file.owner, sha256=digest, late=file.late, reader=file.reader,
        cluster=file.cluster,
    )  # fmt: skip


def _state(place: Path, file: IndexFile) -> FileState:
    """A file as it is in the folder; mode and owner are the index's, as a folder cannot hold them."""
    if file.sha256 is None:
        return FileState(path=file.path, kind="late", mode=file.mode, owner=file.owner)
    if not place.is_file():
        return FileState(path=file.path)
    digest = hashlib.sha256(place.read_bytes()).hexdigest()
    return FileState(path=file.path, kind="file", mode=file.mode, owner=file.owner, sha256=digest)


def _read_index(place: Path, host_key: str) -> Index | None:
    """The index at ``place``, checked; None where nothing was written for that host yet."""
    try:
        index = msgspec.json.decode(place.read_bytes(), type=Index)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as e:
        raise _unreadable(place, str(e)) from None
    if index.schema != INDEX_SCHEMA:
        raise _unreadable(place, f"schema {index.schema} is not {INDEX_SCHEMA}, the one that this version reads")
    if index.digest != _digest(index):
        raise _changed(place, "it was edited: its digest is not right")
    if index.host != host_key:
        raise _changed(place, f"it is the index of host {index.host}")
    return index


def _write_index(place: Path, index: Index) -> None:
    signed = msgspec.structs.replace(index, digest=_digest(index))
    _write(place, msgspec.json.format(msgspec.json.encode(signed, order="sorted")).decode() + "\n")


def _digest(index: Index) -> str:
    unsigned = msgspec.structs.replace(index, digest="")
    return hashlib.sha256(msgspec.json.encode(unsigned, order="sorted")).hexdigest()


def _write(place: Path, text: str, *, public: bool = True) -> None:
    """Write a file whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        if public:
            Path(name).chmod(0o644)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _unreadable(place: Path, why: str) -> DefinitionError:
    return DefinitionError(
        "FolderUnreadable",
        "this is no folder that new-cluster --output-dir wrote",
        where=str(place),
        why=why,
        fix="name the folder that was given to --output-dir, or write it again",
    )


def _changed(place: Path, why: str) -> DefinitionError:
    return DefinitionError(
        "FolderChanged",
        "the folder is not as it was written",
        where=str(place),
        why=why,
        fix="write it again with --output-dir; to change a file, change the definition it is made from",
    )
