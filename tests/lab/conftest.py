"""Labs that tests share, and the controller that runs `aksprov` against them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from configured import HOSTS as CLUSTER_HOSTS
from configured import Configured
from controller import Controller
from minilab import Lab

HOSTS = ("cp1", "cp2", "cp3", "w1", "w2", "lb1", "lb2")


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Seven hosts for the whole run: for tests that leave them as they were."""
    with Lab(HOSTS) as lab:
        yield lab


@pytest.fixture(scope="module")
def own_lab() -> Iterator[Lab]:
    """Seven hosts that only one module's tests touch."""
    with Lab(HOSTS) as lab:
        yield lab


@pytest.fixture
def controller(lab: Lab, tmp_path: Path) -> Controller:
    """A controller of the shared lab with a new state."""
    return Controller(lab, tmp_path)


@pytest.fixture(scope="module")
def own_controller(own_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """A controller of the module's own lab; its state lasts as long as the lab."""
    return Controller(own_lab, tmp_path_factory.mktemp("controller"))


@pytest.fixture(scope="session")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Configured]:
    """The demo cluster, and one host that is not of it: for tests that put right what they change."""
    with Lab([*CLUSTER_HOSTS, "stray"]) as lab:
        yield Configured.make(Controller(lab, tmp_path_factory.mktemp("controller")))
