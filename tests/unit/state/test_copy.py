"""aksprov state copy: everything goes to another place, in either direction, and on from there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from sqlalchemy import text
from state_samples import fill

from aksprov.cli import main
from aksprov.model.host_lease import Holder, LeaseTerms
from aksprov.state import Entry, Store, open_store

pytestmark = pytest.mark.postgres
Copy = Callable[[str, str], CompletedProcess[str]]


@pytest.fixture
def copy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Copy:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdin", StringIO())

    def run(source: str, target: str) -> CompletedProcess[str]:
        monkeypatch.setenv("AKSPROV_STATE", source)
        code = main.run(["state", "copy", target])
        said = capsys.readouterr()
        return CompletedProcess([], code, said.out, said.err)

    return run


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "state.db")


def work(store: Store, hosts: list[str]) -> str:
    """A run on hosts, with its steps, from its beginning to its end."""
    with store.write() as transaction:
        run = transaction.runs.begin("new-cluster", ["cluster/demo"], "h", "p")
        epochs = transaction.host_leases.take(hosts, Holder(run=run, owner="me"), LeaseTerms())

    async def steps() -> None:
        async with store.journal.steps_of(run, epochs) as writer:
            for host in hosts:
                await writer.started(host, ["files", "reload"], "i")
                await writer.write([Entry(host=host, step="files", input_hash="i", result="done", details="größer\0")])

    asyncio.run(steps())
    with store.write(epochs) as transaction:
        transaction.host_leases.give_back(epochs)
    return run


def content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, numbers of rows left out."""
    with store._database.reading() as connection:
        assert connection is not None
        return {
            table: sorted(tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {table}")))  # noqa: S608  # of the lines below
            for table, columns in {
                "meta": "*",
                "objects": "*",
                "nodes": "*",
                "leases": "*",
                "router_ids": "*",
                "late": "*",
                "host_epochs": "*",
                "host_leases": "*",
                "restored_hosts": "*",
                "runs": "run, verb, objects, input_hash, plan_hash, started",
                "steps": "run, host, step, input_hash, result, details, time",
            }.items()
        }


def test_there_and_back_everything_is_the_same_and_goes_on(
    copy: Copy, file: str, database: str, tmp_path: Path
) -> None:
    fill(file)
    source = open_store(file)
    run = work(source, ["web1", "web2"])
    assert work(source, ["web1"]) == run
    for start, end in ((file, database), (database, str(tmp_path / "back" / "state.db"))):
        done = copy(start, end)
        assert done.returncode == 0, done.stderr
        assert "put the old one away" in done.stderr
        assert content(open_store(end)) == content(source)
    store = open_store(database)
    assert store.journal.completed(run) == {("web1", "files", "i"), ("web2", "files", "i")}
    assert work(store, ["web1"]) == run  # the journal's numbers go on after those that came along
    assert store.snapshot().epochs == {"web1": 3, "web2": 1}


def test_what_records_something_is_not_copied_to(copy: Copy, file: str, database: str) -> None:
    fill(file)
    with open_store(database).write() as transaction:
        transaction.put_late("demo", "ca", "x")
    before = content(open_store(database))
    refused = copy(file, database)
    assert refused.returncode == 65 and "StateNotEmpty" in refused.stderr and "late" in refused.stderr
    assert content(open_store(database)) == before


def test_nothing_is_copied_below_a_run_that_goes_on(copy: Copy, file: str, database: str) -> None:
    with open_store(file).write() as transaction:
        transaction.host_leases.take(["web1"], Holder(run="r1", owner="me"), LeaseTerms())
    refused = copy(file, database)
    assert refused.returncode == 75 and "HostsLocked" in refused.stderr
    assert open_store(database).snapshot().state_id == ""


def test_nothing_and_a_password_in_the_arguments_are_refused(copy: Copy, file: str, database: str) -> None:
    missing = copy(file, database)
    assert missing.returncode == 66 and "StateNotFound" in missing.stderr
    fill(file)
    exposed = copy(file, database.replace("aksprov@", "aksprov:s3cret@"))
    assert exposed.returncode == 64 and "PasswordInArgument" in exposed.stderr and "s3cret" not in exposed.stderr
