"""From a host of the inventory to an authenticated SSH connection, or the reason why not."""

from __future__ import annotations

import asyncio
import getpass
import random
import re
import socket
from typing import Any

import asyncssh

from aksprov.errors import HostAuthError, HostError
from aksprov.model.host import Host
from aksprov.transport.greeting import greet
from aksprov.transport.hostkeys import KnownHosts, Trusted, fingerprint
from aksprov.transport.identity import Identities
from aksprov.transport.tcp import open_socket, place, port_of

# Key exchange and authentication; an sshd that looks up our name with dead DNS needs 10 s alone.
LOGIN_SECONDS = 20
# A connection that dies during the key exchange is mostly sshd's MaxStartups: one more try, a little later.
RETRY_SECONDS = (0.2, 1.0)
# A peer that says nothing to three of these is gone.
KEEPALIVE_SECONDS = 15

# Fast first, and post-quantum where the server can: sntrup761 costs the client 85 ms of CPU, mlkem768
# 0.15 ms, and AES-GCM is the cipher that costs Python least.  Nothing with SHA-1 or CBC: whatever sshd of
# the last ten years there is has something of these, and a short list is a short first message.
KEX = (
    "mlkem768x25519-sha256",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group16-sha512",
)
CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes256-ctr",
    "chacha20-poly1305@openssh.com",
)
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512")


class _Watch(asyncssh.SSHClient):
    """Remembers the host key that was refused."""

    offered: asyncssh.SSHKey | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Called for a key that is not trusted."""
        self.offered = key
        return False


def supported_kex() -> tuple[str, ...]:
    """:data:`KEX` as far as this machine's cryptography library goes: ML-KEM needs OpenSSL 3.5."""
    try:
        asyncssh.SSHClientConnectionOptions(config=None, client_keys=[], agent_path=None, kex_algs=KEX)
    except ValueError:
        return KEX[1:]
    return KEX


class Login:
    """Logs in to hosts; keys and known_hosts are read once, for all of them."""

    def __init__(self, known_hosts: KnownHosts, identities: Identities) -> None:
        self._known_hosts = known_hosts
        self._identities = identities
        # asyncssh says everything again that our errors say
        asyncssh.set_log_level("CRITICAL")
        self._common: dict[str, Any] = {
            "config": None,
            "preferred_auth": "publickey",
            "gss_host": None,
            "compression_algs": ["none"],
            "kex_algs": supported_kex(),
            "encryption_algs": CIPHERS,
            "mac_algs": MACS,
            "login_timeout": LOGIN_SECONDS,
            "keepalive_interval": KEEPALIVE_SECONDS,
        }

    async def __call__(self, host: Host) -> asyncssh.SSHClientConnection:
        """Log in.

        Raises:
            HostAuthError: HostKeyUnknown, HostKeyChanged, HostKeyRevoked, HostUserRefused or a key file's error.
            HostError: HostUnreachable, HostNameUnknown, HostNotSsh, HostTimeout, HostDisconnected.
        """
        keys = self._identities.options(host)
        try:
            return await self._attempt(host, keys)
        except HostError as e:
            if e.code != "HostDisconnected":
                raise
        await asyncio.sleep(random.uniform(*RETRY_SECONDS))  # noqa: S311 - jitter, not a secret
        return await self._attempt(host, keys)

    async def _attempt(self, host: Host, keys: dict[str, Any]) -> asyncssh.SSHClientConnection:
        sock = await open_socket(host)
        try:
            return await self._authenticate(host, keys, sock)
        except BaseException:
            sock.close()
            raise

    async def _authenticate(
        self, host: Host, keys: dict[str, Any], sock: socket.socket
    ) -> asyncssh.SSHClientConnection:
        port = port_of(host)
        user = host.user or getpass.getuser()
        watch = _Watch()
        trusted = self._known_hosts.trusted(host, sock.getpeername()[0], port)
        try:
            async with asyncio.timeout(LOGIN_SECONDS):
                return await asyncssh.run_client(
                    sock,
                    host=host.address,
                    port=port,
                    username=user,
                    client_factory=lambda: watch,
                    known_hosts=lambda *_: (trusted.keys, trusted.authorities, trusted.revoked),
                    **keys,
                    **self._common,
                )
        except TimeoutError:
            raise HostError(
                "HostTimeout",
                f"{host.name} did not finish the login within {LOGIN_SECONDS} s",
                where=place(host),
                why="the TCP connection stands, but the SSH server is silent or very slow",
                fix="check load, disk and DNS of the host (UseDNS no in sshd_config helps where DNS is dead)",
            ) from None
        except asyncssh.HostKeyNotVerifiable as e:
            raise _key_refused(host, trusted, watch.offered, str(e)) from None
        except asyncssh.PermissionDenied:
            raise self._user_refused(host, user) from None
        except (asyncssh.Error, OSError) as e:
            if "authentication failures" in str(e):  # the server's own words when MaxAuthTries is used up
                raise self._user_refused(host, user) from None
            raise await _broken_login(host, trusted, e) from None

    def _user_refused(self, host: Host, user: str) -> HostAuthError:
        return HostAuthError(
            "HostUserRefused",
            f"{host.name} does not let the user {user} in",
            where=place(host),
            why=f"it took none of the keys that were tried: {self._identities.tried(host)}",
            fix=f"put the public key into the authorized_keys of {user} on the host, "
            f"or name another user or key file for {host.name} in the inventory",
        )


