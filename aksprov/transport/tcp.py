"""TCP to a host of the inventory, or the reason why not."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

from aksprov.errors import HostError
from aksprov.model.host import Host

# A host on any line answers a SYN within 1 s; 10 s leaves room for three lost ones (RFC 6298).
CONNECT_SECONDS = 10


class PassingError(HostError):
    """A failure before anything was proved to the host; the next try may not meet it, and can do no harm."""


class _PromptSocket(socket.socket):
    """Acknowledges what it received at once.

    sshd sends its host-key announcement and the channel's confirmation as two small packets, and
    Nagle's algorithm holds the second until the first is acknowledged, which Linux delays by 40 ms.
    """

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Receive, then ask the kernel not to delay the acknowledgement."""
        data = super().recv(bufsize, flags)
        if option := getattr(socket, "TCP_QUICKACK", None):
            self.setsockopt(socket.IPPROTO_TCP, option, 1)
        return data


def port_of(host: Host) -> int:
    """The SSH port."""
    return host.port or 22


def place(host: Host) -> str:
    """``NAME (ADDRESS:PORT)``, for the field where of an error."""
    address = f"[{host.address}]" if ":" in host.address else host.address
    return f"{host.name} ({address}:{port_of(host)})"


def _numeric(host: Host) -> list[Any]:
    """What getaddrinfo says of an IP address, which needs no look-up and so no thread; [] for a name."""
    try:
        return socket.getaddrinfo(host.address, port_of(host), type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except OSError:
        return []


async def open_socket(host: Host) -> socket.socket:
    """A connected TCP socket to the first address of the host that answers.

    Raises:
        HostError: HostUnreachable, HostNameUnknown; a PassingError where the host is there and refuses.
    """
    loop = asyncio.get_running_loop()
    try:
        found = _numeric(host) or await loop.getaddrinfo(host.address, port_of(host), type=socket.SOCK_STREAM)
    except OSError as e:
        raise HostError(
            "HostNameUnknown",
            f"the address of {host.name} cannot be found",
            where=place(host),
            why=f"{host.address}: {e.strerror}",
            fix="correct the address in the inventory, or give an IP address",
        ) from None
    reason, kind_of_error = "", HostError
    for family, kind, protocol, _, address in found:
        sock = _PromptSocket(family, kind, protocol)
        sock.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await loop.sock_connect(sock, address)
            return sock
        except TimeoutError:
            reason = f"no answer within {CONNECT_SECONDS} s: the host is off, or a firewall drops what we send"
        except OSError as e:
            reason = _CONNECT_REASONS.get(e.errno or 0, e.strerror or str(e))
            # sshd that is being started anew
            kind_of_error = PassingError if e.errno in (errno.ECONNREFUSED, errno.ECONNRESET) else HostError
        except BaseException:
            sock.close()
            raise
        sock.close()
    raise kind_of_error(
        "HostUnreachable",
        f"{host.name} cannot be reached",
        where=place(host),
        why=reason,
        fix=f"check that the host is on and that sshd listens there: ssh -p {port_of(host)} {host.address}",
    )


_CONNECT_REASONS = {
    errno.ECONNREFUSED: "connection refused: the host is there, but nothing listens on this port",
    errno.EHOSTUNREACH: "no route to host: nobody has this address, or a firewall rejects us",
    errno.ENETUNREACH: "network unreachable: this machine has no route to that network",
}
