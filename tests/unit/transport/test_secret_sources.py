"""Where secrets are read from, and what is said of those that cannot be: never the secret."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from aksprov.errors import AksprovError, NotAvailableError
from aksprov.transport.secret_sources import SecretSources

SECRET = "correct horse"


class _Keyring(KeyringBackend):
    """One entry."""

    priority = 1  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        return SECRET if (service, username) == ("lab/hosts", "ops") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


def find(reference: str, sources: SecretSources | None = None) -> str:
    return asyncio.run((sources or SecretSources()).find(reference, where="h1, password_ref", question="Password: "))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Secrets in every place, right and wrong."""
    monkeypatch.setenv("PW", SECRET)
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setattr("keyring.core._keyring_backend", _Keyring())
    for name, content, mode in (
        ("good", f"{SECRET}\n", 0o600),
        ("crlf", f"{SECRET}\r\n", 0o400),
        ("open", f"{SECRET}\n", 0o640),
        ("lines", f"{SECRET}\nmore\n", 0o600),
        ("long", SECRET * 500, 0o600),
        ("empty", "\n", 0o600),
    ):
        (tmp_path / name).write_bytes(content.encode())
        (tmp_path / name).chmod(mode)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "binary").chmod(0o600)
    return tmp_path


@pytest.mark.parametrize("reference", ["env:PW", "file:{}/good", "file:{}/crlf", "keyring:lab/hosts/ops"])
def test_a_secret_is_found(folder: Path, reference: str) -> None:
    assert keyring.get_keyring().__class__ is _Keyring
    assert find(reference.format(folder)) == SECRET


@pytest.mark.parametrize(
    ("reference", "code", "words"),
    [
        ("env:NONE", "SecretMissing", ("env:NONE", "set-host")),
        ("env:EMPTY", "SecretMissing", ("env:EMPTY",)),
        ("file:{}/none", "SecretMissing", ("No such file",)),
        ("file:{}", "SecretMissing", ("directory",)),
        ("file:{}/empty", "SecretMissing", ("nothing in it",)),
        ("file:{}/binary", "SecretMissing", ("UTF-8",)),
        ("file:{}/open", "SecretExposed", ("0640", "chmod 600")),
        ("file:{}/lines", "SecretUnusable", ("several lines",)),
        ("file:{}/long", "SecretUnusable", ("very long",)),
        ("keyring:lab/hosts/nobody", "SecretMissing", ("keyring:lab/hosts/nobody",)),
        ("prompt", "SecretMissing", ("no terminal",)),
    ],
)
def test_what_is_not_found_says_where_and_not_what(
    folder: Path, reference: str, code: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(AksprovError) as raised:
        find(reference.format(folder))
    said = " ".join(map(str, raised.value.to_dict().values()))
    assert (raised.value.code, [w for w in words if w not in said]) == (code, []), said
    assert "h1, password_ref" in said
    assert SECRET not in said


def test_a_keyring_without_its_package_is_69(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(NotAvailableError) as raised:
        find("keyring:lab/hosts/ops")
    assert (raised.value.code, "aksprov[keyring]" in raised.value.fix) == ("KeyringMissing", True)


def test_a_person_is_asked_the_same_question_once() -> None:
    """Fifty hosts at once, one question."""
    asked = []

    async def ask(question: str) -> str:
        asked.append(question)
        await asyncio.sleep(0)
        return SECRET

    async def work() -> list[str]:
        sources = SecretSources(ask)
        return await asyncio.gather(*(sources.find("prompt", where=f"h{n}", question="Password: ") for n in range(50)))

    assert asyncio.run(work()) == [SECRET] * 50
    assert asked == ["Password: "]
