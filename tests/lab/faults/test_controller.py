"""Faults of the machine that aksprov runs on: its clock steps, its state's disk is full, its state is locked.

Seen to fail with each of these taken out:

- state/process.py, a lease of a process that is gone is free: HostsLocked for two days after a clock ahead of time;
- state/failures.py, SQLite's "full" or "busy": an InternalError with a traceback;
- state/host_leases.py, leases told apart by their epochs: compared by the clock, the run was fenced by its own step.
"""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from configured import PORT
from trio import OLD_PORT, Trio, listens, release, trap, until

SWAPPING = 3  # the load balancer's rename of its second configuration


@contextmanager
def stopped(trio: Trio, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A run that goes on when the body has ended, the load balancer in the middle of its swap until then."""
    trio.spoil()
    balancer = trio.lab["lb1"]
    trap(balancer, "mv", SWAPPING)
    running = trio.start(**environment)
    try:
        until(lambda: balancer.shell("ls /run/stopped", check=False).stdout, 60)
        assert running.poll() is None
        yield running
    finally:
        release(balancer, "mv")


def is_right(trio: Trio) -> None:
    """Nothing is left to do, nothing half-made, and the new configuration is in force."""
    balancer = trio.lab["lb1"]
    until(lambda: listens(balancer, PORT) and not listens(balancer, OLD_PORT), 10)
    assert trio.plan() == []
    assert trio.is_whole()


def clock(file: Path, offset: str) -> dict[str, str]:
    """The environment of a program whose wall clock is what the file says, at any moment (faketime(1))."""
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    file.write_text(offset)
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@pytest.mark.faketime
@pytest.mark.parametrize("offset", ["+2d", pytest.param("-2d", marks=pytest.mark.slow)])
def test_a_clock_that_steps_in_the_middle_of_a_run_changes_nothing(trio: Trio, tmp_path: Path, offset: str) -> None:
    file = tmp_path / "clock"
    with stopped(trio, **clock(file, "+0")) as running:
        file.write_text(offset)
    said, errors = running.communicate(timeout=120)
    assert running.returncode == 0, said + errors
    days = {event["time"][:10] for event in trio.events()}
    assert len(days) == 2
    is_right(trio)


@pytest.mark.faketime
@pytest.mark.slow
@pytest.mark.parametrize("offset", ["+2d", "-2d"])
def test_what_a_run_with_a_wrong_clock_held_is_free_once_it_is_killed(trio: Trio, tmp_path: Path, offset: str) -> None:
    with stopped(trio, **clock(tmp_path / "clock", offset)) as running:
        running.kill()
        running.communicate()
    trio.run(check=0)
    is_right(trio)


@pytest.fixture
def small_disk(trio: Trio, tmp_path: Path) -> Iterator[Path]:
    """A file that fills the disk of the state when it grows: the state is on a disk of 2 MB."""
    disk, state = tmp_path / "disk", trio.controller.state
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk], check=True)
    try:
        with sqlite3.connect(state) as there, sqlite3.connect(disk / "state.db") as here:
            there.backup(here)
        here.close(), there.close()
        (disk / "state.db").chmod(0o600)
        trio.controller.state = disk / "state.db"
        yield disk / "fill"
    finally:
        trio.controller.state = state
        with sqlite3.connect(disk / "state.db") as here, sqlite3.connect(state) as there:
            here.backup(there)
        here.close(), there.close()
        subprocess.run(["umount", disk], check=True)


def fill(file: Path) -> None:
    subprocess.run(["dd", "if=/dev/zero", f"of={file}", "bs=512"], check=False, capture_output=True)


def test_a_full_disk_under_the_state_sends_nothing(trio: Trio, small_disk: Path) -> None:
    trio.spoil()
    fill(small_disk)
    refused = trio.run(check=74)
    assert "StateDiskFull" in refused.stderr
    assert listens(trio.lab["lb1"], OLD_PORT)
    assert trio.is_whole()
    small_disk.unlink()
    trio.run(check=0)
    is_right(trio)


@pytest.mark.slow
def test_a_disk_that_fills_in_the_middle_leaves_the_hosts_whole(trio: Trio, small_disk: Path) -> None:
    with stopped(trio) as running:
        fill(small_disk)
    _, errors = running.communicate(timeout=120)
    assert running.returncode == 74, errors
    assert "StateDiskFull" in errors
    small_disk.unlink()
    trio.run(check=0)
    is_right(trio)


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Another process is writing the state, and does not end."""
    holder = sqlite3.connect(state, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        holder.execute("ROLLBACK")
        holder.close()


@pytest.mark.slow
def test_a_state_that_another_process_writes_for_half_a_minute_sends_nothing(trio: Trio) -> None:
    trio.spoil()
    with locked(trio.controller.state):
        refused = trio.run(check=75)
    assert "StateBusy" in refused.stderr
    assert listens(trio.lab["lb1"], OLD_PORT)
    trio.run(check=0)
    is_right(trio)


@pytest.mark.slow
def test_a_state_that_is_locked_in_the_middle_of_a_run_leaves_the_hosts_whole(trio: Trio) -> None:
    with stopped(trio) as running, locked(trio.controller.state):
        release(trio.lab["lb1"], "mv")
        _, errors = running.communicate(timeout=150)
    assert running.returncode == 75, errors
    assert "StateBusy" in errors
    trio.run(check=0)
    is_right(trio)