def _key_refused(host: Host, trusted: Trusted, offered: asyncssh.SSHKey | None, said: str) -> HostAuthError:
    shown = fingerprint(offered) if offered else said
    if "revoked" in said:
        return HostAuthError(
            "HostKeyRevoked",
            f"{host.name} shows a host key that is marked @revoked in known_hosts",
            where=place(host),
            why="nothing was sent to it",
            fix="give the host a new key, or look for who else answers at this address",
        )
    if not trusted.keys:
        return HostAuthError(
            "HostKeyUnknown",
            f"the host key of {host.name} is not known",
            where=place(host),
            why=f"neither the inventory nor known_hosts has it; offered is {shown}",
            fix=f"compare the fingerprint with the host's own, then: aksprov scan-host-keys --name {host.name}",
        )
    return HostAuthError(
        "HostKeyChanged",
        f"{host.name} shows another host key than the recorded one",
        where=place(host),
        why=f"recorded is {trusted.fingerprints}; offered is {shown}; nothing was sent to it",
        fix="find out whether the host was installed anew or another machine has its address; "
        f"if the new key is right: aksprov scan-host-keys --name {host.name}",
    )


async def _broken_login(host: Host, trusted: Trusted, error: Exception) -> HostError:
    """Why a server ended the connection: what it says first tells more than how it ended."""
    said = str(error) or type(error).__name__
    greeting = await greet(host)
    known = {key.get_algorithm() for key in trusted.keys}
    if greeting.types is not None and known and not trusted.authorities and not known & greeting.types:
        return _key_refused(host, trusted, None, f"only {', '.join(sorted(greeting.types))}")
    # "Exceeded MaxStartups", "Not allowed at this time": sshd without time for us
    if isinstance(error, _PROTOCOL_ERRORS) or (greeting.types is None and not _BUSY.match(greeting.said)):
        return HostError(
            "HostNotSsh",
            f"{host.name} does not speak SSH as we do",
            where=place(host),
            why=f"it says: {greeting.said}" if greeting.said else said,
            fix="check address and port; an SSH server that is older than OpenSSH 7.4 is not supported",
        )
    return HostError(
        "HostDisconnected",
        f"{host.name} ended the connection during the login",
        where=place(host),
        why=greeting.said or said,
        fix="look at the host's sshd log; with many connections at once, raise MaxStartups in sshd_config",
    )


_PROTOCOL_ERRORS = (asyncssh.ProtocolError, asyncssh.ProtocolNotSupported, asyncssh.KeyExchangeFailed)
_BUSY = re.compile(r"$|Exceeded MaxStartups|Not allowed at this time")
