"""One PowerShell engine for all tests of the module; each test has a state of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pwsh_engine import Engine, Shell


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The one process."""
    started = Engine(tmp_path_factory.mktemp("engine"))
    yield started
    started.end()


@pytest.fixture
def shell(engine: Engine, tmp_path: Path) -> Shell:
    """The engine, in an empty folder without a state."""
    return Shell(engine, tmp_path)
