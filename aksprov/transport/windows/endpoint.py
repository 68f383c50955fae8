"""Where a Windows host listens, and how its WinRM is spoken to."""

from __future__ import annotations

from typing import Final

from aksprov.model.host import Host

# WinRM's own ports (Microsoft, "Installation and configuration for Windows Remote Management").
HTTP_PORT: Final = 5985
HTTPS_PORT: Final = 5986


def port_of(host: Host) -> int:
    """The port, HTTPS' own where the entry names none."""
    return host.port or HTTPS_PORT


def is_https(host: Host) -> bool:
    """Whether TLS is spoken: everywhere but on the port of WinRM over HTTP, where every message is sealed instead."""
    return port_of(host) != HTTP_PORT


def address_of(host: Host) -> str:
    """The address as it stands in a URL."""
    return f"[{host.address}]" if ":" in host.address else host.address


def place(host: Host) -> str:
    """``NAME (ADDRESS:PORT)``, for the field where of an error."""
    return f"{host.name} ({address_of(host)}:{port_of(host)})"


def auth_of(host: Host) -> str:
    """How the user proves who they are."""
    return host.auth or "negotiate"
