"""A folder of its own for every test, and a state to copy into it."""

from __future__ import annotations

import json
from pathlib import Path

import definition_cases as cases
import pytest

from aksprov.cli.main import run


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a state: a network, hosts that nothing is known of, and a cluster."""
    folder = tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("AKSPROV_STATE", "state.db")
        (folder / "hosts.json").write_text(json.dumps(cases.HOSTS))
        for line in cases.STORY:
            assert run(line.split()) == 0
    return folder


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the state and everything else that a command could leave behind would be."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AKSPROV_STATE", "state.db")
