"""A bundle's folder appears whole: made beside its place, and put there by a rename."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aksprov.errors import AksprovError, DefinitionError
from aksprov.model.offline_bundle import BundleFile, BundleKey, OfflineBundle
from aksprov.workflows.offline_bundle.hashes import Hashes, Tell
from aksprov.workflows.offline_bundle.read import MANIFEST, SIGNATURE, open_offline_bundle
from aksprov.workflows.offline_bundle.signature import fingerprint, public_text, sign

_PIECE: Final = 4 << 20  # bytes
_LARGE: Final = 64 << 20


def manifest_of(bundle: OfflineBundle) -> bytes:
    """The content of manifest.json: the same bytes for the same bundle."""
    return msgspec.json.format(msgspec.json.encode(bundle, order="sorted"), indent=1) + b"\n"


def check_place(source: Path, target: Path) -> None:
    """Refuse a place where something else would be lost.

    Args:
        source, target: absolute.

    Raises:
        DefinitionError: BundleFolderTaken.
    """
    if source == target or source in target.parents or target in source.parents:
        raise _taken(target, "the source and the bundle cannot lie in one another")
    if os.path.lexists(target) and not _may_be_replaced(target):
        raise _taken(target, "something else is there, and would be lost")


def write_bundle(
    source: Path, target: Path, bundle: OfflineBundle, key: Ed25519PrivateKey, hashes: Hashes, tell: Tell
) -> bool:
    """Put a bundle into a folder, in place of an older one.

    Args:
        source: folder that has the bundle's files under the same paths.
        target: absolute.

    Returns:
        False where it is there already, the same and whole.

    Raises:
        DefinitionError: BundleNotWritten, BundleSourceChanged.
    """
    manifest = manifest_of(bundle)
    if _is_there(target, manifest, key, hashes):
        return False
    draft = target.with_name(f".{target.name}.{uuid4().hex}.new")
    try:
        draft.mkdir(parents=True)
        for file in bundle.files:
            _place(source / file.path, draft / file.path, file, tell)
        _write(draft / MANIFEST, manifest)
        _write(draft / SIGNATURE, sign(manifest, key))
        _swap_in(draft, target)
    except OSError as error:
        raise _not_written(target, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True


def _is_there(target: Path, manifest: bytes, key: Ed25519PrivateKey, hashes: Hashes) -> bool:
    """Whether the folder has this bundle, signed by this key, every file as it should be."""
    public = public_text(key.public_key())
    try:
        if (target / MANIFEST).read_bytes() != manifest:
            return False
        open_offline_bundle(target, {fingerprint(public): BundleKey(public_key=public, own=True)}, hashes=hashes)
    except (OSError, AksprovError):
        return False
    return True


def _may_be_replaced(target: Path) -> bool:
    """A bundle, whoever made it, or an empty folder."""
    return target.is_dir() and not target.is_symlink() and ((target / MANIFEST).exists() or not any(target.iterdir()))


def _place(source: Path, target: Path, file: BundleFile, tell: Tell) -> None:
    """A hard link where both are on one file system, else a copy that is what was hashed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target, follow_symlinks=False)
    except (OSError, NotImplementedError):
        if file.size >= _LARGE:
            tell(f"{file.path}: {file.size >> 20} MB are copied")
        _copy(source, target, file)


def _copy(source: Path, target: Path, file: BundleFile) -> None:
    seen = hashlib.sha256()
    with source.open("rb") as reader, target.open("xb") as writer:
        while piece := reader.read(_PIECE):
            seen.update(piece)
            writer.write(piece)
        writer.flush()
        os.fsync(writer.fileno())
    if seen.hexdigest() != file.sha256:
        raise DefinitionError(
            "BundleSourceChanged",
            f"{file.path} changed while the bundle was made",
            where=str(source),
            why="what was copied has another hash than what was listed",
            fix="let whatever writes there end, then run the command again",
        )


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _swap_in(draft: Path, target: Path) -> None:
    """The old bundle goes only after the new one has its place, and comes back where it does not get it."""
    if not os.path.lexists(target):
        draft.rename(target)
        return
    old = draft.with_suffix(".old")
    target.rename(old)
    try:
        draft.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _taken(target: Path, why: str) -> DefinitionError:
    return DefinitionError(
        "BundleFolderTaken",
        "the bundle cannot be written there",
        where=str(target),
        why=why,
        fix="give --output-dir a folder of its own",
    )


def _not_written(target: Path, error: OSError) -> DefinitionError:
    return DefinitionError(
        "BundleNotWritten",
        "the bundle was not written",
        where=str(target),
        why=f"{error.filename or target}: {error.strerror or error}",
        fix="give --output-dir a folder that can be written, with room in it",
    )
