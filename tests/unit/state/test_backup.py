"""Backups of a state on real databases: whole whatever goes on meanwhile, put back in one piece or not at all."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aksprov.errors import AksprovError
from aksprov.model.cluster import ClusterStatus
from aksprov.model.desired import Snapshot
from aksprov.model.host import Host
from aksprov.model.host_lease import Holder, LeaseTerms
from aksprov.state import HostsLockedError, Store, open_backup, open_store
from aksprov.state.schema import SCHEMA_VERSION

# From 3.12 on Python warns of a fork beside threads, which other tests may have left; these children need none of them.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

WEB1 = Host(name="Web1", address="10.0.0.11", os="linux")


@pytest.fixture
def store(place: str) -> Store:
    """A state with one host, which a run holds."""
    return filled(place)


@pytest.fixture
def in_file(tmp_path: Path) -> Store:
    """The same in a file, for what only files have."""
    return filled(str(tmp_path / "state.db"))


def filled(place: str) -> Store:
    store = open_store(place)
    with store.write() as transaction:
        transaction.put_host(WEB1)
        run = transaction.runs.begin("new-cluster", ["cluster/demo"], "h", "p")
        transaction.host_leases.take(["web1"], Holder(run=run, owner="me"), LeaseTerms())
    return store


def changed(store: Store) -> Snapshot:
    """What the state has after a change."""
    with store.write() as transaction:
        transaction.host_leases.break_all(transaction.host_leases.held(), "test")
        transaction.put_host(Host(name="web2", address="10.0.0.12", os="linux"))
        transaction.remove_host("web1")
    return store.snapshot()


def restore(store: Store, backup: Path) -> None:
    with open_backup(backup) as opened:
        store.restore(opened)


def test_a_backup_is_one_private_file_with_everything(in_file: Store, tmp_path: Path) -> None:
    target = tmp_path / "a.backup"
    in_file.back_up(target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert {p.name for p in tmp_path.iterdir()} - {"state.db-wal", "state.db-shm"} == {"state.db", "a.backup"}
    with open_backup(target) as backup:
        assert backup.snapshot == in_file.snapshot()
    in_file.back_up(target)  # replaces it


def test_a_restored_state_has_what_the_backup_had_and_has_looked_at_no_host(store: Store, tmp_path: Path) -> None:
    target, before = tmp_path / "a.backup", store.snapshot()
    store.back_up(target)
    changed(store)
    restore(store, target)
    assert store.snapshot() == msgspec.structs.replace(before, restored=frozenset({"web1"}))
    assert store.host_leases() == ()
    with store.write() as transaction:
        transaction.looked_at(["web1"])
    assert store.snapshot() == before


def test_a_missing_state_becomes_the_backup_with_its_identity(store: Store, tmp_path: Path) -> None:
    store.back_up(tmp_path / "a.backup")
    other = open_store(str(tmp_path / "elsewhere/state.db"))
    restore(other, tmp_path / "a.backup")
    assert other.snapshot().state_id == store.snapshot().state_id
    assert other.snapshot().hosts == {"web1": WEB1}


def test_nothing_is_restored_below_a_run_that_goes_on(store: Store, tmp_path: Path) -> None:
    store.back_up(tmp_path / "a.backup")
    before = store.snapshot()
    with pytest.raises(HostsLockedError):
        restore(store, tmp_path / "a.backup")
    assert store.snapshot() == before


def killed_while_restoring(path: str, backup: Path) -> None:
    store = open_store(path)
    with open_backup(backup) as opened, store.write() as transaction:
        opened.put_into(transaction._connection)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_kill_in_a_restore_leaves_the_state_as_it_was(store: Store, tmp_path: Path) -> None:
    store.back_up(tmp_path / "a.backup")
    now = changed(store)
    arguments = (store.location, tmp_path / "a.backup")
    child = multiprocessing.get_context("fork").Process(target=killed_while_restoring, args=arguments)
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    assert store.snapshot() == now


def write_pairs(path: str, ready: Any) -> None:
    """Two values that are always equal, changed together again and again."""
    store = open_store(path)
    for number in range(100_000):
        with store.write() as transaction:
            for key in ("a", "b"):
                transaction.put_status(key, ClusterStatus(details=str(number)))
        ready.set()


def test_a_backup_beside_a_writer_is_of_one_moment(store: Store, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    child = context.Process(target=write_pairs, args=(store.location, ready))
    child.start()
    try:
        assert ready.wait(30)
        moments = set()
        for number in range(20):
            store.back_up(tmp_path / f"{number}.backup")
            with open_backup(tmp_path / f"{number}.backup") as backup:
                pair: Mapping[str, ClusterStatus] = backup.snapshot.statuses
            assert pair["a"] == pair["b"]
            moments.add(pair["a"].details)
        assert len(moments) > 1
    finally:
        child.kill()
        child.join(30)


def test_a_backup_of_an_older_version_can_be_restored_and_is_not_changed(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "a.backup"
    store.back_up(target)
    with closing(sqlite3.connect(target)) as connection:
        connection.executescript(
            "DROP TABLE host_leases; DROP TABLE restored_hosts; UPDATE meta SET value = '1'"
            " WHERE name = 'schema_version'"
        )
    content = target.read_bytes()
    changed(store)
    restore(store, target)
    assert store.snapshot().hosts == {"web1": WEB1}
    assert target.read_bytes() == content


# --- what is no backup


def missing(path: Path) -> None:
    path.unlink()


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 5000)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def torn_page(path: Path) -> None:
    """Half of one page is of another time; nothing but a look at every page shows it."""
    size, page = path.stat().st_size, 4096
    with path.open("r+b") as file:
        for start in range(page, size, page):
            file.seek(start)
            if file.read(1) == b"\r":  # a leaf of a table
                file.seek(start + 8)
                file.write(b"\xff" * 1000)


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'schema_version'", [str(SCHEMA_VERSION + 1)])
        connection.commit()


def text(path: Path) -> None:
    path.write_text("hosts: []\n" * 1000)


def of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE moz_places (id INTEGER)")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (missing, "StateNotFound", "no file"),
        (cut_off, "StateTruncated", "bytes are left"),
        (empty, "StateTruncated", "0 bytes"),
        (torn_page, "StateDamaged", "page|malformed"),
        (newer, "StateNewer", f"schema is {SCHEMA_VERSION + 1}"),
        (text, "StateNotDatabase", "not a database"),
        (of_another_program, "StateForeign", "another program"),
        (folder, "StateIsDirectory", "one file"),
    ],
)
def test_what_is_no_backup_is_told_apart_and_changes_nothing(
    store: Store, tmp_path: Path, spoil: Callable[[Path], None], code: str, words: str
) -> None:
    target = tmp_path / "a.backup"
    store.back_up(target)
    now = changed(store)
    spoil(target)
    with pytest.raises(AksprovError) as caught:
        restore(store, target)
    assert caught.value.code == code
    assert any(word in caught.value.why for word in words.split("|"))
    assert str(target) in caught.value.where
    assert store.snapshot() == now


def test_a_torn_log_loses_only_what_was_not_committed(in_file: Store, tmp_path: Path) -> None:
    """The log is cut at every place that a power cut may leave: what was committed before is there, and whole."""
    with closing(sqlite3.connect(in_file.location)) as reader:  # keeps the log from being folded into the state
        reader.execute("BEGIN").execute("SELECT * FROM meta").fetchall()
        log = Path(f"{in_file.location}-wal")
        lengths = []
        for number in range(3):
            with in_file.write() as transaction:
                transaction.put_host(Host(name=f"h{number}", address="h", os="linux"))
            lengths.append(log.stat().st_size)
        whole, state = log.read_bytes(), Path(in_file.location).read_bytes()
    copy = tmp_path / "copy" / "state.db"
    copy.parent.mkdir()
    for length in range(0, len(whole), 1111):
        for left in copy.parent.iterdir():
            left.unlink()
        copy.write_bytes(state)
        copy.with_name("state.db-wal").write_bytes(whole[:length])
        hosts = open_store(str(copy)).snapshot().hosts
        assert {f"h{n}" for n, end in enumerate(lengths) if length >= end} <= hosts.keys()


def test_a_backup_that_cannot_be_written_says_why(in_file: Store, tmp_path: Path) -> None:
    for target, why in (
        (tmp_path / "none/a.backup", "No such file"),
        (Path(in_file.location), "the state itself"),
        (tmp_path, "directory"),
    ):
        with pytest.raises(AksprovError) as caught:
            in_file.back_up(target)
        assert (caught.value.code, caught.value.where) == ("BackupNotWritten", str(target))
        assert why in caught.value.why
    assert in_file.snapshot().hosts == {"web1": WEB1}
