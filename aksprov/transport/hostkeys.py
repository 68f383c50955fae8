"""Which host keys are trusted: the one pinned in the inventory, else known_hosts.

Reading follows sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT": hashed names, ``[host]:port``,
``@cert-authority`` and ``@revoked``; a line that cannot be read is passed over, as ssh does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from aksprov.errors import HostError
from aksprov.model.host import Host

DEFAULT_FILES = (Path("~/.ssh/known_hosts"), Path("/etc/ssh/ssh_known_hosts"))


@dataclass(frozen=True)
class Trusted:
    """Keys that count for one host: its own, certificate authorities, and those never to be taken."""

    keys: tuple[asyncssh.SSHKey, ...] = ()
    authorities: tuple[asyncssh.SSHKey, ...] = ()
    revoked: tuple[asyncssh.SSHKey, ...] = ()

    @property
    def fingerprints(self) -> str:
        """SHA256 fingerprints of the host's own keys, for a message."""
        return ", ".join(fingerprint(key) for key in self.keys)


class KnownHosts:
    """known_hosts files, parsed once for a run."""

    def __init__(self, paths: Iterable[Path] = DEFAULT_FILES) -> None:
        self._entries = [_parse(text) for path in paths if (text := _read(path.expanduser())) is not None]

    def trusted(self, host: Host, peer: str, port: int) -> Trusted:
        """What is trusted for ``host``, reached at the address ``peer``.

        Raises:
            HostError: HostKeyPinInvalid.
        """
        if host.host_key:
            try:
                return Trusted(keys=(asyncssh.import_public_key(host.host_key),))
            except asyncssh.KeyImportError as e:
                raise HostError(
                    "HostKeyPinInvalid",
                    f"the host key pinned for {host.name} is no SSH public key",
                    where=f"{host.name}, host_key",
                    why=str(e),
                    fix=f"pin it again: aksprov scan-host-keys --name {host.name}",
                ) from None
        found = [e.match(host.address, peer, None if port == 22 else port) for e in self._entries]
        return Trusted(*(_plain_keys(match[kind] for match in found) for kind in range(3)))


def fingerprint(key: asyncssh.SSHKey) -> str:
    """``TYPE SHA256:...`` as ssh-keygen -l shows it."""
    return f"{key.get_algorithm()} {key.get_fingerprint()}"


def _plain_keys(matches: Iterable[Iterable[object]]) -> tuple[asyncssh.SSHKey, ...]:
    """Keys of several files; asyncssh's own X.509 entries are left out."""
    return tuple(key for match in matches for key in match if isinstance(key, asyncssh.SSHKey))


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return None  # no such file, or not ours to read: then nothing is known from there


def _parse(text: str) -> asyncssh.SSHKnownHosts:
    try:
        return asyncssh.import_known_hosts(text)
    except ValueError:
        return asyncssh.import_known_hosts("\n".join(filter(_readable, text.splitlines())))


def _readable(line: str) -> bool:
    try:
        asyncssh.import_known_hosts(line)
    except ValueError:
        return False
    return True
