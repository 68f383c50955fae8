"""Where the programs of a cluster's hosts come from: what a request says, what is recorded, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aksprov.errors import AksprovError
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts
from aksprov.model.programs import PackageSettings, ProgramSource
from aksprov.model.request import Request
from aksprov.workflows.prepare.definition import PUBLIC_REPOSITORY, read_source
from aksprov.workflows.prepare.version import newest_patch, offered_version

KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n"
PACKAGES = ProgramSource(source="packages", packages=PackageSettings(repository="https://mirror.example/k8s", key=KEY))


@pytest.fixture
def key(tmp_path: Path) -> str:
    (tmp_path / "key.asc").write_text(KEY)
    (tmp_path / "key.private").write_text(KEY.replace("PUBLIC", "PRIVATE") + KEY)
    (tmp_path / "key.gpg").write_bytes(b"\x99\x01\x0d\x04")
    return str(tmp_path / "key.asc")


def ask(recorded: ProgramSource | None = None, default: Path | None = None, **values: Any) -> ProgramSource:
    return read_source(Request(verb="new-cluster", values=values, given=frozenset(values)), recorded, default)


def test_what_is_said_counts_then_what_is_recorded_then_the_default(key: str, tmp_path: Path) -> None:
    assert ask() == ProgramSource()
    assert ask(PACKAGES) == PACKAGES
    assert ask(PACKAGES, programSource="preinstalled") == ProgramSource()
    assert ask(PACKAGES, offlineBundle="~/b") == ProgramSource(source="bundle", bundle=str(Path("~/b").expanduser()))
    assert ask(None, tmp_path) == ProgramSource(source="bundle", bundle=str(tmp_path))
    assert ask(ProgramSource(), tmp_path) == ProgramSource()
    settings = {"keyFile": key, "proxy": "http://proxy.example:3128"}
    found = ask(packageSettings=settings)
    assert found.packages == PackageSettings(repository=PUBLIC_REPOSITORY, key=KEY, proxy="http://proxy.example:3128")
    assert ask(packageSettings={"repository": ""}) == ProgramSource(source="packages")


def test_a_server_of_the_site_goes_with_its_bundle(tmp_path: Path) -> None:
    found = ask(offlineBundle=str(tmp_path), offlineBundleUrl="http://files.example/b/")
    assert found == ProgramSource(source="bundle", bundle=str(tmp_path), bundle_url="http://files.example/b")
    assert ask(found) == found
    assert ask(found, offlineBundle=str(tmp_path / "other")).bundle_url == ""
    assert ask(found, offlineBundleUrl="https://x/y").bundle == str(tmp_path)


@pytest.mark.parametrize(
    ("values", "code", "word"),
    [
        (
            {"programSource": "preinstalled", "offlineBundle": "b"},
            "ProgramSourceContradicted",
            "bundle and preinstalled",
        ),
        ({"offlineBundle": "b", "packageSettings": {"repository": ""}}, "ProgramSourceContradicted", "packages"),
        ({"programSource": "packages"}, "PackageSettingsInvalid", "keyFile"),
        ({"packageSettings": {"mirror": "x"}}, "PackageSettingsInvalid", "mirror"),
        ({"packageSettings": {"repository": "ftp://x/y"}}, "PackageSettingsInvalid", "repository"),
        ({"packageSettings": {"repository": "http://x/y' z"}}, "PackageSettingsInvalid", "repository"),
        ({"packageSettings": {"repository": "", "proxy": "http://me:word@p:1"}}, "PackageSettingsInvalid", "secrets"),
        ({"packageSettings": {"keyFile": "KEY.gpg"}}, "PackageSettingsInvalid", "armored"),
        ({"packageSettings": {"keyFile": "KEY.private"}}, "PackageSettingsInvalid", "armored"),
        ({"packageSettings": {"keyFile": "missing.asc"}}, "PackageKeyNotFound", "No such file"),
        ({"offlineBundleUrl": "ftp://x/y"}, "OfflineBundleUrlInvalid", "http://"),
        ({"offlineBundleUrl": "http://me:word@x/y"}, "OfflineBundleUrlInvalid", "a user"),
        ({"offlineBundleUrl": "http://:80/y"}, "OfflineBundleUrlInvalid", "http://"),
        ({"programSource": "packages", "offlineBundleUrl": "http://x/y"}, "ProgramSourceContradicted", "bundle"),
    ],
)
def test_what_is_refused(values: dict[str, Any], code: str, word: str, key: str) -> None:
    settings = values.get("packageSettings", {})
    if "KEY" in settings.get("keyFile", ""):
        values = {"packageSettings": {"keyFile": key.replace(".asc", Path(settings["keyFile"]).suffix)}}
    with pytest.raises(AksprovError) as caught:
        ask(**values)
    assert caught.value.code == code
    assert word in caught.value.why
    assert "word" not in str(caught.value.to_dict())


def test_a_version_that_nobody_asked_for_is_that_of_the_hosts_where_they_agree() -> None:
    def version(*kubeadm: str) -> str:
        facts = {f"h{n}": Facts(programs={"kubeadm": found} if found else {}) for n, found in enumerate(kubeadm)}
        return offered_version(ProgramSource(), Snapshot(facts=facts))

    assert version("1.34.2", "1.34.2", "") == "v1.34.2"
    assert version("1.34.2", "1.34.3") == version() == version("1.9.1") == version("")


def test_the_newest_patch_counts_by_its_number() -> None:
    said = ["1.36.9-1.1", "1.36.10-1.1", "1.37.1-1.1", "1.36.11~rc.0-1", "kubeadm", ""]
    assert newest_patch("1.36", said) == "v1.36.10"
    assert newest_patch("1.35", said) == ""
