"""The key that signs this state's bundles, and whose bundles are used.

The private key is a file of mode 0600 beside a state in a file, made at its first use, or where a reference leads.
Public keys are recorded in the state, so that whoever shares the state trusts the same.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aksprov.errors import DefinitionError, StateError
from aksprov.model.offline_bundle import BundleKey
from aksprov.state import Store
from aksprov.transport.secret_sources import SecretSources
from aksprov.workflows.offline_bundle.signature import (
    fingerprint,
    load_private_key,
    new_private_key,
    parse_public_key,
    public_text,
)
from aksprov.workflows.session import Session


def signing_key(reference: str | None, store: Store, session: Session) -> Ed25519PrivateKey:
    """The key that a reference leads to, else the state's own, which is made where there is none yet.

    Raises:
        DefinitionError: SigningKeyNeeded, SigningKeyInvalid, SecretReferenceInvalid.
        HostAuthError: SecretMissing, SecretExposed, SecretUnusable.
        NotAvailableError: KeyringMissing.
        StateError: BundleKeyNotWritten.
    """
    found = reference or f"file:{_own_file(store)}"
    ask = session.asker.secret if session.asker.interactive else None
    text = asyncio.run(SecretSources(ask).find(found, where="signingKey", question="Key that signs the bundle: "))
    return load_private_key(text, where=found)


def trust(store: Store, public_key: str, *, own: bool) -> str:
    """Record a public key in the state, unless it is there; its fingerprint.

    Args:
        public_key: OpenSSH's line.

    Raises:
        DefinitionError: TrustKeyInvalid.
        StateError, BusyError: the state cannot be used or made.
    """
    line = public_text(parse_public_key(public_key))
    name = fingerprint(line)
    if name not in store.snapshot().bundle_keys:
        with store.write() as transaction:
            transaction.put_bundle_key(name, BundleKey(public_key=line, own=own))
    return name


def _own_file(store: Store) -> Path:
    state = store.file
    if state is None:
        raise DefinitionError(
            "SigningKeyNeeded",
            "there is no file beside this state for a key",
            where="signingKey",
            why=f"the state is {store.location}, which others use, too",
            fix="give --signing-key env:NAME, file:PATH or keyring:SERVICE/USER",
        )
    path = state.with_name(f"{state.name}.bundle-key")
    if not path.exists():
        _make(path)
    return path


def _make(path: Path) -> None:
    """Appears whole, by a link, which fails where another process was faster; then that one's key is used."""
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        path.parent.mkdir(0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(new_private_key() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    except OSError as error:
        raise StateError(
            "BundleKeyNotWritten",
            "the key that signs bundles could not be written",
            where=str(path),
            why=error.strerror or str(error),
            fix="make the folder writable, or give --signing-key",
        ) from error
    finally:
        draft.unlink(missing_ok=True)
