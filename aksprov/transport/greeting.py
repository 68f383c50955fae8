"""What an SSH server says first, before any key is used: is it one, and which host keys does it have."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import asyncssh

from aksprov.model.base import Value
from aksprov.model.host import Host
from aksprov.transport.tcp import open_socket, port_of

# RFC 4253, 4.2 lets a server say something before its version; no server says this much.
_LIMIT = 64 * 1024
_SECONDS = 5
_KEXINIT = 20


class Greeting(Value, frozen=True, kw_only=True):
    """A server's first message.

    Args:
        types: host key types that it offers ("ssh-ed25519", "ssh-rsa" ...); None where it said
            none, because it is no SSH server or ended the connection.
        said: what it said instead, printable.
    """

    types: frozenset[str] | None = None
    said: str = ""


async def greet(host: Host, tunnel: asyncssh.SSHClientConnection | None = None) -> Greeting:
    """Listen to a server's first message (RFC 4253, 4.2 and 7.1).

    Args:
        tunnel: the jump host's connection, where there is one.

    Raises:
        HostError: HostUnreachable, HostNameUnknown.
        ChannelOpenError: the jump host does not connect us.
    """
    reader, writer = await _open(host, tunnel)
    data = b""
    try:
        async with asyncio.timeout(_SECONDS):
            writer.write(b"SSH-2.0-aksprov\r\n")
            while len(data) <= _LIMIT:
                if (types := host_key_types(data)) is not None:
                    return Greeting(types=types)
                more = await reader.read(4096)
                if not more:
                    break
                data += more
    except (TimeoutError, OSError, ValueError, asyncssh.Error):
        pass  # what it said so far tells what it is
    finally:
        writer.close()
        with suppress(OSError, asyncssh.Error):
            await writer.wait_closed()
    line = data.decode("utf-8", "replace").strip().partition("\n")[0].strip()
    return Greeting(said=line[:200] if line.isprintable() else f"bytes {data[:16].hex(' ')}")


async def _open(
    host: Host, tunnel: asyncssh.SSHClientConnection | None
) -> tuple[asyncio.StreamReader | asyncssh.SSHReader[bytes], asyncio.StreamWriter | asyncssh.SSHWriter[bytes]]:
    if tunnel is None:
        return await asyncio.open_connection(sock=await open_socket(host))
    return await tunnel.open_connection(host.address, port_of(host), encoding=None)


def host_key_types(data: bytes) -> frozenset[str] | None:
    """Host key types in the beginning of a server's stream; None while they are not there yet.

    Raises:
        ValueError: its first message is not the one that the RFC wants.
    """
    lines = data.split(b"\n")
    greeting = next((n for n, line in enumerate(lines[:-1]) if line.startswith(b"SSH-")), None)
    if greeting is None:
        return None
    packet = b"\n".join(lines[greeting + 1 :])
    if len(packet) < 4 or len(packet) < 4 + int.from_bytes(packet[:4]):
        return None
    payload = packet[5:]
    if payload[:1] != bytes([_KEXINIT]):
        raise ValueError("no SSH_MSG_KEXINIT")
    # message number, cookie, then name-lists: key exchange algorithms, host key algorithms
    exchange_end = 17 + 4 + int.from_bytes(payload[17:21])
    size = int.from_bytes(payload[exchange_end : exchange_end + 4])
    names = payload[exchange_end + 4 : exchange_end + 4 + size].decode("ascii").split(",")
    # an RSA key signs in several ways (RFC 8332)
    return frozenset("ssh-rsa" if name.startswith("rsa-sha2-") else name for name in names)
