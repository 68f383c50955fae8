"""The host keys that an SSH server offers, asked for without logging in."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncssh

from aksprov.errors import HostError
from aksprov.model.base import Value
from aksprov.model.host import Host
from aksprov.transport.bastions import not_forwarded
from aksprov.transport.greeting import greet
from aksprov.transport.login import supported_kex
from aksprov.transport.tcp import open_socket, place, port_of

# A server shows one key in each key exchange, so each type that it has is asked for by itself; best first.
# Key type -> the algorithm that asks for it; an RSA key signs with SHA-2 (RFC 8332); DSA is not asked for.
_TYPES = {
    "ssh-ed25519": "ssh-ed25519",
    "ecdsa-sha2-nistp256": "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384": "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521": "ecdsa-sha2-nistp521",
    "ssh-rsa": "rsa-sha2-512",
}
# The key exchange takes well under 1 s.
_SECONDS = 5


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


async def host_keys(host: Host, tunnel: asyncssh.SSHClientConnection | None = None) -> tuple[OfferedKey, ...]:
    """Every key that the host offers, the best first; nothing is sent but the key exchange.

    Args:
        tunnel: the jump host's connection, where there is one.

    Raises:
        HostError: HostUnreachable, HostNameUnknown, HostNotSsh, JumpHostRefused.
    """
    try:
        greeting = await greet(host, tunnel)
    except asyncssh.ChannelOpenError as e:
        raise not_forwarded(host, e) from None
    if greeting.types is None:
        raise _no_server(host, f"it says: {greeting.said}" if greeting.said else "it says nothing")
    found = [await _ask(host, algorithm, tunnel) for kind, algorithm in _TYPES.items() if kind in greeting.types]
    if not found:
        raise _no_server(host, "it offers no host key of a type that we know")
    return tuple(found)


async def _ask(host: Host, algorithm: str, tunnel: asyncssh.SSHClientConnection | None) -> OfferedKey:
    sock = None if tunnel else await open_socket(host)
    way = {"tunnel": tunnel} if tunnel else {"sock": sock}
    options: dict[str, Any] = {"config": None, "kex_algs": supported_kex(), "server_host_key_algs": [algorithm]}
    try:
        async with asyncio.timeout(_SECONDS):
            key = await asyncssh.get_server_host_key(host.address, port_of(host), **way, **options)
    except (TimeoutError, asyncssh.Error, OSError) as e:
        raise _no_server(host, str(e) or f"no answer within {_SECONDS} s") from None
    finally:
        if sock:
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
