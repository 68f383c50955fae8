"""A bundle is used only when a trusted key has signed its manifest and each file is the one that was signed."""

from __future__ import annotations

import re
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from aksprov.errors import DefinitionError, NotFoundError
from aksprov.model.names import RESERVED
from aksprov.model.offline_bundle import BUNDLE_SCHEMA, BundleFile, BundleKey, OfflineBundle, OpenedBundle
from aksprov.workflows.offline_bundle.hashes import Hashes
from aksprov.workflows.offline_bundle.signature import check_signature

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.json.sig"
_SHOWN: Final = 5  # problems in one error
# What is a name on Linux and on Windows alike.
_PART: Final = re.compile(r"[A-Za-z0-9_+~,=@%-][A-Za-z0-9._+~,=@%-]*")


def open_offline_bundle(
    path: Path,
    trusted: Mapping[str, BundleKey],
    *,
    version: str | None = None,
    hashes: Hashes | None = None,
) -> OpenedBundle:
    """The bundle in a folder, verified whole; nothing of it is to be used before.

    Args:
        path: its folder.
        trusted: keys by fingerprint: ``Snapshot.bundle_keys``.
        version: the Kubernetes version that is needed, e.g. "v1.36.2"; None where any will do.
        hashes: what computes and keeps the files' hashes; None for one of its own.

    Raises:
        NotFoundError: BundleNotFound.
        DefinitionError: BundleUnsigned, BundleSignatureWrong, BundleKeyUnknown, BundleUnreadable,
            BundlePathRefused, BundleDamaged, BundleOfOtherVersion.
    """
    folder = path.expanduser().absolute()
    bundle = read_manifest(folder, trusted)
    if version is not None and bundle.kubernetes_version != version:
        raise DefinitionError(
            "BundleOfOtherVersion",
            f"the bundle is not for Kubernetes {version}",
            where=str(folder),
            why=f"it has {bundle.kubernetes_version}",
            fix=f"ask for {bundle.kubernetes_version}, or give a bundle that has {version}",
        )
    _check_paths(folder, bundle.files)
    _check_files(folder, bundle.files, hashes or Hashes())
    return OpenedBundle(folder=folder, bundle=bundle)


def read_manifest(folder: Path, trusted: Mapping[str, BundleKey]) -> OfflineBundle:
    """What a bundle's manifest says, its signature verified; the files are not looked at.

    Raises:
        NotFoundError: BundleNotFound.
        DefinitionError: BundleUnsigned, BundleSignatureWrong, BundleKeyUnknown, BundleUnreadable.
    """
    content = _read(folder / MANIFEST)
    if content is None:
        raise NotFoundError(
            "BundleNotFound",
            "there is no offline bundle",
            where=str(folder),
            why=f"the folder, or {MANIFEST} in it, is not there or cannot be read",
            fix="give the folder that new-offline-bundle wrote",
        )
    signature = _read(folder / SIGNATURE)
    if signature is None:
        raise DefinitionError(
            "BundleUnsigned",
            "the bundle is not signed",
            where=str(folder),
            why=f"{SIGNATURE} is not there or cannot be read",
            fix="copy the whole bundle from where it was made, or make it with new-offline-bundle",
        )
    check_signature(content, signature, trusted, where=str(folder))
    return _decode(content, folder)


def _decode(content: bytes, folder: Path) -> OfflineBundle:
    try:
        schema = msgspec.json.decode(content, type=dict[str, object]).get("schema")
        if schema == BUNDLE_SCHEMA:
            return msgspec.json.decode(content, type=OfflineBundle)
        why = f"its schema is {schema!r}, and {BUNDLE_SCHEMA} is what this aksprov reads"
    except msgspec.MsgspecError as error:
        why = str(error)
    raise DefinitionError(
        "BundleUnreadable",
        "the bundle's manifest cannot be read",
        where=str(folder / MANIFEST),
        why=why,
        fix="use the aksprov that made it, or make the bundle again with this one",
    )


def _check_paths(folder: Path, files: Iterable[BundleFile]) -> None:
    """Refuse names that lead out of the folder, that Windows cannot have, or that come twice; and links."""
    counts = Counter(file.path.lower() for file in files)
    problems = [f"{path} is there {count} times" for path, count in sorted(counts.items()) if count > 1]
    for file in files:
        if not is_path(file.path):
            problems.append(f"{file.path!r} is no path below the bundle's folder")
        elif link := _link_on_the_way(folder, file.path):
            problems.append(f"{link} is a link")
    if problems:
        raise _not_as_signed("BundlePathRefused", "the bundle has paths that are not taken", folder, problems)


def is_path(path: str) -> bool:
    """Whether a bundle may have this path: below its folder, and a name on Linux and Windows alike."""
    parts = path.split("/")
    return all(_PART.fullmatch(part) and part.split(".")[0].lower() not in RESERVED for part in parts)


def _link_on_the_way(folder: Path, path: str) -> str:
    """The first link below the folder that a path goes through, "" where there is none."""
    place = PurePosixPath(path)
    for part in (*reversed(place.parents[:-1]), place):
        try:
            mode = (folder / part).lstat().st_mode
        except OSError:
            return ""  # what is missing is said with the files
        if stat.S_ISLNK(mode):
            return str(part)
    return ""


def _check_files(folder: Path, files: Iterable[BundleFile], hashes: Hashes) -> None:
    problems = [problem for file in files if (problem := _damage(folder / file.path, file, hashes))]
    hashes.keep()
    if problems:
        raise _not_as_signed("BundleDamaged", "the bundle is not as it was signed", folder, problems)


def _damage(place: Path, file: BundleFile, hashes: Hashes) -> str:
    try:
        about = place.stat()
        if not stat.S_ISREG(about.st_mode):
            return f"{file.path} is no ordinary file"
        if about.st_size != file.size:
            return f"{file.path} has {about.st_size} bytes instead of {file.size}"
        return "" if hashes.of(place) == file.sha256 else f"{file.path} has other content"
    except FileNotFoundError:
        return f"{file.path} is missing"
    except OSError as error:
        return f"{file.path}: {error.strerror or error}"


def _not_as_signed(code: str, what: str, folder: Path, problems: list[str]) -> DefinitionError:
    rest = f" and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return DefinitionError(
        code,
        what,
        where=str(folder),
        why="; ".join(problems[:_SHOWN]) + rest,
        fix="copy the bundle again from where it was made, or make it again with new-offline-bundle",
    )


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
