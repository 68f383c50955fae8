"""The certificate of a Windows host: by its authority, or pinned by its fingerprint.

pypsrp and pywinrm know no pins, and both build their session of requests where we cannot reach it before the first
request.  So this one module reaches into both, and refuses versions that it was not tried with.
"""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import requests
from cryptography import x509
from requests.adapters import HTTPAdapter

from aksprov.errors import HostAuthError, NotAvailableError
from aksprov.model.host import Host
from aksprov.transport.windows.endpoint import address_of, is_https, place, port_of

# With these the session can be had before it is used.
_TRIED: Final = {"pypsrp": ("0.9",), "pywinrm": ("0.5",)}
_LOOK_SECONDS: Final = 10


class PinnedAdapter(HTTPAdapter):
    """Goes on with a connection only when the certificate has this fingerprint; names and dates do not count then.

    urllib3 compares it once the handshake is done, before anything is sent (its ``assert_fingerprint``).
    """

    def __init__(self, sha256: str) -> None:
        self._sha256 = sha256
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """As requests makes it, with the fingerprint."""
        super().init_poolmanager(*arguments, **named, assert_fingerprint=self._sha256)


def secure(session: requests.Session, host: Host) -> None:
    """Make a session trust what the entry says, and ask no proxy of the controller's environment."""
    session.trust_env = False
    session.proxies = {"http": "", "https": ""}
    if not is_https(host):
        return
    if host.certificate_sha256:
        session.mount("https://", PinnedAdapter(host.certificate_sha256.replace(":", "").lower()))
        session.verify = False  # the pin says more
    else:
        session.verify = str(Path(host.ca_file).expanduser()) if host.ca_file else _system_authorities()


def _system_authorities() -> str | bool:
    """The file of authorities that this system's OpenSSL uses, or those that come with requests."""
    file = ssl.get_default_verify_paths().cafile
    return file if file and os.path.exists(file) else True


def check_version(library: str) -> None:
    """Refuse a version of a library whose session we would not get.

    Raises:
        NotAvailableError: LibraryVersion.
    """
    there = version(library)
    if not there.startswith(tuple(f"{tried}." for tried in _TRIED[library])):
        raise NotAvailableError(
            "LibraryVersion",
            f"{library} {there} was not tried with aksprov",
            where=library,
            why="certificates of Windows hosts are pinned by means that another version may not have",
            fix=f"pip install '{library}=={_TRIED[library][-1]}.*'",
        )


def refused_certificate(host: Host, said: str) -> HostAuthError:
    """Why a certificate was not trusted, with its fingerprint and the way to pin it; nothing was sent."""
    try:
        raw = _shown(host)
    except OSError as e:
        return _untrusted(host, f"{said}; and it does not show it again: {e}", "")
    certificate = x509.load_der_x509_certificate(raw)
    fingerprint = hashlib.sha256(raw).hexdigest()
    shown = (
        f"its certificate is {fingerprint}, for {', '.join(_names(certificate))}, "
        f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}"
    )
    if host.certificate_sha256:
        return HostAuthError(
            "HostCertificateChanged",
            f"{host.name} shows another certificate than the pinned one",
            where=place(host),
            why=f"{shown}; nothing was sent to it",
            fix="find out why; when it was renewed: "
            f"aksprov set-host --name {host.name} --certificate-sha256 {fingerprint}",
        )
    return _untrusted(host, f"{said}; {shown}", fingerprint)


def _untrusted(host: Host, why: str, fingerprint: str) -> HostAuthError:
    pin = f"--certificate-sha256 {fingerprint}" if fingerprint else "--certificate-sha256 ITS-FINGERPRINT"
    return HostAuthError(
        "HostCertificateUntrusted",
        f"the certificate of {host.name} is not trusted",
        where=place(host),
        why=f"{why}; nothing was sent to it",
        fix=f"give its authority (aksprov set-host --name {host.name} --ca-file FILE), or, once the fingerprint was "
        f"compared with the host's (Get-ChildItem Cert:\\LocalMachine\\My), pin it with {pin}",
    )


def _shown(host: Host) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is looked at, and nothing is sent
    address = host.address
    with (
        socket.create_connection((address, port_of(host)), timeout=_LOOK_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=address_of(host).strip("[]")) as wrapped,
    ):
        return wrapped.getpeercert(binary_form=True) or b""


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [certificate.subject.rfc4514_string()]
    return [str(name.value) for name in found]
