"""From a host of the inventory to an authenticated SSH connection, or the reason why not."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable
from typing import Any

import asyncssh

from aksprov.errors import HostAuthError, HostError
from aksprov.model.host import Host
from aksprov.transport.bastions import Bastions, not_forwarded
from aksprov.transport.client import Client
from aksprov.transport.credentials import user_of
from aksprov.transport.diagnosis import first_line, not_tried
from aksprov.transport.greeting import greet
from aksprov.transport.hostkeys import KnownHosts, Trusted, fingerprint
from aksprov.transport.identity import Identities, KeyPairs
from aksprov.transport.passwords import Password
from aksprov.transport.tcp import PassingError, open_socket, place, port_of

# Key exchange and authentication; an sshd that looks up our name with dead DNS needs 10 s alone.
LOGIN_SECONDS = 20
# A connection that is refused, or dies before anything was proved, is mostly sshd's MaxStartups, or sshd that is being
# started anew: tried again after about so many seconds.
RETRY_SECONDS = (0.5, 1.5)
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


def supported_kex() -> tuple[str, ...]:
    """:data:`KEX` as far as this machine's cryptography library goes: ML-KEM needs OpenSSL 3.5."""
    try:
        asyncssh.SSHClientConnectionOptions(config=None, client_keys=[], agent_path=None, kex_algs=KEX)
    except ValueError:
        return KEX[1:]
    return KEX


class Login:
    """Logs in to hosts; keys and known_hosts are read once, for all of them.

    Args:
        bastions: the connections to jump hosts.
        jitter: a number from 0 to 1, another one each time, so that hosts are not tried again all at once.
    """

    def __init__(
        self, known_hosts: KnownHosts, identities: Identities, bastions: Bastions, jitter: Callable[[], float]
    ) -> None:
        self.bastions = bastions
        self._jitter = jitter
        self._known_hosts = known_hosts
        self._identities = identities
        # asyncssh says everything again that our errors say
        asyncssh.set_log_level("CRITICAL")
        self._common: dict[str, Any] = {
            "config": None,
            "gss_host": None,
            "compression_algs": ["none"],
            "kex_algs": supported_kex(),
            "encryption_algs": CIPHERS,
            "mac_algs": MACS,
            "login_timeout": LOGIN_SECONDS,
            "keepalive_interval": KEEPALIVE_SECONDS,
        }

    async def __call__(self, host: Host, password: Password | None) -> asyncssh.SSHClientConnection:
        """Log in; what failed before anything was proved is tried again, an authentication never.

        Raises:
            HostAuthError: HostKeyUnknown, HostKeyChanged, HostKeyRevoked, HostUserRefused, HostAccountRefused,
                HostPasswordRefused, HostPasswordExpired, HostPasswordNotTried or a key file's error.
            HostError: HostUnreachable, HostNameUnknown, HostNotSsh, HostTimeout, HostDisconnected, JumpHostFailed,
                JumpHostRefused.
        """
        async with self._identities.offered(host) as (keys, agent):
            for seconds in RETRY_SECONDS:
                try:
                    return await self._attempt(host, keys, agent, password)
                except PassingError:
                    await asyncio.sleep(seconds * (0.5 + self._jitter()))
            return await self._attempt(host, keys, agent, password)

    async def leave(self, host: Host) -> None:
        """The connection to ``host`` is closed: its jump host may be, too."""
        if host.jump_host is not None:
            await self.bastions.leave(host)

    async def _attempt(
        self, host: Host, keys: KeyPairs, agent: str, password: Password | None
    ) -> asyncssh.SSHClientConnection:
        if host.jump_host is None:
            sock = await open_socket(host)
            try:
                return await self._authenticate(host, keys, agent, password, sock=sock)
            except BaseException:
                sock.close()
                raise
        tunnel = await self.bastions.enter(host)
        try:
            return await self._authenticate(host, keys, agent, password, tunnel=tunnel)
        except asyncssh.ChannelOpenError as e:
            await self.bastions.leave(host)
            raise not_forwarded(host, e) from None
        except BaseException:
            await self.bastions.leave(host)
            raise

    async def _authenticate(
        self,
        host: Host,
        keys: KeyPairs,
        agent: str,
        password: Password | None,
        *,
        sock: socket.socket | None = None,
        tunnel: asyncssh.SSHClientConnection | None = None,
    ) -> asyncssh.SSHClientConnection:
        user = user_of(host)
        client = Client(password)
        trusted = self._known_hosts.trusted(host, sock.getpeername()[0] if sock else "", port_of(host))
        accepted: bool | None = None
        try:
            async with asyncio.timeout(LOGIN_SECONDS):
                connection = await asyncssh.connect(
                    host.address,
                    port_of(host),
                    username=user,
                    client_factory=lambda: client,
                    known_hosts=lambda *_: (trusted.keys, trusted.authorities, trusted.revoked),
                    client_keys=keys,
                    agent_path=agent,
                    preferred_auth=_methods(host),
                    **({"sock": sock} if sock else {"tunnel": tunnel}),
                    **self._common,
                )
            accepted = True
            return connection
        except TimeoutError:
            raise HostError(
                "HostTimeout",
                f"{host.name} did not finish the login within {LOGIN_SECONDS} s",
                where=place(host),
                why="the TCP connection stands, but the SSH server is silent or very slow",
                fix="check load, disk and DNS of the host (UseDNS no in sshd_config helps where DNS is dead)",
            ) from None
        except asyncssh.HostKeyNotVerifiable as e:
            raise _key_refused(host, trusted, client.offered, str(e)) from None
        except asyncssh.PermissionDenied as e:
            accepted = False
            raise self._user_refused(host, client, password, str(e)) from None
        except asyncssh.ChannelOpenError:
            raise
        except (asyncssh.Error, OSError) as e:
            if client.began:
                accepted = False
                # the server's own words when MaxAuthTries is used up
                too_many = "authentication failures" in str(e)
                raise (
                    self._user_refused(host, client, password, str(e)) if too_many else _account_refused(host, client)
                ) from None
            raise await _broken_login(host, trusted, e, tunnel) from None
        finally:
            if password is not None:
                password.settle(accepted)

    def _user_refused(self, host: Host, client: Client, password: Password | None, said: str) -> HostAuthError:
        user = user_of(host)
        if password is not None and password.refused_elsewhere:
            return not_tried(host.name, password)
        if client.must_change:
            return HostAuthError(
                "HostPasswordExpired",
                f"{host.name} lets {user} in only to change an expired password",
                where=place(host),
                why="the server asks for a new password",
                fix="renew the account on the host (chage -M -1 USER, or passwd USER)",
            )
        if password is not None and password.was_tried:
            return HostAuthError(
                "HostPasswordRefused",
                f"{host.name} refuses the password of {user}",
                where=place(host),
                why=f"then it asked: {client.asked}" if client.asked else f"tried once; {said}",
                fix="correct what password_ref leads to; it will not be tried again by this run"
                + (", and what else the server asks for cannot be answered" if client.asked else ""),
            )
        return HostAuthError(
            "HostUserRefused",
            f"{host.name} does not let the user {user} in",
            where=place(host),
            why=self._why_refused(host, client, password),
            fix=f"put the public key into the authorized_keys of {user} on the host, "
            f"or name another user or key file for {host.name} in the inventory",
        )

    def _why_refused(self, host: Host, client: Client, password: Password | None) -> str:
        if client.asked:
            return f"it asks what cannot be answered: {client.asked}"
        if password is None:
            return f"it took none of the keys that were tried: {self._identities.tried(host)}"
        return "it takes no password" + (f", and not the key {self._identities.tried(host)}" if host.key_file else "")


