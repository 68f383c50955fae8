"""The host keys that an SSH server offers, asked for without logging in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import asyncssh

from aksprov.errors import HostError
from aksprov.model.base import Value
from aksprov.model.host import Host
from aksprov.transport.login import CONNECT_SECONDS, KEX, open_socket, place, port_of

T = TypeVar("T")

# A server shows one key in each key exchange, so each type that it has is asked for by itself; best first.
# An RSA key signs with SHA-2 (RFC 8332); DSA is not asked for.
_TYPES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
)
# TCP has 10 s of its own; the key exchange takes well under 1 s.
_SCAN_SECONDS = CONNECT_SECONDS + 5
_GREETING_LIMIT = 64 * 1024
_KEXINIT = 20


class OfferedKey(Value, frozen=True, kw_only=True):
    """A host key that a server showed.

    Args:
        type: "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa" ...
        key: "TYPE BASE64", as it is pinned in the inventory.
        fingerprint: "SHA256:..." as ssh-keygen -l shows it.
    """

    type: str
    key: str
    fingerprint: str


async def host_keys(host: Host) -> tuple[OfferedKey, ...]:
    """Every key that the host offers, the best first; nothing is sent but the key exchange.

    Raises:
        HostError: HostUnreachable, HostNameUnknown, HostTimeout, HostNotSsh.
    """
    offered = await _within(host, _offered_types(host))
    found = [await _within(host, _ask(host, algorithm)) for algorithm in _TYPES if algorithm in offered]
    if not found:
        raise _no_server(host, "it offers no host key of a type that we know")
    return tuple(found)


async def _within(host: Host, answer: Awaitable[T]) -> T:
    """The answer within the deadline, everything that goes wrong as an error of the host."""
    try:
        async with asyncio.timeout(_SCAN_SECONDS):
            return await answer
    except TimeoutError:
        raise HostError(
            "HostTimeout",
            f"{host.name} did not show its host key within {_SCAN_SECONDS} s",
            where=place(host),
            why="the TCP connection stands, but the SSH server is silent",
            fix="check load and address of the host",
        ) from None
    except (asyncssh.Error, OSError, ValueError) as e:
        raise _no_server(host, str(e)) from None


async def _offered_types(host: Host) -> frozenset[str]:
    """The host key algorithms in the server's first message (RFC 4253, 4.2, 6 and 7.1)."""
    loop = asyncio.get_running_loop()
    sock = await open_socket(host)
    try:
        await loop.sock_sendall(sock, b"SSH-2.0-aksprov\r\n")
        data = b""
        while (lists := name_lists(data)) is None:
            more = await loop.sock_recv(sock, 4096)
            if not more or len(data) > _GREETING_LIMIT:
                raise ValueError("it ended the connection before it said what it offers")
            data += more
    finally:
        sock.close()
    return frozenset(lists[1])


def name_lists(data: bytes) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Key exchange and host key algorithms in what a server sends first; None while that is not whole.

    Raises:
        ValueError: this is no SSH server.
    """
    lines = data.split(b"\n")
    greeting = next((n for n, line in enumerate(lines[:-1]) if line.startswith(b"SSH-")), None)
    if greeting is None:
        if len(data) > _GREETING_LIMIT or (data and not data.isascii()):
            raise ValueError("it does not greet as an SSH server does")
        return None
    packet = b"\n".join(lines[greeting + 1 :])
    if len(packet) < 4 or len(packet) < 4 + (length := int.from_bytes(packet[:4])):
        return None
    payload = packet[5 : 4 + length]
    if payload[:1] != bytes([_KEXINIT]):
        raise ValueError("its first message is not the one that RFC 4253 wants")
    names, rest = [], payload[17:]
    for _ in range(2):
        size = int.from_bytes(rest[:4])
        names.append(tuple(rest[4 : 4 + size].decode("ascii").split(",")))
        rest = rest[4 + size :]
    return names[0], names[1]


async def _ask(host: Host, algorithm: str) -> OfferedKey:
    sock = await open_socket(host)
    options: dict[str, Any] = {"config": None, "kex_algs": KEX, "server_host_key_algs": [algorithm]}
    try:
        key = await asyncssh.get_server_host_key(host.address, port_of(host), sock=sock, **options)
    finally:
        sock.close()
    if key is None:
        raise _no_server(host, "it showed no host key")
    kind, text = key.export_public_key("openssh").decode().split()[:2]
    return OfferedKey(type=kind, key=f"{kind} {text}", fingerprint=key.get_fingerprint())


def _no_server(host: Host, why: str) -> HostError:
    return HostError(
        "HostNotSsh",
        f"{host.name} does not show a host key",
        where=place(host),
        why=why,
        fix="check address and port; look at the host's sshd log",
    )
