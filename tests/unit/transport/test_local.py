"""connection: local runs the same scripts by sh on this machine."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from aksprov.errors import HostError
from aksprov.model.host import Host
from aksprov.model.transport import Connection
from aksprov.transport import connector

T = TypeVar("T")
HERE = Host(name="here", address="127.0.0.1", os="linux", connection="local")


def here(action: Callable[[Connection], Awaitable[T]]) -> T:
    async def work() -> T:
        connection = await connector()(HERE)
        try:
            return await action(connection)
        finally:
            await connection.close()

    return asyncio.run(work())


def test_facts_and_files_of_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\0text\n")
    path.chmod(0o640)

    async def work(connection: Connection) -> tuple[str, str, dict[str, bytes]]:
        seen = await connection.observe([str(path), str(tmp_path / "none")])
        return seen.facts.hostname, seen.files[str(path)].mode, await connection.get([str(path), str(tmp_path)])

    assert here(work) == (socket.gethostname(), "0640", {str(path): b"\0text\n"})


def test_scripts_and_their_standard_input() -> None:
    done = here(lambda c: c.run("tr a-z A-Z; echo why >&2; exit 9", b"text"))
    assert (done.status, done.stdout, done.stderr) == (9, b"TEXT", b"why\n")


def test_scripts_at_once_wait_for_their_turn() -> None:
    async def work(connection: Connection) -> list[bytes]:
        done = await asyncio.gather(*(connection.run("cat; sleep 0.05", f"{n}".encode()) for n in range(5)))
        return [d.stdout for d in done]

    assert here(work) == [b"0", b"1", b"2", b"3", b"4"]


def test_sockets(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(path)
        unix.listen()

        def answer() -> None:
            peer, _ = unix.accept()
            with peer:
                peer.sendall(b"you said " + peer.recv(100))

        thread = threading.Thread(target=answer)
        thread.start()

        async def work(connection: Connection) -> tuple[bool, bytes | None, bytes | None]:
            return (
                await connection.tcp_open("127.0.0.1", tcp.getsockname()[1]),
                await connection.unix_exchange(path, b"hello"),
                await connection.unix_exchange(path + "x", b"hello"),
            )

        assert here(work) == (True, b"you said hello", None)
        thread.join()
    assert not here(lambda c: c.tcp_open("127.0.0.1", 1))


def test_words_that_a_shell_would_read_otherwise_never_get_there() -> None:
    for path in ("/a b", "/a;b", "/$(id)", "/a\nb", "/*", ""):
        with pytest.raises(ValueError, match="not an argument"):
            here(lambda c, path=path: c.observe([path]))  # type: ignore[misc]


def test_a_machine_without_sh_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aksprov.transport.local.agent_argv", lambda *_, **__: ["/no/sh"])
    with pytest.raises(HostError) as raised:
        here(lambda c: c.observe([]))
    assert raised.value.code == "HostToolMissing"