def _methods(host: Host) -> str:
    """The ways to authenticate (RFC 4252), as far as the inventory says how."""
    if host.password_ref is None:
        return "publickey"
    return "publickey,password,keyboard-interactive" if host.key_file else "password,keyboard-interactive"


def _account_refused(host: Host, client: Client) -> HostAuthError:
    """sshd ends the connection where PAM's account rules say no, after a key or password that was right."""
    user = user_of(host)
    return HostAuthError(
        "HostAccountRefused",
        f"{host.name} ended the login of {user} in the middle of the authentication",
        where=place(host),
        why=f"it said: {first_line(client.said.encode())}"
        if client.said
        else "it said nothing; sshd does so where PAM refuses the account",
        fix=f"see whether the account is expired or logins are closed (chage -l {user}, /etc/nologin), and sshd's log"
        " on the host; it was tried once",
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


async def _broken_login(
    host: Host, trusted: Trusted, error: Exception, tunnel: asyncssh.SSHClientConnection | None
) -> HostError:
    """Why a server ended the connection: what it says first tells more than how it ended."""
    said = str(error) or type(error).__name__
    greeting = await greet(host, tunnel)
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
    return PassingError(
        "HostDisconnected",
        f"{host.name} ended the connection during the login",
        where=place(host),
        why=greeting.said or said,
        fix="look at the host's sshd log; with many connections at once, raise MaxStartups in sshd_config",
    )


_PROTOCOL_ERRORS = (asyncssh.ProtocolError, asyncssh.ProtocolNotSupported, asyncssh.KeyExchangeFailed)
_BUSY = re.compile(r"$|Exceeded MaxStartups|Not allowed at this time")
