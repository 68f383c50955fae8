"""A folder of files that somebody wrote by hand: ``DIR/<host>/<path>``, without the index of a written one.

Below a Windows host's folder lie its drives: ``DIR/<host>/C/ProgramData/x``.  The files belong to no cluster (their
cluster is ""), and no program is asked whether it likes them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from aksprov.errors import DefinitionError, HostError
from aksprov.model.bundle import ADMINISTRATORS, ROOT, Bundle, BundleFile, folder_path, is_windows_path
from aksprov.model.transport import Delivery
from aksprov.model.windows import HOME
from aksprov.transport.folder import index_of

# What is below it says what we manage on the host.
_OURS = ("/var/lib/aksprov/", f"{HOME.lower()}/")
_LIMIT = 16 * 1024 * 1024


def is_plain(directory: Path) -> bool:
    """Whether a folder has folders of hosts and an index for none of them."""
    hosts = [place for place in _entries(directory) if place.is_dir()]
    return bool(hosts) and not any(index_of(directory, place.name).exists() for place in hosts)


def load_plain(directory: Path, windows: Collection[str] = (), *, contents: bool = True) -> dict[str, Bundle]:
    """The bundles of a folder without indexes, by host key.

    A file gets owner root:root, and mode 0755 where its owner may execute it here, else 0644, as
    git has it: other modes do not survive being copied about.  On Windows it belongs to the Administrators, and
    Users may read it.

    Args:
        windows: keys of hosts that run Windows.
        contents: else they stay in the folder until they are sent (:func:`fill`): those of hundreds of hosts would
            fill the memory.

    Raises:
        DefinitionError: FolderFileRefused.
    """
    bundles: dict[str, Bundle] = {}
    for place in _entries(directory):
        if not place.is_dir():
            raise _refused(place, "beside the hosts' folders there is nothing to push")
        key = place.name.lower()
        if key in bundles:
            raise _refused(place, "two folders are of one host: names are the same in upper and lower case")
        try:
            found = _drives(place) if key in windows else _files(str(place), "", "")
            files = [file if contents else _without_content(file) for file in found]
        except OSError as error:
            raise _refused(place, str(error)) from None
        bundles[key] = Bundle(host=key, files=tuple(sorted(files, key=lambda file: file.path)))
    return bundles


def fill(directory: Path, host: str, delivery: Delivery) -> Delivery:
    """A delivery with the contents that were left in the folder.

    Args:
        host: its key.

    Raises:
        HostError: FolderFileChanged.
    """
    place = directory / host
    if not place.exists():
        place = next((entry for entry in _entries(directory) if entry.name.lower() == host), place)
    return msgspec.structs.replace(delivery, files=tuple(_filled(place, host, file) for file in delivery.files))


def _filled(place: Path, host: str, file: BundleFile) -> BundleFile:
    source = place / folder_path(file.path)
    try:
        now = msgspec.structs.replace(file, content=source.read_bytes().decode())
    except (OSError, UnicodeDecodeError):
        now = None
    if now is None or now.sha256 != file.digest:
        raise HostError(
            "FolderFileChanged",
            f"{file.path} for {host} is not what was compared with the host",
            where=str(source),
            why="somebody changed it, or took it away, in this moment; nothing was sent to the host",
            fix="run the command again",
        )
    return now


def _without_content(file: BundleFile) -> BundleFile:
    return msgspec.structs.replace(file, content=None, digest=file.sha256 or "")


def _drives(place: Path) -> Iterator[BundleFile]:
    """What is below a Windows host's folder."""
    seen: dict[str, str] = {}
    for drive in _entries(place):
        if not drive.is_dir() or drive.is_symlink():
            raise _refused(drive, "a Windows host's folder holds drives: C/ProgramData/x is C:\\ProgramData\\x there")
        for file in _files(str(drive), "", f"{drive.name}:"):
            other = seen.setdefault(file.path.lower(), file.path)
            if other != file.path:
                raise _refused(drive, f"{other} and {file.path} are one file on Windows")
            yield file


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []


def _files(folder: str, path: str, drive: str) -> Iterator[BundleFile]:
    """What is below a folder that is a root.  Plain strings: with pathlib this takes as long as half a login."""
    with os.scandir(folder + path) as entries:
        for entry in entries:
            below = f"{path}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _files(folder, below, drive)
            else:
                yield _file(entry, drive + below)


def _file(entry: os.DirEntry[str], path: str) -> BundleFile:
    place, status = entry.path, entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        raise _refused(place, "it is a link or no regular file")
    if (path.lower() if is_windows_path(path) else path).startswith(_OURS):
        raise _refused(place, f"{path} is aksprov's own")
    if status.st_size > _LIMIT:
        raise _refused(place, f"it is larger than {_LIMIT // 2**20} MiB")
    try:
        with open(place, "rb", buffering=0) as file:  # as in _files
            content = file.read().decode()
        if is_windows_path(path):
            return BundleFile(path=path, content=content, reader="data", cluster="", owner=ADMINISTRATORS)
        mode = "0755" if status.st_mode & stat.S_IXUSR else "0644"
        return BundleFile(path=path, content=content, reader="data", cluster="", mode=mode, owner=ROOT)
    except UnicodeDecodeError:
        raise _refused(place, "it is not UTF-8 text") from None
    except ValueError as error:
        raise _refused(place, str(error)) from None


def _refused(place: Path | str, why: str) -> DefinitionError:
    return DefinitionError(
        "FolderFileRefused",
        "the folder has something that cannot be pushed",
        where=str(place),
        why=why,
        fix="take it out of the folder; a folder without index holds DIR/HOST/PATH, ordinary text files only",
    )
