"""A program of its own that pushes one file to a Windows host, so that a test can kill it.

Arguments: the host as JSON, the file on this machine, its place there.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from pathlib import Path

import msgspec

from aksprov.model.host import Host
from aksprov.transport.connect import connector
from aksprov.transport.windows.connection import WindowsConnection
from aksprov.transport.windows.programs import Fence, Pieces, Shipped, lacking, push


async def main(entry: Host, source: Path, path: str) -> None:
    """Push it, or what of it is not there yet."""
    with source.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    file = Shipped(path=path, sha256=digest, size=source.stat().st_size, source=source)
    connection = await connector()(entry)
    assert isinstance(connection, WindowsConnection)
    (lack,) = await lacking(connection, [file])
    await push(connection, Fence(state_id="state-1", epoch=1), lack, Pieces().of(file))
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Host), Path(sys.argv[2]), sys.argv[3]))
