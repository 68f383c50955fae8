"""Files of a bundle on a host, by their hashes, until what is made of them is made.

A file is pushed in pieces, and goes on where it stopped: what lies there is appended to under a lock, and gets its
name only when it has its size and its hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from aksprov.errors import HostError
from aksprov.model.offline_bundle import BundleFile, OpenedBundle
from aksprov.model.transport import Connection
from aksprov.workflows.prepare.scripts import preparation

STORE: Final = "/var/lib/aksprov/offline"
PIECE: Final = 8 << 20  # bytes; some seconds on a slow link
_SPARE: Final = 256 << 20  # bytes that stay free: what is made of the files needs more, and checks that itself
_HELD: Final = preparation("held", values={"store": STORE})
_PIECE: Final = preparation("piece", values={"store": STORE})
_DROP: Final = preparation("drop", values={"store": STORE})


async def lacking(connection: Connection, files: Iterable[BundleFile]) -> dict[BundleFile, int]:
    """The files that a host has not whole, with how many of their bytes it has; each content once.

    Raises:
        HostError: HostDiskFull where the rest does not fit; StoreFailed, or what the connection raises.
    """
    wanted = {file.sha256: file for file in files}
    lines = "".join(f"{file.sha256} {file.size}\n" for file in wanted.values())
    answer = await connection.run(_HELD, stdin=lines.encode())
    words = [line.split() for line in answer.stdout.decode(errors="replace").splitlines()]
    held = {pair[0]: pair[1] for pair in words if len(pair) == 2}
    if answer.status != 0 or "free" not in held:
        raise _failed(connection, answer.stderr)
    free = int(held["free"])
    lacks = {file: int(held.get(name, 0)) for name, file in wanted.items() if held.get(name) != "whole"}
    rest = sum(file.size - have for file, have in lacks.items())
    if lacks and rest + _SPARE > free:
        raise HostError(
            "HostDiskFull",
            f"{connection.host.name} has no room for the bundle's files",
            where=f"{connection.host.name}: {STORE}",
            why=f"{rest >> 20} MB are to come, {free >> 20} MB are free, {_SPARE >> 20} MB of them must stay so",
            fix="make room there, then run the same command again",
        )
    return lacks


async def push(connection: Connection, bundle: OpenedBundle, lacks: Mapping[BundleFile, int]) -> None:
    """Send what a host has not whole.

    Args:
        lacks: as :func:`lacking` tells.

    Raises:
        HostError: StoreFailed, StoreBusy, StoredFileWrong, or what the connection raises.
    """
    for file, have in lacks.items():
        source = bundle.path_of(file)
        # a second time from its beginning: what lay there may have been none of it
        if not (await _push_file(connection, source, file, have) or await _push_file(connection, source, file, 0)):
            raise HostError(
                "StoredFileWrong",
                f"{file.path} did not arrive as it is",
                where=f"{connection.host.name}: {STORE}",
                why="all of it was written, and reads back with another hash",
                fix="look for a failing disk on that host, or for a bundle that changes while it is used",
            )


async def drop(connection: Connection) -> None:
    """Take the files away, and whatever serves them."""
    await connection.run(_DROP)


async def _push_file(connection: Connection, source: Path, file: BundleFile, have: int) -> bool:
    """Whether the host has it now; False where what is there has another hash."""
    with source.open("rb") as content:
        while True:
            content.seek(have)
            head = f"{file.sha256} {file.size} {have}\n".encode()
            answer = await connection.run(_PIECE, stdin=head + content.read(PIECE))
            word, _, count = answer.stdout.decode(errors="replace").strip().partition(" ")
            if answer.status != 0 or word not in ("at", "whole", "wrong", "busy"):
                raise _failed(connection, answer.stderr)
            if word == "busy":
                raise _busy(connection)
            if word != "at":
                return word == "whole"
            have = int(count)


def _failed(connection: Connection, stderr: bytes) -> HostError:
    return HostError(
        "StoreFailed",
        f"files of the bundle could not be stored on {connection.host.name}",
        where=f"{connection.host.name}: {STORE}",
        why=stderr.decode(errors="replace").strip() or "the host did not say why",
        fix="make room there or mend that file system, then run the same command again: it goes on where it stopped",
    )


def _busy(connection: Connection) -> HostError:
    return HostError(
        "StoreBusy",
        "what an earlier run sent is still on its way",
        where=f"{connection.host.name}: {STORE}",
        why="its connection was cut and has not ended on the host",
        fix="run the same command again in some minutes",
    )
