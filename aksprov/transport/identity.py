"""With which keys a user logs in: the named key file alone, else the agent's and the usual files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import asyncssh

from aksprov.errors import HostAuthError
from aksprov.model.host import Host
from aksprov.transport.hostkeys import fingerprint

# Where ssh(1) looks when no key is named.
DEFAULT_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")


class Identities:
    """Private keys, each file parsed once for a run.

    Args:
        agent_path: socket of the ssh agent, "" for none.
        default_keys: files that are tried where the inventory names none.
    """

    def __init__(self, agent_path: str | None = None, default_keys: tuple[str, ...] = DEFAULT_KEYS) -> None:
        self._agent = os.environ.get("SSH_AUTH_SOCK", "") if agent_path is None else agent_path
        self._default_keys = default_keys
        self._parsed: dict[str, asyncssh.SSHKey | Exception] = {}

    def options(self, host: Host) -> dict[str, Any]:
        """What :class:`asyncssh.SSHClientConnectionOptions` is told of keys for ``host``.

        A named key is offered first and alone: an agent with many keys can use up the tries
        that the server allows.

        Raises:
            HostAuthError: KeyFileMissing, KeyFileUnreadable or KeyFileEncrypted.
        """
        if not host.key_file:
            keys = [k for name in self._default_keys if isinstance(k := self._load(name), asyncssh.SSHKey)]
            return {"client_keys": keys, "agent_path": self._agent}
        key = self._load(host.key_file)
        if isinstance(key, asyncssh.SSHKey):
            return {"client_keys": [key], "agent_path": ""}
        if _needs_passphrase(key) and self._agent:
            public = _public_half(host.key_file)
            if public is not None:
                return {"client_keys": [], "agent_path": self._agent, "agent_identities": [public]}
        raise _unusable(host, key)

    def tried(self, host: Host) -> str:
        """The keys that were offered, for a message."""
        if host.key_file:
            key = self._load(host.key_file)
            return f"{host.key_file} ({fingerprint(key)})" if isinstance(key, asyncssh.SSHKey) else host.key_file
        files = [n for n in self._default_keys if isinstance(self._load(n), asyncssh.SSHKey)]
        return ", ".join([*(["the keys of the ssh agent"] if self._agent else []), *files]) or "none: no key was found"

    def _load(self, name: str) -> asyncssh.SSHKey | Exception:
        if name not in self._parsed:
            try:
                self._parsed[name] = asyncssh.read_private_key(str(Path(name).expanduser()))
            except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as e:
                self._parsed[name] = e
        return self._parsed[name]


def _needs_passphrase(why: Exception) -> bool:
    """asyncssh says it by its own class for some forms of keys, by an import error's text for others."""
    return isinstance(why, asyncssh.KeyEncryptionError) or "Passphrase must be specified" in str(why)


def _public_half(name: str) -> asyncssh.SSHKey | None:
    """The public key that lies beside an encrypted private one."""
    try:
        return asyncssh.read_public_key(str(Path(name).expanduser()) + ".pub")
    except (OSError, asyncssh.KeyImportError):
        return None


def _unusable(host: Host, why: Exception) -> HostAuthError:
    where = f"{host.name}, key_file"
    if isinstance(why, FileNotFoundError):
        return HostAuthError(
            "KeyFileMissing",
            f"the key file of {host.name} is not there",
            where=where,
            why=f"no such file: {host.key_file}",
            fix="give the path of a private key (relative paths start at the folder of the hosts file)",
        )
    if _needs_passphrase(why):
        return HostAuthError(
            "KeyFileEncrypted",
            f"the key file of {host.name} needs a passphrase, and asking for one is not available yet",
            where=where,
            why=f"{host.key_file} is encrypted, and no ssh agent holds it",
            fix=f"load it into the agent first (ssh-add {host.key_file}), with its .pub file beside it",
        )
    reason = why.strerror if isinstance(why, OSError) else str(why)
    return HostAuthError(
        "KeyFileUnreadable",
        f"the key file of {host.name} cannot be read",
        where=where,
        why=f"{host.key_file}: {reason}",
        fix="give a private key in OpenSSH, PEM or PKCS#8 form that you may read",
    )
