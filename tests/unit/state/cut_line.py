"""A line to a PostgreSQL server that is cut once, at the moment of a commit."""

from __future__ import annotations

import select
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from postgresql_server import Server

Cut = Literal["before", "after"]


@contextmanager
def cut_line(server: Server, cut: Cut) -> Iterator[Path]:
    """The folder of a socket that leads to a server.

    Args:
        cut: the first commit on it does not reach the server ("before"), or does and is not answered ("after").
    """
    with tempfile.TemporaryDirectory(prefix="aksprov-line-") as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/.s.PGSQL.5432")
        listener.listen()
        uncut = threading.Event()

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=pass_on, args=(client,), daemon=True).start()

        def pass_on(client: socket.socket) -> None:
            with client, socket.socket(socket.AF_UNIX) as to_server:
                to_server.connect(f"{server.folder}/.s.PGSQL.5432")
                while True:
                    for ready in select.select([client, to_server], [], [])[0]:
                        data = ready.recv(65536)
                        if not data:
                            return
                        if ready is client and b"COMMIT" in data and not uncut.is_set():
                            uncut.set()
                            if cut == "after":
                                to_server.sendall(data)
                                to_server.recv(65536)
                            return
                        (to_server if ready is client else client).sendall(data)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Path(folder)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
