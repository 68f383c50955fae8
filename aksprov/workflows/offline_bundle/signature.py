"""What signs a bundle: ed25519 keys, in the words of SSH.

``manifest.json.sig`` is one line: "ssh-ed25519 AAAA...", the public key as OpenSSH writes it (RFC 8709), and the
signature of the manifest's bytes (RFC 8032) in base64.  A private key is its 32 bytes in base64, on one line, so that
it fits wherever a reference to a secret may lead.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key

from aksprov.errors import DefinitionError
from aksprov.model.offline_bundle import BundleKey

_LENGTH: Final = 32  # bytes of a private key


def new_private_key() -> str:
    """A new private key, one line."""
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def load_private_key(text: str, *, where: str) -> Ed25519PrivateKey:
    """The private key that a secret holds.

    Raises:
        DefinitionError: SigningKeyInvalid; the text is not repeated.
    """
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _LENGTH:
        raise DefinitionError(
            "SigningKeyInvalid",
            "this is no key that signs bundles",
            where=where,
            why=f"a key is {_LENGTH} bytes in base64, on one line",
            fix="refer to the key file of a state, or leave --signing-key out and one is made",
        )
    return Ed25519PrivateKey.from_private_bytes(raw)


def public_text(key: Ed25519PublicKey) -> str:
    """A public key as OpenSSH writes it, without a comment."""
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def parse_public_key(text: str) -> Ed25519PublicKey:
    """A public key from OpenSSH's line; a comment after it is dropped.

    Raises:
        DefinitionError: TrustKeyInvalid.
    """
    try:
        key = load_ssh_public_key(text.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise DefinitionError(
            "TrustKeyInvalid",
            "this is no public key of bundles",
            where="trustKey",
            why="a key is one line, 'ssh-ed25519 AAAA...'",
            fix="give the PublicKey that new-offline-bundle printed where the bundle was made",
        )
    return key


def fingerprint(public_key: str) -> str:
    """What people compare, as ssh-keygen -l prints it.

    Args:
        public_key: OpenSSH's line.
    """
    digest = hashlib.sha256(base64.b64decode(public_key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def sign(manifest: bytes, key: Ed25519PrivateKey) -> bytes:
    """The content of manifest.json.sig."""
    return f"{public_text(key.public_key())} {base64.b64encode(key.sign(manifest)).decode()}\n".encode()


def check_signature(manifest: bytes, signature: bytes, trusted: Mapping[str, BundleKey], *, where: str) -> None:
    """Refuse a manifest that no trusted key has signed as it is.

    Args:
        signature: content of manifest.json.sig.
        trusted: by fingerprint.

    Raises:
        DefinitionError: BundleSignatureWrong, BundleKeyUnknown.
    """
    try:
        kind, blob, signed = signature.decode("ascii").split()
        key = parse_public_key(f"{kind} {blob}")
        said = base64.b64decode(signed, validate=True)
    except (ValueError, DefinitionError):
        raise _wrong(where, "manifest.json.sig is not the line that new-offline-bundle writes") from None
    name = fingerprint(f"{kind} {blob}")
    if name not in trusted:
        raise DefinitionError(
            "BundleKeyUnknown",
            "a key that is not trusted has signed the bundle",
            where=where,
            why=f"its key is {name}; trusted: {', '.join(sorted(trusted)) or 'none'}",
            fix="compare it with the Fingerprint that its makers see, then give their PublicKey: "
            "enable-offline-download --trust-key",
        )
    try:
        key.verify(said, manifest)
    except InvalidSignature:
        raise _wrong(where, f"manifest.json is not what {name} signed") from None


def _wrong(where: str, why: str) -> DefinitionError:
    return DefinitionError(
        "BundleSignatureWrong",
        "the bundle's signature is wrong",
        where=where,
        why=why,
        fix="copy the bundle again from where it was made; use nothing of this one",
    )
