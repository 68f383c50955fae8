"""Stands for an API server: HTTPS on a lab host's port 6443 that answers /readyz with 200.

Lab hosts have no Python, so it is a process of this machine inside the host's network namespace.  It ends with
its standard input, and so with the test that started it.
"""

from __future__ import annotations

import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from minilab import Host

API_SERVER_PORT = 6443
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Authority:
    """A certificate authority with its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @classmethod
    def of_cluster(cls, first_control_plane: Host) -> Self:
        """The cluster's own, as its first control plane has it."""
        certificate, key = (
            first_control_plane.ssh(f"cat /etc/kubernetes/pki/{name}").stdout.encode() for name in ("ca.crt", "ca.key")
        )
        private = serialization.load_pem_private_key(key, password=None)
        assert isinstance(private, rsa.RSAPrivateKey)
        return cls(x509.load_pem_x509_certificate(certificate), private)

    @classmethod
    def stranger(cls) -> Self:
        """Another one that goes by the same name as the cluster's."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
        builder = _certificate(name, name, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return cls(builder.sign(key, hashes.SHA256()), key)

    def client_context(self) -> ssl.SSLContext:
        """For a client that trusts this authority alone."""
        return ssl.create_default_context(cadata=self.certificate.public_bytes(serialization.Encoding.PEM).decode())

    def serve(self, directory: Path) -> tuple[Path, Path]:
        """Write a server's certificate for the name "kubernetes", and its key; their paths."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
        builder = _certificate(subject, self.certificate.subject, key.public_key())
        names = x509.SubjectAlternativeName([x509.DNSName("kubernetes")])
        certificate = builder.add_extension(names, critical=False).sign(self.key, hashes.SHA256())
        paths = directory / "apiserver.crt", directory / "apiserver.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return paths


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - HOUR)
        .not_valid_after(now + HOUR)
    )


@contextmanager
def api_server(host: Host, authority: Authority, directory: Path) -> Iterator[None]:
    """Run a responder on a host, with a certificate of an authority, for the length of the body."""
    files = authority.serve(directory)
    # the host's processes have their numbers in the lab's own /proc
    network = f"/proc/{host.lab.holder}/root/proc/{host.info()['pid']}/ns/net"
    argv = ["nsenter", f"--net={network}", "--", sys.executable, __file__, host.ip, *map(str, files)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            assert process.stdout.readline() == b"ready\n"
            yield
        finally:
            process.stdin.close()


class _Readyz(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext) -> None:
        super().__init__(address, _Readyz)
        # the handshake belongs to the connection's thread: a client that sends nothing must not hold up the others
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that refuses the certificate is what the tests want."""


def main(address: str, certificate: str, key: str) -> None:
    """Serve until standard input ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = _Server((address, API_SERVER_PORT), context)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
