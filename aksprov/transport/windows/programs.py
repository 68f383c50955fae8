"""Programs and images' archives on a Windows host: pushed in pieces or fetched by the host, then put in place together.

On its way a file is NAME.part beside its place.  A piece is one pipeline; its bytes are written once all of them have
come and have the right hash, so what is there are whole pieces, and another run goes on after the last right one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, Final

import msgspec

from aksprov.errors import HostError
from aksprov.model.base import Value
from aksprov.transport.windows.connection import APPLY_SECONDS, WindowsConnection
from aksprov.transport.windows.delivery import PIECE_BYTES, PIPELINE_BYTES, pieces

# Besides what is sent, a node needs room for pods' images and logs; Windows itself slows down with less.
SPARE_BYTES: Final = 2 << 30
FETCH_SECONDS: Final = 1800
_STEP: Final = "prepare-host"
_HEAD: Final = ("files", "lock", "fence", "part")
_PLACE: Final = ("files", "lock", "fence", "swap", "state", "setup", "part", "place")


class Shipped(Value, frozen=True, kw_only=True):
    """A file that a host is to have.

    Args:
        path: its place on the host, "C:/k/kubelet.exe".
        sha256: hexadecimal, lower case.
        size: in bytes.
        source: where it is on the controller.
    """

    path: str
    sha256: str
    size: int
    source: Path

    @property
    def asked(self) -> dict[str, Any]:
        """What the scripts are told of it."""
        return {"path": self.path, "sha256": self.sha256, "size": self.size}


class Fence(Value, frozen=True, kw_only=True):
    """Under what a run changes the host; one of a later epoch, or of another state, keeps it out."""

    state_id: str
    epoch: int

    @property
    def asked(self) -> dict[str, Any]:
        """What the scripts are told of it."""
        return {"state_id": self.state_id, "epoch": self.epoch}


class Lack(Value, frozen=True, kw_only=True):
    """A file that a host lacks.

    Args:
        pieces: hashes of what lies in its NAME.part, in order.
    """

    file: Shipped
    pieces: tuple[str, ...] = ()


class Pieces:
    """Hashes of the pieces of files on the controller, read once for all hosts."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[str, ...]] = {}
        self._reading = Lock()

    def of(self, file: Shipped) -> tuple[str, ...]:
        """Of every piece in order; one at least.

        Raises:
            OSError: the file cannot be read.
        """
        with self._reading:
            if file.source not in self._known:
                with file.source.open("rb") as stream:
                    self._known[file.source] = tuple(_hashes(stream))
            return self._known[file.source]


def _hashes(stream: BinaryIO) -> Iterator[str]:
    piece = stream.read(PIPELINE_BYTES)
    yield hashlib.sha256(piece).hexdigest()
    while piece := stream.read(PIPELINE_BYTES):
        yield hashlib.sha256(piece).hexdigest()


async def lacking(connection: WindowsConnection, files: Sequence[Shipped]) -> tuple[Lack, ...]:
    """Those of the files that the host has not with the right hash.  Nothing is changed.

    Raises:
        HostError: HostDiskFull where they do not fit, and what the connection raises.
    """
    asked = {"piece": PIPELINE_BYTES, "files": [file.asked for file in files]}
    answer = await connection.change(("files", "part", "lacks"), asked, seconds=APPLY_SECONDS)
    states = {said.path: said for said in answer.files}
    lacks = tuple(
        Lack(file=file, pieces=tuple(states[file.path].pieces.split()))
        for file in files
        if file.path not in states or states[file.path].state != "right"
    )
    missing = sum(max(0, lack.file.size - PIPELINE_BYTES * len(lack.pieces)) for lack in lacks)
    if lacks and answer.free < missing + SPARE_BYTES:
        raise HostError(
            "HostDiskFull",
            f"{connection.host.name} has no room for the programs of its node",
            where=f"{connection.host.name}, step {_STEP}",
            why=f"{missing >> 20} MB come, {SPARE_BYTES >> 20} MB are to stay free, and C: has {answer.free >> 20} MB",
            fix="make room on drive C: (Get-Volume), then run the command again; nothing was sent",
        )
    return lacks


async def push(connection: WindowsConnection, fence: Fence, lack: Lack, known: tuple[str, ...]) -> None:
    """Send the pieces of a file that the host has not yet.

    Args:
        known: the hashes of all its pieces; see :class:`Pieces`.

    Raises:
        HostError: StreamCut, StagingFailed, HostEpochRefused, HostOwnedByOtherState, HostLocked and others.
    """
    file, there = lack.file, 0
    for have, want in zip(lack.pieces, known, strict=False):
        if have != want:
            break
        there += 1
    for number in range(there, len(known)):
        offset = number * PIPELINE_BYTES
        asked = {**fence.asked, "path": file.path, "offset": offset, "sha256": known[number]}

        def load(offset: int = offset) -> Iterator[str]:
            return _piece(file.source, offset)

        await connection.change((*_HEAD, "append"), asked, load, APPLY_SECONDS)


def _piece(source: Path, offset: int) -> Iterator[str]:
    """One piece of a file, as the lines of a pipeline; a file that became shorter has another hash on the host."""
    with source.open("rb") as stream:
        stream.seek(offset)
        end = offset + PIPELINE_BYTES
        # little at a time: fifty hosts get theirs at once
        while block := stream.read(min(PIECE_BYTES, end - stream.tell())):
            yield from pieces(block)


async def fetch(connection: WindowsConnection, fence: Fence, file: Shipped, url: str, proxy: str = "") -> None:
    """Have the host get a file by itself, by HTTP or HTTPS; begun anew each time.

    Args:
        proxy: URL of the proxy that it is to use, "" for none; the machine's own settings do not count.

    Raises:
        HostError: DownloadFailed with HTTP's status or what the network said, DownloadWrong, and as :func:`push`.
    """
    asked = {**fence.asked, **file.asked, "url": url, "proxy": proxy, "seconds": FETCH_SECONDS}
    await connection.change((*_HEAD, "fetch"), asked, seconds=FETCH_SECONDS + 300)


async def place(connection: WindowsConnection, fence: Fence, files: Sequence[Shipped]) -> None:
    """Put files that came in their places, all or none; services that run one of them are stopped meanwhile.

    Raises:
        HostError: StreamCut for one whose whole hash is wrong, TargetRefused, SwapFailed, ServiceNotRunning,
            UnitUnstable (the old programs are back and run), HostLeftHalf, and as :func:`push`.
    """
    record = {"schema": 1, "epoch": fence.epoch, "files": [{"path": f.path, "sha256": f.sha256} for f in files]}
    asked = {**fence.asked, "files": [f.asked for f in files], "record": msgspec.json.encode(record).decode()}
    await connection.change(_PLACE, asked, seconds=APPLY_SECONDS)
