"""The cluster that tests of faults share; each puts right what it breaks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from controller import Controller
from minilab import Lab
from trio import ROLES, Trio


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    """A cluster of three hosts, configured."""
    with Lab(list(ROLES)) as lab:
        yield Trio.make(Controller(lab, tmp_path_factory.mktemp("controller")))
