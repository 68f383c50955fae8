"""Locks and backups as a user meets them: what is asked, what is refused, and what a script reads."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from aksprov.cli import main
from aksprov.model.host_lease import Holder, LeaseTerms
from aksprov.state import Store, open_store

Run = Callable[..., CompletedProcess[str]]
LIVE = Holder(run="1f" * 16, owner="jane@ctl1, process 77")
OLD = Holder(run="2e" * 16, owner="john@ctl2, process 88")


@pytest.fixture
def aksprov(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The program in this process, as starting one takes longer than what it does here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdin", StringIO())

    def run(*words: str, state: Path = tmp_path / "state.db") -> CompletedProcess[str]:
        monkeypatch.setenv("AKSPROV_STATE", str(state))
        code = main.run(words)
        said = capsys.readouterr()
        return CompletedProcess(words, code, said.out, said.err)

    return run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "state.db"))


@pytest.fixture
def held(store: Store, tmp_path: Path) -> Store:
    """Two hosts are held by a run that goes on, one by a run that has long expired."""
    old = open_store(store.location, clock=lambda: datetime.now(UTC) - timedelta(hours=1))
    for which, hosts, holder in ((store, ["cp1", "w1"], LIVE), (old, ["lb1"], OLD)):
        with which.write() as transaction:
            transaction.host_leases.take(hosts, holder, LeaseTerms())
    return store


def test_locks_are_listed_with_owner_age_and_whether_they_have_expired(held: Store, aksprov: Run) -> None:
    old, live = json.loads(aksprov("get-lock", "--output", "json").stdout)
    assert (old["Run"], old["Owner"], old["Hosts"], old["Expired"]) == (OLD.run, OLD.owner, ["lb1"], True)
    assert (live["Run"], live["Owner"], live["Hosts"], live["Expired"]) == (LIVE.run, LIVE.owner, ["cp1", "w1"], False)
    assert 3600 <= old["AgeSeconds"] < 3700 and live["AgeSeconds"] < 60
    table = aksprov("get-lock").stdout
    assert "jane@ctl1" in table and "cp1, w1" in table


def test_no_locks_are_an_empty_array_and_no_state_is_made(store: Store, aksprov: Run) -> None:
    done = aksprov("get-lock", "--output", "json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert not Path(store.location).exists()


def test_a_lock_is_broken_by_host_or_by_run_after_asking(held: Store, aksprov: Run) -> None:
    asked = aksprov("break-lock", "--name", "CP1")
    assert asked.returncode == 64 and "ConfirmationNeeded" in asked.stderr and "jane@ctl1" in asked.stderr
    assert len(held.host_leases()) == 3
    aksprov("break-lock", "--name", "CP1", "--yes")
    assert [lease.host for lease in held.host_leases()] == ["lb1", "w1"]
    done = aksprov("break-lock", "--run", OLD.run, "--yes", "--output", "json")
    assert json.loads(done.stdout)[0]["Hosts"] == ["lb1"]
    again = aksprov("break-lock", "--run", OLD.run, "--yes")
    assert again.returncode == 66 and "LockNotFound" in again.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("break-lock --name nobody --yes", 66, "LockNotFound"),
        ("break-lock --yes", 64, "--run"),
        ("break-lock --name a --run b", 64, "ParameterSetsMixed"),
        ("state backup", 64, "FILE"),
        ("state backup there.backup", 66, "StateNotFound"),
        ("state restore there.backup --yes", 66, "StateNotFound"),
        ("state check", 66, "StateNotFound"),
        ("state check there.backup", 66, "StateNotFound"),
        ("state prune --yes", 64, "--keep-days"),
        ("state prune --keep-days 0 --yes", 65, "OutOfRange"),
        ("state mend", 64, "UnknownVerb"),
        ("state", 64, "UnknownVerb"),
        ("adopt --file none.yaml", 66, "HostsFileMissing"),
        ("adopt --name nobody", 66, "HostNotFound"),
        ("adopt", 64, "--file"),
    ],
)
def test_what_is_not_there_or_not_meant_is_refused_and_makes_no_state(
    store: Store, aksprov: Run, words: str, code: int, said: str
) -> None:
    done = aksprov(*words.split())
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert not Path(store.location).exists()


@pytest.mark.parametrize("words", [["state", "backup"], ["state-backup"], ["Backup-AksprovState"], ["State", "Backup"]])
def test_a_backup_is_written_under_each_name_of_its_verb(
    held: Store, aksprov: Run, tmp_path: Path, words: list[str]
) -> None:
    done = aksprov(*words, "a.backup")
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((tmp_path / "a.backup").stat().st_mode) == 0o600
    assert aksprov(*words, "a.backup").returncode == 64  # it is there already
    assert aksprov(*words, "a.backup", "--yes").returncode == 0


def names(store: Store) -> list[str]:
    return [network.name for network in store.snapshot().networks.values()]


NETWORK = (
    "new-cluster-network --name {} --vswitch-name eth0 --ip-address-prefix 10.{}.0.0/24 --gateway 10.{}.0.1 "
    "--dns-servers 10.{}.0.2 --k8s-node-ip-pool-start 10.{}.0.10 --k8s-node-ip-pool-end 10.{}.0.99 "
    "--vip-pool-start 10.{}.0.200 --vip-pool-end 10.{}.0.220"
)


def new_network(aksprov: Run, name: str, number: int, state: Path | None = None) -> None:
    words = NETWORK.format(name, *[number] * 7).split()
    done = aksprov(*words, state=state) if state else aksprov(*words)
    assert done.returncode == 0, done.stderr


def test_a_restore_asks_and_then_only_what_the_backup_had_is_there(store: Store, aksprov: Run) -> None:
    new_network(aksprov, "first", 1)
    aksprov("state", "backup", "a.backup")
    new_network(aksprov, "second", 2)
    asked = aksprov("state", "restore", "a.backup")
    assert asked.returncode == 64 and "2 networks" in asked.stderr and "by state" in asked.stderr
    assert names(store) == ["first", "second"]
    done = aksprov("state", "restore", "a.backup", "--yes")
    assert done.returncode == 0 and "restored state" in done.stderr
    assert names(store) == ["first"]


def test_the_backup_of_another_state_is_refused_with_both_ids(store: Store, aksprov: Run, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other.db"
    new_network(aksprov, "other", 2, elsewhere)
    aksprov("state", "backup", "other.backup", state=elsewhere)
    new_network(aksprov, "mine", 1)
    ids = {store.snapshot().state_id, open_store(str(elsewhere)).snapshot().state_id}
    refused = aksprov("state", "restore", "other.backup")
    assert refused.returncode == 65 and "BackupOfOtherState" in refused.stderr
    assert all(state_id in refused.stderr for state_id in ids)
    assert names(store) == ["mine"]
    assert aksprov("state", "restore", "other.backup", "--yes").returncode == 0
    assert names(store) == ["other"]


def test_into_no_state_a_backup_is_restored_without_asking(store: Store, aksprov: Run, tmp_path: Path) -> None:
    new_network(aksprov, "mine", 1)
    aksprov("state", "backup", "a.backup")
    state_id = store.snapshot().state_id
    for left in tmp_path.glob("state.db*"):
        left.unlink()
    assert aksprov("state", "restore", "a.backup").returncode == 0
    assert (store.snapshot().state_id, names(store)) == (state_id, ["mine"])


def test_a_damaged_state_is_moved_aside_and_replaced(store: Store, aksprov: Run, tmp_path: Path) -> None:
    new_network(aksprov, "mine", 1)
    aksprov("state", "backup", "a.backup")
    path = Path(store.location)
    os.truncate(path, 8192)
    assert aksprov("get-cluster-network").returncode == 74
    asked = aksprov("state", "restore", "a.backup")
    assert asked.returncode == 64 and "StateTruncated" in asked.stderr
    done = aksprov("state", "restore", "a.backup", "--yes")
    assert done.returncode == 0, done.stderr
    (aside,) = (p for p in tmp_path.glob("state.db.damaged-*") if not p.name.endswith(("-wal", "-shm")))
    assert aside.stat().st_size == 8192 and aside.name in done.stderr
    assert names(open_store(store.location)) == ["mine"]


def test_a_check_has_a_row_for_each_rule_and_reads_only(store: Store, aksprov: Run) -> None:
    new_network(aksprov, "mine", 1)
    rows = json.loads(aksprov("state", "check", "--output", "json").stdout)
    assert {row["TestResult"] for row in rows} == {"Passed"}
    with closing(sqlite3.connect(store.location)) as connection:
        connection.execute("INSERT INTO leases VALUES ('mine', '10.9.0.1', '', 'vip', 'cluster/gone', 'gone')")
        connection.commit()
    aksprov("state", "backup", "a.backup")
    for words in (["state", "check"], ["state", "check", "a.backup"]):
        done = aksprov(*words, "--output", "json")
        failed = {row["TestName"] for row in json.loads(done.stdout) if row["TestResult"] == "Failed"}
        assert (done.returncode, failed) == (1, {"LeasesInNetworks", "LeasesHaveOwners"})


def test_pruning_says_how_many_runs_went(store: Store, aksprov: Run) -> None:
    old = open_store(store.location, clock=lambda: datetime.now(UTC) - timedelta(days=100))
    with old.write() as transaction:
        transaction.runs.begin("new-cluster", ["cluster/demo"], "h", "p")
    assert aksprov("state", "prune", "--keep-days", "90").returncode == 64
    assert "1 runs forgotten" in aksprov("state", "prune", "--keep-days", "90", "--yes").stderr
    assert "0 runs forgotten" in aksprov("state", "prune", "--keep-days", "90", "--yes").stderr
