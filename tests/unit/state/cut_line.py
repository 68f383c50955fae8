"""A line to a PostgreSQL server that is cut once, at the commit of a write."""

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
        cut: the first commit of what was inserted does not reach the server ("before"), or does and is not answered
            ("after").
    """
    with tempfile.TemporaryDirectory(prefix="aksprov-line-") as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/.s.PGSQL.5432")
        listener.listen()
        done = threading.Event()

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
                wrote = False
                while True:
                    for ready in select.select([client, to_server], [], [])[0]:
                        data = ready.recv(65536)
                        if not data:
                            return
                        wrote = wrote or b"INSERT INTO" in data
                        if ready is client and wrote and b"COMMIT\0" in data and not done.is_set():
                            done.set()
                            if cut == "after":
                                to_server.sendall(data)
                                to_server.recv(65536)
                            return
                        (to_server if ready is client else client).sendall(data)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Path(folder)
            assert done.is_set()
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
