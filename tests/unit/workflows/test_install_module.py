"""install-module puts whole modules in place, and spares those of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from aksprov.cli.main import run

MODULES = Path(__file__).parents[3] / "modules"


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_is_put_there_and_an_older_one_of_ours_replaced(tmp_path: Path) -> None:
    assert run(["install-module", "--path", str(tmp_path / "modules"), "--akshci"]) == 0
    (tmp_path / "modules/Aksprov/left.ps1").write_text("of an older release")
    assert run(["install-module", "--path", str(tmp_path / "modules"), "--akshci"]) == 0
    assert content(tmp_path / "modules") == content(MODULES)


def test_a_module_of_others_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "AksHci").mkdir()
    (tmp_path / "AksHci/AksHci.psd1").write_text("@{ Author = 'Microsoft' }")
    assert run(["install-module", "--path", str(tmp_path), "--akshci"]) == 65
    assert "ModuleNotOurs" in capsys.readouterr().err
    assert content(tmp_path) == {"AksHci/AksHci.psd1": b"@{ Author = 'Microsoft' }"}


def test_a_folder_that_cannot_be_made_is_one_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert run(["install-module", "--path", str(tmp_path / "file")]) == 64
    assert "ModuleNotWritten" in capsys.readouterr().err
