"""The fixture that compares with goldens, or writes them."""

from __future__ import annotations

from functools import partial

import pytest
from goldens import Compare, compare


@pytest.fixture(name="compare")
def _compare(request: pytest.FixtureRequest) -> Compare:
    """Compares files with those below a folder of goldens; --force-regen writes them anew."""
    return partial(compare, write=request.config.getoption("force_regen"))
