"""Both databases that a state may be in, for tests that are the same on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgresql_server import Server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server; whoever stops it starts it again."""
    with Server() as server:
        yield server


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where no state is yet: the path of a file, or the URL of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "a" / "b" / "state.db")
    return str(request.getfixturevalue("database"))
