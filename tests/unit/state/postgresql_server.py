"""A PostgreSQL server of the tests: made for them, on a Unix socket, as a user who owns nothing, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psycopg

OWNER: Final = "aksprov"
_NOBODY: Final = 65534


def program(name: str) -> str:
    """The path of one of the server's programs, of the newest version; Debian keeps them off PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, versions), os.environ.get("PATH", "")]))
    assert found, f"no {name} (apt-get install postgresql)"
    return found


class Server:
    """One server with a data folder of its own, used as a context.

    Passwords are asked of users whose name begins with ``with_password``.

    Args:
        primary: the server of which this one is a standby, None for an independent one.
        durable: a power cut loses nothing that was committed.
    """

    def __init__(self, primary: Server | None = None, *, durable: bool = False) -> None:
        self._durable = durable
        self.folder = Path(tempfile.mkdtemp(prefix="aksprov-postgresql-"))  # short, as a socket's path must be
        self._number = 0
        self._process: subprocess.Popen[bytes] | None = None
        if os.getuid() == 0:
            os.chown(self.folder, _NOBODY, _NOBODY)
        data = self.folder / "data"
        if primary is None:
            self._run("initdb", "-D", data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
            (data / "pg_hba.conf").write_text(
                "local all /^with_password scram-sha-256\nlocal all with_password scram-sha-256\n"
                "local all all trust\nlocal replication all trust\n"
            )
        else:
            self._run("pg_basebackup", "-D", data, "-h", primary.folder, "-U", OWNER, "-c", "fast", "-R", "--no-sync")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(signal.SIGQUIT)  # nothing need be written any more
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.folder,
            "max_connections": 120,
            "shared_buffers": "16MB",
            "fsync": "on" if self._durable else "off",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._argv("postgres", "-D", self.folder / "data", *words),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 30
        while psycopg.pq.PGconn.ping(self.url("postgres").encode()) != psycopg.pq.Ping.OK:
            assert self._process.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it at once, whoever is connected."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def url(self, database: str, user: str = OWNER) -> str:
        """Of a database."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """The URL of an empty one."""
        self._number += 1
        name = f"state{self._number}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database with all that it takes on the disk, whoever is connected."""
        name = url.partition("@/")[2].partition("?")[0]
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, *statements: str, url: str | None = None) -> list[tuple[object, ...]]:
        """Carry statements out as the owner of all; the rows of the last one."""
        with psycopg.connect(url or self.url("postgres"), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _run(self, name: str, *words: str | Path) -> None:
        done = subprocess.run(self._argv(name, *words), capture_output=True, text=True, check=False, cwd=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr

    def _argv(self, name: str, *words: str | Path) -> list[str | Path]:
        """A program as a user whom PostgreSQL accepts; it ends with the thread that started it, however that ends."""
        user = ["--reuid", str(_NOBODY), "--regid", str(_NOBODY), "--clear-groups"] if os.getuid() == 0 else []
        return ["setpriv", *user, "--pdeathsig", "INT", program(name), *words]
