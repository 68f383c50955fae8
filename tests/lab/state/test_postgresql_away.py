"""A rollout whose state is on PostgreSQL: the database goes away in its middle for 45 seconds, and it goes on.

Seen to fail without the wait in state/postgresql.py: StateAway, exit code 74.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from controller import Controller
from minilab import Lab
from postgresql_server import Server
from trio import ROLES, Trio, release, trap, until


class OnPostgresql(Controller):
    """A controller whose state is in a database."""

    def __init__(self, lab: Lab, directory: Path, url: str) -> None:
        super().__init__(lab, directory)
        self.url = url

    @property
    def environment(self) -> dict[str, str]:
        """With the URL in the place of the file."""
        return {**super().environment, "AKSPROV_STATE": self.url}


@pytest.mark.slow
@pytest.mark.postgres
def test_a_rollout_goes_on_when_its_database_is_back_after_45_seconds(tmp_path: Path) -> None:
    with Server() as server, Lab(list(ROLES)) as lab:
        trio = Trio.make(OnPostgresql(lab, tmp_path, server.new_database()))
        balancer = lab["lb1"]
        trio.spoil()
        trap(balancer, "mv", 0)
        running = trio.start()
        until(lambda: balancer.shell("ls /run/stopped", check=False).returncode == 0)
        server.stop()
        release(balancer, "mv")
        time.sleep(45)
        server.start()
        _, said = running.communicate(timeout=90)
        assert running.returncode == 0, said
        assert "waiting for up to 60 s" in said and "answers again" in said
        assert trio.plan() == [] and trio.is_whole()
        assert "nothing to change" in trio.run(check=0).stderr
        assert not trio.controller.state.exists()
