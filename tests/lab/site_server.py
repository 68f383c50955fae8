"""A server of the site, by HTTP, that hosts get files of a bundle from."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class _Site(SimpleHTTPRequestHandler):
    """A folder by HTTP; what is asked for as short/NAME ends early, as slow/NAME it takes 2 s."""

    def do_GET(self) -> None:
        _, word, *rest = self.path.split("/")
        if word not in ("short", "slow"):
            return super().do_GET()
        content = Path(self.directory, *rest).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        if word == "slow":
            self.wfile.flush()
            time.sleep(2)
            self.wfile.write(content[half:])
        return None

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is printed."""


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """The site's server, and its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Site, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
