"""The state on a real SQLite file: what goes in comes out, and nothing is half-written."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aksprov.errors import AksprovError, ExitCode, NotAvailableError, StateError
from aksprov.model.cluster import Cluster, ClusterStatus, Node, NodePool, Taint
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts, Interface, Unit
from aksprov.model.host import Capacity, Host, Maintenance
from aksprov.model.network import AddressRange, Lease, Network, RouterId
from aksprov.state import TakenError, open_store
from aksprov.state.place import file_system_of, refuse_network_file_system
from aksprov.state.schema import SCHEMA_VERSION

# From 3.12 on Python warns of a fork beside threads, which other tests may have left; these children need none of them.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

NETWORK = Network(
    name="Lab",
    vswitch_name='External "1"',
    ip_address_prefix="10.0.0.0/24",
    gateway="10.0.0.1",
    dns_servers=("10.0.0.2", "10.0.0.3"),
    vip_pool=AddressRange(start="10.0.0.200", end="10.0.0.220"),
    node_pool=AddressRange(start="10.0.0.10", end="10.0.0.100"),
    vlan_id=7,
    site="Shop17",
)
CLUSTER = Cluster(
    name="Demo",
    network="Lab",
    kubernetes_version="v1.36.4",
    node_pools=(NodePool(name="pool", taints=(Taint(key="a", value="b", effect="NoSchedule"),)),),
)
HOST = Host(
    name="Web1",
    address="10.0.0.11",
    os="linux",
    labels={"site": "Shop17", "rack": "ä"},
    roles=("worker",),
    capacity=Capacity(cpus=4, memory_gb=7.5),
    interfaces={'External "1"': "eth1"},
    maintenance=Maintenance(reason="disk", until="2027-01-31"),
)
FACTS = Facts(
    hostname="web1",
    cpus=4,
    interfaces=(Interface(name="eth1", altnames=("enp1s0",), addresses=("10.0.0.11/24",), up=True),),
    programs={"haproxy": "3.0"},
    units={"haproxy": Unit(active="active", enabled="enabled")},
)
NODE = Node(host="web1", cluster="demo", role="worker", index=0, address="10.0.0.11", interface="eth1", pool="pool")
VIP = Lease(address="10.0.0.200", network="lab", purpose="vip", owner="cluster/demo", cluster="demo")
ROUTER_ID = RouterId(site="shop17", prefix="10.0.0.0/24", router_id=3, cluster="demo")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a" / "b" / "state.db"


def fill(path: Path) -> None:
    with open_store(str(path)).write() as transaction:
        transaction.put_network(NETWORK)
        transaction.put_cluster(CLUSTER)
        transaction.put_status("demo", ClusterStatus(state="Configured", details="x"))
        transaction.put_host(HOST)
        transaction.put_facts("web1", FACTS)
        transaction.add_nodes([NODE])
        transaction.add_leases([VIP])
        transaction.add_router_id(ROUTER_ID)
        transaction.put_late("demo", "ca", "-----BEGIN CERTIFICATE-----\n")


def test_what_goes_in_comes_out(path: Path) -> None:
    fill(path)
    found = open_store(str(path)).snapshot()
    assert found == Snapshot(
        state_id=found.state_id,
        networks={"lab": NETWORK},
        clusters={"demo": CLUSTER},
        statuses={"demo": ClusterStatus(state="Configured", details="x")},
        hosts={"web1": HOST},
        facts={"web1": FACTS},
        nodes=(NODE,),
        leases=(VIP,),
        router_ids=(ROUTER_ID,),
        late={("demo", "ca"): "-----BEGIN CERTIFICATE-----\n"},
    )
    assert len(found.state_id) == 32


def test_putting_again_replaces_and_removing_forgets(path: Path) -> None:
    fill(path)
    store = open_store(str(path))
    with store.write() as transaction:
        transaction.put_status("demo", ClusterStatus(state="Failed"))
        transaction.put_late("demo", "ca", "other")
        transaction.remove_host("web1")
        transaction.remove_network("lab")
        inside = transaction.snapshot()
    found = open_store(str(path)).snapshot()
    assert found == inside
    assert (found.statuses, found.late) == ({"demo": ClusterStatus(state="Failed")}, {("demo", "ca"): "other"})
    assert (found.hosts, found.facts, found.networks) == ({}, {}, {})
    assert (found.clusters, found.nodes) == ({"demo": CLUSTER}, (NODE,))


def test_a_missing_state_reads_as_empty_and_is_not_made(path: Path) -> None:
    store = open_store(str(path))
    assert store.snapshot() == Snapshot()
    assert store.journal.completed("r") == set()
    assert store.journal.runs(["r"]) == {}
    assert store.host_leases() == ()
    store.check_free(["web1"])
    assert not store.created
    assert not path.parent.parent.exists()


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


def test_a_failed_transaction_leaves_nothing(path: Path) -> None:
    fill(path)
    before = open_store(str(path)).snapshot()
    store = open_store(str(path))
    with pytest.raises(RuntimeError, match="in the middle"), store.write() as transaction:
        transaction.remove_host("web1")
        transaction.put_network(NETWORK)
        raise RuntimeError("in the middle")
    assert store.snapshot() == before


def killed_in_the_middle(path: str) -> None:
    with open_store(path).write() as transaction:
        transaction.remove_host("web1")
        transaction.put_late("demo", "ca", "x" * 10_000_000)  # larger than any cache: it reaches the log
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_kill_in_a_write_transaction_leaves_the_old_state(path: Path) -> None:
    fill(path)
    before = open_store(str(path)).snapshot()
    child = multiprocessing.get_context("fork").Process(target=killed_in_the_middle, args=(str(path),))
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    store = open_store(str(path))
    assert store.snapshot() == before
    with store.write() as transaction:
        transaction.put_status("demo", ClusterStatus(state="Failed"))
    assert store.snapshot().statuses["demo"].state == "Failed"


def test_makers_at_the_same_moment_agree_on_one_state(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier, ids = context.Barrier(8), context.SimpleQueue()

    def make(number: int) -> None:
        store = open_store(str(path))
        barrier.wait(30)
        with store.write() as transaction:
            transaction.put_host(Host(name=f"h{number}", address="h", os="linux"))
            ids.put((transaction.snapshot().state_id, store.created))

    children = [context.Process(target=make, args=(number,)) for number in range(8)]
    for child in children:
        child.start()
    answers = [ids.get() for _ in children]
    for child in children:
        child.join(30)
    assert len({state_id for state_id, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1
    assert len(open_store(str(path)).snapshot().hosts) == 8
    assert {p.name for p in path.parent.iterdir()} <= {"state.db", "state.db-wal", "state.db-shm"}


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


URLS = [
    ("postgresql://user:s3cret@db.example/aksprov", "PostgresqlNotAvailable", ExitCode.NOT_AVAILABLE),
    ("postgresql+psycopg://user:s3cret@db.example/aksprov", "PostgresqlNotAvailable", ExitCode.NOT_AVAILABLE),
    ("mysql://user:s3cret@db.example/aksprov", "StateUrlUnknown", ExitCode.STATE),
    ("sqlite:///x", "StateUrlUnknown", ExitCode.STATE),
]


@pytest.mark.parametrize(("url", "code", "exit_code"), URLS)
def test_a_url_is_refused_without_its_secrets(url: str, code: str, exit_code: ExitCode) -> None:
    with pytest.raises((NotAvailableError, StateError)) as caught:
        open_store(url)
    assert (caught.value.code, caught.value.exit_code) == (code, exit_code)
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


def test_a_write_that_another_command_holds_up_ends_as_busy(path: Path) -> None:
    fill(path)
    with (
        open_store(str(path)).write(),
        pytest.raises(AksprovError) as caught,
        open_store(str(path), patience=0.05).write(),
    ):
        raise AssertionError("two writers at once")
    assert (caught.value.code, caught.value.exit_code) == ("StateBusy", ExitCode.BUSY)
    open_store(str(path)).snapshot()


def test_a_reader_is_never_held_up_and_sees_one_moment(path: Path) -> None:
    fill(path)
    with open_store(str(path)).write() as transaction:
        transaction.remove_host("web1")
        assert "web1" in open_store(str(path), patience=0.05).snapshot().hosts
    assert "web1" not in open_store(str(path)).snapshot().hosts


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


# --- the ledger


def test_what_is_recorded_already_may_be_added_again(path: Path) -> None:
    fill(path)
    with open_store(str(path)).write() as transaction:
        transaction.add_nodes([NODE])
        transaction.add_leases([VIP])
        transaction.add_router_id(ROUTER_ID)
        assert len(transaction.snapshot().leases) == 1


def replace(value: Node | Lease, **fields: str) -> Node | Lease:
    from msgspec.structs import replace as other

    return other(value, **fields)


TAKEN = [
    ("HostTaken", "add_nodes", replace(NODE, cluster="other")),
    ("HostTaken", "add_nodes", replace(NODE, cluster="other", role="load-balancer")),
    ("HostTaken", "add_nodes", replace(NODE, address="10.0.0.12")),
    ("AddressTaken", "add_leases", replace(VIP, owner="cluster/other", cluster="other")),
    ("AddressTaken", "add_leases", replace(VIP, network="beside", owner="cluster/other", cluster="other")),
]


@pytest.mark.parametrize(("code", "method", "value"), TAKEN)
def test_a_second_taker_is_refused_in_the_transaction(path: Path, code: str, method: str, value: Node | Lease) -> None:
    fill(path)
    store = open_store(str(path))
    with store.write() as transaction:
        transaction.put_network(
            Network(
                name="Beside",
                vswitch_name="x",
                ip_address_prefix="10.0.0.0/24",
                gateway="10.0.0.1",
                dns_servers=("10.0.0.2",),
                vip_pool=AddressRange(start="10.0.0.230", end="10.0.0.240"),
                node_pool=AddressRange(start="10.0.0.110", end="10.0.0.120"),
                site="shop17",
            )
        )
    before = store.snapshot()
    with pytest.raises(TakenError) as caught, store.write() as transaction:
        transaction.put_status("other", ClusterStatus())
        getattr(transaction, method)([value])
    assert (caught.value.code, caught.value.exit_code) == (code, ExitCode.BUSY)
    assert "demo" in caught.value.why
    assert store.snapshot() == before


def test_a_router_id_has_one_cluster_in_a_subnet(path: Path) -> None:
    fill(path)
    store = open_store(str(path))
    with pytest.raises(TakenError), store.write() as transaction:
        transaction.add_router_id(RouterId(site="shop17", prefix="10.0.0.0/24", router_id=3, cluster="other"))
    with store.write() as transaction:
        transaction.add_router_id(RouterId(site="", prefix="10.0.0.0/24", router_id=3, cluster="other"))


def test_a_site_may_repeat_the_addresses_of_another(path: Path) -> None:
    fill(path)
    with open_store(str(path)).write() as transaction:
        transaction.put_network(replace(NETWORK, name="Lab18", site="Shop18"))  # type: ignore[type-var]
        transaction.add_leases([replace(VIP, network="lab18", cluster="b", owner="cluster/b")])  # type: ignore[list-item]
        assert len(transaction.snapshot().leases) == 2
