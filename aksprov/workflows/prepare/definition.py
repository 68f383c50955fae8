"""From a request to where the programs of a cluster's hosts come from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from aksprov.errors import DefinitionError, NotFoundError, UsageError
from aksprov.model.base import Wire
from aksprov.model.programs import PackageSettings, ProgramSource, Source
from aksprov.model.request import Request

PUBLIC_REPOSITORY: Final = "https://pkgs.k8s.io/core:/stable:"  # source: "Installing kubeadm", kubernetes.io
# What apt's and dnf's one-line files can hold without quotes.
_URL: Final = re.compile(r"https?://[A-Za-z0-9._~:/@%+,=-]+")
_ARMOR: Final = "-----BEGIN PGP PUBLIC KEY BLOCK-----"


class _Given(Wire, frozen=True, kw_only=True):
    """The object of --package-settings: as it is recorded, but with the key in a file."""

    repository: str = PUBLIC_REPOSITORY
    key_file: str = ""
    proxy: str = ""


def read_source(request: Request, recorded: ProgramSource | None, default: Path | None) -> ProgramSource:
    """What a request says, else what is recorded; it may change from run to run.

    Args:
        recorded: the cluster's, None for a new one.
        default: the folder that enable-offline-download recorded; a new cluster is made from it where nothing else
            is said.

    Raises:
        DefinitionError: PackageSettingsInvalid, OfflineBundleUrlInvalid.
        NotFoundError: PackageKeyNotFound.
        UsageError: ProgramSourceContradicted.
    """
    bundle, url = request.text("offlineBundle"), request.text("offlineBundleUrl")
    settings = request.values.get("packageSettings")
    if recorded is None:
        recorded = ProgramSource() if default is None else ProgramSource(source="bundle")
    given = bundle is not None or url is not None
    source = _source(request, recorded, bundle=given, settings=settings is not None)
    if source == "bundle":
        known = recorded.bundle or (str(default) if default else "")
        server = "" if bundle else recorded.bundle_url  # another bundle is not on the same server
        return ProgramSource(
            source=source,
            bundle=_folder(bundle) if bundle else known,
            bundle_url=_server(url) if url else server,
        )
    if source == "packages":
        if settings is None and recorded.source == "packages":
            return recorded
        return ProgramSource(source=source, packages=_settings(settings or {}))
    return ProgramSource()


def _source(request: Request, recorded: ProgramSource, *, bundle: bool, settings: bool) -> Source:
    """The one that was named, or that what was given belongs to."""
    implied: list[Source] = []
    if bundle:
        implied.append("bundle")
    if settings:
        implied.append("packages")
    if "programSource" in request.given:
        implied.append(_word(request.need("programSource")))
    if len(set(implied)) > 1:
        raise UsageError(
            "ProgramSourceContradicted",
            "the hosts' programs can have one source only",
            where="programSource",
            why=f"what was given is for {' and '.join(sorted(set(implied)))}",
            fix="give --offline-bundle, or --package-settings, or neither",
        )
    return implied[0] if implied else recorded.source


def _word(text: str) -> Source:
    words: tuple[Source, ...] = ("preinstalled", "packages", "bundle")
    return next(word for word in words if word == text.lower())


def _folder(text: str) -> str:
    return str(Path(text).expanduser().absolute())


def _server(url: str) -> str:
    if not _URL.fullmatch(url) or urlsplit(url).username is not None or not urlsplit(url).hostname:
        raise DefinitionError(
            "OfflineBundleUrlInvalid",
            "hosts cannot get the bundle's files from there",
            where="offlineBundleUrl",
            why="it is no URL that starts with http:// or https://, or has a user in it",
            fix="give the URL of the folder that has the bundle's files, e.g. http://files.example/bundle",
        )
    return url.rstrip("/")


def _settings(given: Any) -> PackageSettings:
    try:
        found = msgspec.convert(given, _Given)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    for name, url in (("repository", found.repository), ("proxy", found.proxy)):
        if url and not _URL.fullmatch(url):
            raise _invalid(f"{name} is no URL that starts with http:// or https://")
        if urlsplit(url).username is not None:
            raise _invalid(f"{name} has a user in it, and the definition keeps no secrets")
    if found.repository and not found.key_file:
        raise _invalid(f"keyFile is missing: the packages of {found.repository} are trusted by their key alone")
    key = _key(found.key_file) if found.key_file else ""
    return PackageSettings(repository=found.repository.rstrip("/"), key=key, proxy=found.proxy)


def _key(path: str) -> str:
    try:
        text = Path(path).expanduser().read_text("ascii")
    except OSError as error:
        raise NotFoundError(
            "PackageKeyNotFound",
            "the key of the package repository cannot be read",
            where=path,
            why=error.strerror or str(error),
            fix="save it there first; that of pkgs.k8s.io is Release.key in the folder of each minor's packages",
        ) from None
    except UnicodeDecodeError:
        text = ""
    if _ARMOR not in text or "PRIVATE KEY" in text:  # the definition is recorded and sent to hosts
        raise _invalid(f"{path} is no ASCII-armored OpenPGP public key (gpg --armor --export)")
    return text if text.endswith("\n") else f"{text}\n"


def _invalid(why: str) -> DefinitionError:
    return DefinitionError(
        "PackageSettingsInvalid",
        "the package settings cannot be used",
        where="packageSettings",
        why=why,
        fix='give an object like {"repository": "https://mirror.example/kubernetes", "keyFile": "kubernetes.asc", '
        '"proxy": "http://proxy.example:3128"}; "repository": "" where the hosts have a repository with Kubernetes',
    )
