"""A state in a file: how it is made, and what can be wrong with it."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import state_samples
from state_samples import HOST

from aksprov.errors import AksprovError, ExitCode, StateError
from aksprov.state import open_store
from aksprov.state.place import file_system_of, refuse_network_file_system
from aksprov.state.schema import SCHEMA_VERSION

# From 3.12 on Python warns of a fork beside threads, which other tests may have left; these children need none of them.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a" / "b" / "state.db"


def fill(path: Path) -> None:
    state_samples.fill(str(path))


def test_the_first_write_makes_a_private_file_in_private_folders(path: Path) -> None:
    before = os.umask(0)
    try:
        store = open_store(str(path))
        with store.write() as transaction:
            transaction.put_host(HOST)
            beside = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert store.created
    assert store.location == str(path)
    assert set(beside.values()) == {0o600}
    assert all(name.startswith("state.db") for name in beside)
    assert not any(name.endswith(".new") for name in beside)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (path.parent, path.parent.parent)] == [0o700, 0o700]
    assert not open_store(str(path)).created


def test_the_environment_names_the_state_and_an_argument_wins(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKSPROV_STATE", str(path))
    assert open_store().location == str(path)
    assert open_store(f"{path}2").location == f"{path}2"
    monkeypatch.setenv("AKSPROV_STATE", "")
    assert Path(open_store().location).parts[-2:] == ("aksprov", "state.db")


# --- what cannot be used


def not_a_database(path: Path) -> None:
    path.write_text("hosts:\n- name: web1\n" * 100)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    fill(path)
    os.truncate(path, 8192)


def torn(path: Path) -> None:
    """A page of which one half never reached the disk: that of the table of tables."""
    fill(path)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(os.urandom(2000))


def without_its_log(path: Path) -> None:
    fill(path)
    path.rename(path.with_name("elsewhere"))
    path.with_name("state.db-wal").write_bytes(b"x" * 100)


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE moz_places (id INTEGER)")


def newer(path: Path) -> None:
    fill(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'schema_version'", [str(SCHEMA_VERSION + 1)])
        connection.commit()


def value_of_nobody(path: Path) -> None:
    fill(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("""UPDATE objects SET body = '{"nome": 1}' WHERE kind = 'host'""")
        connection.commit()


def folder(path: Path) -> None:
    path.mkdir()


def device(path: Path) -> None:
    path.symlink_to("/dev/null")


def below_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("")


UNUSABLE = [
    (not_a_database, "StateNotDatabase", "not a database"),
    (empty, "StateTruncated", "0 bytes"),
    (truncated, "StateTruncated", "8192 bytes"),
    (torn, "StateDamaged", "adopt"),
    (without_its_log, "StateLogOrphaned", "state.db was removed"),
    (of_another_program, "StateForeign", "moz_places|no such table"),
    (newer, "StateNewer", f"schema is {SCHEMA_VERSION + 1}"),
    (value_of_nobody, "StateDamaged", "host web1"),
    (folder, "StateIsDirectory", "state.db/state.db"),
    (device, "StateNotFile", "device"),
    (below_a_file, "StateFolderUnusable", "Not a directory"),
]


@pytest.mark.parametrize(("spoil", "code", "words"), UNUSABLE)
def test_an_unusable_state_is_named_and_left_as_it_is(
    path: Path, spoil: Callable[[Path], None], code: str, words: str
) -> None:
    path.parent.mkdir(parents=True)
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(AksprovError) as writing, open_store(str(path)).write() as transaction:
        transaction.snapshot()
    errors = [writing.value]
    if code != "StateLogOrphaned":  # what is not there reads as empty
        with pytest.raises(AksprovError) as reading:
            open_store(str(path)).snapshot()
        errors.append(reading.value)
    for caught in errors:
        assert (caught.code, caught.exit_code) == (code, ExitCode.STATE)
        assert str(path.parent) in caught.where or caught.where == "/dev/null"
        assert caught.fix
        assert any(word in f"{caught.why} {caught.fix} {caught.where}" for word in words.split("|"))
    assert (path.read_bytes() if path.is_file() else None) == before


@pytest.mark.parametrize("scheme", ["mysql", "postgresql+psycopg", "sqlite"])
def test_a_url_of_something_else_is_refused_without_its_secrets(scheme: str) -> None:
    with pytest.raises(StateError) as caught:
        open_store(f"{scheme}://user:s3cret@db.example/aksprov")
    assert (caught.value.code, caught.value.exit_code) == ("StateUrlUnknown", ExitCode.STATE)
    assert "s3cret" not in str(caught.value.to_dict())


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user can reach (pytest's own ones are private)."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def as_nobody(action: Callable[[], None]) -> str:
    """The code of the error that an action gets as a user who owns nothing; root is stopped by no mode."""
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()

    def act() -> None:
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        try:
            action()
            answers.put("")
        except AksprovError as error:
            answers.put(f"{error.code} {int(error.exit_code)}")

    child = context.Process(target=act)
    child.start()
    child.join(30)
    return str(answers.get())


def test_a_state_that_this_user_may_not_write(shared_folder: Path) -> None:
    """Stands for a read-only disk too: access(2) answers the same."""
    path = shared_folder / "state.db"
    fill(path)
    for mode, folder_mode in ((0o444, 0o755), (0o444, 0o555)):
        path.chmod(mode)
        shared_folder.chmod(folder_mode)
        assert as_nobody(lambda: open_store(str(path)).write().__enter__()) == "StateReadOnly 74"
    path.chmod(0o000)
    assert as_nobody(lambda: open_store(str(path)).snapshot() and None) == "StateUnreadable 74"
    shared_folder.chmod(0o755)
    path.unlink()
    shared_folder.chmod(0o555)
    assert as_nobody(lambda: open_store(str(path)).write().__enter__()) == "StateReadOnly 74"
    assert as_nobody(lambda: open_store(str(path.parent / "a" / "s")).write().__enter__()) == "StateFolderUnusable 74"
    shared_folder.chmod(0o755)


MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:40 / /home rw - nfs4 server:/home rw,vers=4.2
41 40 0:41 / /home/local\\040disk rw - xfs /dev/vdb rw
42 22 0:42 / /mnt rw - ext4 /dev/vdc rw
43 42 0:43 / /mnt rw master:2 propagate_from:1 - cifs //server/share rw
not a line of the table
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/var/lib/x", "ext4"),
        ("/home/jane/state.db", "nfs4"),
        ("/home/local disk/state.db", "xfs"),
        ("/homer/state.db", "ext4"),
        ("/mnt/state.db", "cifs"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_its_topmost_mount(place: str, kind: str) -> None:
    assert file_system_of(Path(place), MOUNTS) == kind


def test_a_network_file_system_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS)
    with pytest.raises(StateError) as caught:
        refuse_network_file_system(Path("/home/jane/state.db"), table)
    assert (caught.value.code, caught.value.exit_code) == ("StateOnNetworkFileSystem", ExitCode.STATE)
    assert "nfs4" in caught.value.where
    refuse_network_file_system(Path("/var/lib/state.db"), table)
    refuse_network_file_system(Path("/home/jane/state.db"), tmp_path / "no Linux")


def test_a_state_of_an_older_version_gets_what_it_lacks_when_it_is_used(path: Path) -> None:
    fill(path)
    before = open_store(str(path)).snapshot()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE host_leases")
        connection.execute("UPDATE meta SET value = '1' WHERE name = 'schema_version'")
        connection.commit()
    store = open_store(str(path))
    assert store.host_leases() == ()
    assert store.snapshot() == before
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("SELECT value FROM meta WHERE name = 'schema_version'").fetchone()
    assert version == str(SCHEMA_VERSION)
