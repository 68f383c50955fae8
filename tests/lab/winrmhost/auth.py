"""Authentication of one TCP connection, and the message encryption that Negotiate brings."""

from __future__ import annotations

import base64
import hashlib
import os
import pathlib
import re
import socket
import struct
import tempfile

import spnego
from spnego._ntlm_raw.crypto import (
    ntowfv1,  # NT hash for the acceptor's credential file
)
from spnego.channel_bindings import GssChannelBindings

SEALED = re.compile(
    rb"-- ?Encrypted Boundary\r\n\s*Content-Type: ([^\r\n]+)\r\n\s*OriginalContent: ([^\r\n]+)\r\n-- ?Encrypted Boundary\r\n\s*Content-Type: application/octet-stream\r\n"
)


def write_ntlm_user_file(users: dict[str, str], computer: str) -> pathlib.Path:
    """The file pyspnego's NTLM acceptor reads ($NTLM_USER_FILE): NT hashes, one line for each spelling of the domain."""
    lines = []
    for user, password in users.items():
        nt = base64.b16encode(ntowfv1(password)).decode()
        names = (
            [user]
            if "\\" in user or "@" in user
            else [user]
            + [f"{d}\\{user}" for d in (computer, ".", socket.gethostname().upper(), "WORKSTATION", "WORKGROUP")]
        )
        lines += [f"{name}:1000:{'0' * 32}:{nt}:[U]:LCT-0" for name in names]
    fd, name = tempfile.mkstemp(prefix="winrmhost-ntlm-")
    with os.fdopen(fd, "w") as f:
        f.write("\n".join(lines) + "\n")
    os.environ["NTLM_USER_FILE"] = name  # the acceptor takes it from nowhere else
    return pathlib.Path(name)


def channel_bindings(cert_der: bytes) -> GssChannelBindings:
    return GssChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(cert_der).digest())


class Connection:
    """What the server knows of one TCP connection; NTLM authenticates the connection, not the request."""

    count = 0

    def __init__(self, users: dict[str, str], cbt: GssChannelBindings | None) -> None:
        Connection.count += 1
        self.number = Connection.count
        self.users, self.cbt = users, cbt
        self.context: spnego.ContextProxy | None = None
        self.principal: str | None = None
        self.protocol = b""

    def basic(self, token: str) -> str | None:
        try:
            user, _, password = base64.b64decode(token).decode().partition(":")
        except ValueError:
            return None
        return next(
            (u for u, p in self.users.items() if u.lower() == user.lower().removeprefix(".\\") and p == password), None
        )

    def negotiate(self, token: bytes) -> tuple[bool, bytes | None]:
        """Feed one token; (authenticated, token for the client). Raises spnego errors for bad credentials."""
        if self.context is None or self.context.complete:
            self.principal = None
            self.context = spnego.server(
                protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate, channel_bindings=self.cbt
            )
        try:
            out = self.context.step(token)
        except Exception:
            self.context = None
            raise
        if self.context.complete:
            self.principal = (self.context.client_principal or "").rsplit("\\", 1)[-1]
        return self.context.complete, out

    def unseal(self, body: bytes) -> bytes:
        """The SOAP envelope inside a multipart/encrypted body ([MS-WSMV] 2.2.9.1)."""
        plain, at = b"", 0
        while m := SEALED.match(body, at):
            self.protocol = m[1].strip()
            length = int(re.search(rb"Length=(\d+)", m[2], re.I)[1])
            (siglen,) = struct.unpack_from("<I", body, m.end())
            sig = body[m.end() + 4 : m.end() + 4 + siglen]
            start = m.end() + 4 + siglen
            data = self.context.unwrap_winrm(sig, body[start : start + length])  # NTLM: no padding
            plain, at = plain + data, start + length
        if not at:
            raise ValueError("no encrypted part in the body")
        return plain

    def seal(self, plain: bytes) -> tuple[str, bytes]:
        r = self.context.wrap_winrm(plain)
        head = (
            b"--Encrypted Boundary\r\n\tContent-Type: %s\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n"
            b"--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
            % (self.protocol, len(plain) + r.padding_length)
        )
        body = head + struct.pack("<I", len(r.header)) + r.header + r.data + b"--Encrypted Boundary--\r\n"
        return f'multipart/encrypted;protocol="{self.protocol.decode()}";boundary="Encrypted Boundary"', body
