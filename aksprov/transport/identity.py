"""With which keys a user logs in: the named key alone, else the agent's and the usual files."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh

from aksprov.errors import HostAuthError
from aksprov.model.host import Host
from aksprov.transport.hostkeys import fingerprint
from aksprov.transport.secret_sources import SecretSources

# Where ssh(1) looks when no key is named.
DEFAULT_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")

KeyPairs = list[asyncssh.SSHKey | asyncssh.SSHKeyPair]


class Identities:
    """Private keys, each file parsed, and each passphrase asked for, once for a run.

    Args:
        secrets: where passphrases come from: the entry's reference, else a person, where no agent holds the key.
        agent_path: socket of the ssh agent, "" for none; None for SSH_AUTH_SOCK.
        default_keys: files that are tried where the inventory names none.
    """

    def __init__(
        self, secrets: SecretSources, agent_path: str | None = None, default_keys: tuple[str, ...] = DEFAULT_KEYS
    ) -> None:
        self._secrets = secrets
        self._agent = os.environ.get("SSH_AUTH_SOCK", "") if agent_path is None else agent_path
        self._default_keys = default_keys
        # by file and passphrase: each is tried once, as trying one takes long by design
        self._parsed: dict[tuple[str, str | None], asyncssh.SSHKey | Exception] = {}

    @asynccontextmanager
    async def offered(self, host: Host) -> AsyncIterator[tuple[KeyPairs, str]]:
        """The keys for one login to ``host``, best first, and the socket of an agent whose keys go before them, or "".

        A named key is alone: an agent with many keys can use up the tries that the server allows.
        Where the inventory names a password and no key, there is none.

        Raises:
            HostAuthError: KeyFileMissing, KeyFileUnreadable, KeyFileEncrypted, KeyPassphraseRefused, or as
                SecretSources.find does.
        """
        if not host.key_file:
            keys = [] if host.password_ref else [k for name in self._default_keys if (k := self._usual(name))]
            yield [*keys], "" if host.password_ref else self._agent
            return
        key = self._load(host.key_file)
        if isinstance(key, asyncssh.SSHKey):
            yield [key], ""
            return
        # a passphrase that the entry names opens the file, whatever agents there are
        public = _public_half(host.key_file) if host.key_passphrase_ref is None else None
        agent = await self._open_agent() if public is not None else None
        try:
            held = await agent.get_keys([public.public_data]) if agent and public else ()
            yield [*held] if held else [await self._decrypted(host, host.key_file, key)], ""
        finally:
            if agent:
                agent.close()
                await agent.wait_closed()

    def tried(self, host: Host) -> str:
        """The keys that were offered, for a message."""
        if host.key_file:
            key = self._load(host.key_file)
            shown = key if isinstance(key, asyncssh.SSHKey) else _public_half(host.key_file)
            return f"{host.key_file} ({fingerprint(shown)})" if shown else host.key_file
        files = [name for name in self._default_keys if self._usual(name)]
        return ", ".join([*(["the keys of the ssh agent"] if self._agent else []), *files]) or "none: no key was found"

    async def _decrypted(self, host: Host, name: str, why: Exception) -> asyncssh.SSHKey:
        """A key that needs a passphrase: the one that the entry names, else a person's."""
        if not _needs_passphrase(why):
            raise _unusable(host, why)
        passphrase = await self._passphrase(host, name)
        key = self._load(name, passphrase)
        if isinstance(key, asyncssh.SSHKey):
            return key
        raise HostAuthError(
            "KeyPassphraseRefused",
            f"the passphrase does not open the key file of {host.name}",
            where=f"{host.name}, key_file",
            why=f"{name}: {key}",
            fix="correct what key_passphrase_ref leads to"
            if host.key_passphrase_ref
            else "run the command again with the right one, or load the key into an ssh agent (ssh-add)",
        )

    async def _passphrase(self, host: Host, name: str) -> str:
        question = f"Passphrase of {name}: "
        if host.key_passphrase_ref is not None:
            where = f"{host.name}, key_passphrase_ref"
            return await self._secrets.find(host.key_passphrase_ref, where=where, question=question)
        if self._secrets.can_ask:
            return await self._secrets.ask(question, where=f"{host.name}, key_file")
        raise HostAuthError(
            "KeyFileEncrypted",
            f"the key file of {host.name} needs a passphrase, and there is nobody to ask for it",
            where=f"{host.name}, key_file",
            why=f"{name} is encrypted, no ssh agent holds it, and there is no terminal",
            fix=f"say where the passphrase is: aksprov set-host --name {host.name} --key-passphrase-ref env:NAME"
            f" (or file:PATH, keyring:SERVICE/USER); or load the key into the agent (ssh-add {name}), .pub beside it",
        )

    def _usual(self, name: str) -> asyncssh.SSHKey | None:
        key = self._load(name)
        return key if isinstance(key, asyncssh.SSHKey) else None

    def _load(self, name: str, passphrase: str | None = None) -> asyncssh.SSHKey | Exception:
        """The key of a file, or why there is none."""
        known = self._parsed.get((name, passphrase))
        if known is None:
            try:
                known = asyncssh.read_private_key(str(Path(name).expanduser()), passphrase)
            except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as e:
                known = e
            self._parsed[name, passphrase] = known
        return known

    async def _open_agent(self) -> asyncssh.SSHAgentClient | None:
        try:
            return await asyncssh.connect_agent(self._agent) if self._agent else None
        except OSError:
            return None  # a stale SSH_AUTH_SOCK is no agent


def _needs_passphrase(why: Exception) -> bool:
    """asyncssh says it by its own class for some forms of keys, by an import error's text for others."""
    return isinstance(why, asyncssh.KeyEncryptionError) or "Passphrase must be specified" in str(why)


def _public_half(name: str) -> asyncssh.SSHKey | None:
    """The public key that lies beside a private one, or that the file itself is."""
    for suffix in (".pub", ""):
        try:
            return asyncssh.read_public_key(str(Path(name).expanduser()) + suffix)
        except (OSError, asyncssh.KeyImportError):
            continue
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
    reason = why.strerror if isinstance(why, OSError) else str(why)
    if _is_putty(host.key_file or ""):
        reason = "it is a key of PuTTY"
    return HostAuthError(
        "KeyFileUnreadable",
        f"the key file of {host.name} cannot be read",
        where=where,
        why=f"{host.key_file}: {reason}",
        fix="give a private key in OpenSSH, PEM or PKCS#8 form that you may read; PuTTY's is converted by"
        " puttygen KEY.ppk -O private-openssh -o KEY, and a public key needs its private half in the ssh agent",
    )


def _is_putty(name: str) -> bool:
    try:
        with Path(name).expanduser().open("rb") as file:
            return file.read(20) == b"PuTTY-User-Key-File-"
    except OSError:
        return False
