"""A host: a machine of the inventory, how it is reached and what it may carry."""

from __future__ import annotations

from typing import Literal

from aksprov.model.base import Value

OperatingSystem = Literal["linux", "windows"]
# How a user proves who they are to WinRM.
Auth = Literal["negotiate", "ntlm", "kerberos", "credssp", "basic", "certificate"]
ConnectionKind = Literal["ssh", "psrp", "winrm", "local"]
Role = Literal["control-plane", "worker", "load-balancer"]
ROLES: tuple[Role, ...] = ("control-plane", "load-balancer", "worker")


class Capacity(Value, frozen=True, kw_only=True):
    """Declared capacity; it beats what the facts show.  None: not declared."""

    cpus: int | None = None
    memory_gb: float | None = None
    disk_gb: float | None = None


class Maintenance(Value, frozen=True, kw_only=True):
    """The host is left alone until a day (ISO 8601 date) for a reason."""

    reason: str
    until: str = ""


class Host(Value, frozen=True, kw_only=True):
    """One entry of the inventory.

    Args:
        name: as typed; unique ignoring case; its lower case is the node's name.
        address: DNS name or IP literal that the connection goes to.
        port: None for the connection's default (22; 5986 for WinRM, where 5985 is HTTP with sealed messages).
        roles: the roles it may take; empty means any.
        interfaces: vswitchName -> interface name on this host.
        host_key: pinned SSH public key in OpenSSH form ("ssh-ed25519 AAAA...").
        auth: how the user logs in to WinRM; None is negotiate.
        password_ref, become_password_ref, key_passphrase_ref: secret references, never secrets.
    """

    name: str
    address: str
    os: OperatingSystem
    connection: ConnectionKind = "ssh"
    port: int | None = None
    user: str | None = None
    auth: Auth | None = None
    key_file: str | None = None
    key_passphrase_ref: str | None = None
    password_ref: str | None = None
    become: Literal["sudo", "none"] = "none"
    become_password_ref: str | None = None
    host_key: str | None = None
    ca_file: str | None = None
    certificate_sha256: str | None = None
    jump_host: str | None = None
    labels: dict[str, str] = {}
    roles: tuple[Role, ...] = ()
    capacity: Capacity = Capacity()
    interfaces: dict[str, str] = {}
    maintenance: Maintenance | None = None

    @property
    def key(self) -> str:
        """The name that is compared: lower case."""
        return self.name.lower()
