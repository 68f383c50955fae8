"""The state cannot be written in the middle of a run: the run ends and says so, and the same command completes it.

Seen to fail with SQLite's "busy" taken out of state/failures.py: an InternalError, exit code 70.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest
from trio import Trio, release, trap, until


@pytest.mark.slow
def test_a_state_that_another_process_holds_for_longer_than_a_run_waits(trio: Trio) -> None:
    """Twenty seconds are waited, never longer; what reads is not held up."""
    balancer = trio.lab["lb1"]
    trio.spoil()
    trap(balancer, "mv", 0)
    running = trio.start()
    until(lambda: balancer.shell("ls /run/stopped", check=False).returncode == 0)
    with closing(sqlite3.connect(trio.controller.state, isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN IMMEDIATE")
        release(balancer, "mv")
        began = time.monotonic()
        _, said = running.communicate(timeout=90)
        waited = time.monotonic() - began
        assert trio.controller.json("get-cluster")[0]["ProvisioningState"] == "Pending"
        other.execute("ROLLBACK")
    assert running.returncode == 75 and "StateBusy" in said
    assert 19 < waited < 40
    trio.run(check=0)
    assert trio.plan() == [] and trio.is_whole()
