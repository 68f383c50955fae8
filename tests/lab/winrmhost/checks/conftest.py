"""A host, for tests that start one only; each file says with what."""

from __future__ import annotations

from typing import Any

import pytest

from winrmhost.checks.clients import Serve


@pytest.fixture
def host(serve: Serve) -> Any:
    return serve()
