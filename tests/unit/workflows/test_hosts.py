"""The inventory's verbs without a network: what is recorded, what is refused, what is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aksprov.cmdlets.binding import bind
from aksprov.cmdlets.catalog import find_verb
from aksprov.errors import AksprovError, DefinitionError, ExitCode, NotFoundError, UsageError
from aksprov.events import EventStream
from aksprov.model.cluster import Cluster, Node
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts, Interface
from aksprov.model.host import Host
from aksprov.model.outcome import Outcome
from aksprov.state import open_store
from aksprov.workflows import add_host, get_host, remove_host, scan_host_keys, set_host, test_host
from aksprov.workflows.host_facts import exit_code_of, machine_rows
from aksprov.workflows.session import Session

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
VERBS = {"add-host": add_host, "get-host": get_host, "set-host": set_host, "remove-host": remove_host}
VERBS |= {"test-host": test_host, "scan-host-keys": scan_host_keys}
Run = Callable[..., Outcome]
WEB1 = {"name": "web1", "address": "10.0.0.11", "os": "linux"}


class Person:
    """Someone at a terminal who always says the same; None: there is no terminal."""

    def __init__(self, answer: bool | None) -> None:
        self.answer, self.interactive = bool(answer), answer is not None
        self.asked: list[str] = []

    def confirm(self, question: str) -> bool:
        """Notes the question."""
        self.asked.append(question)
        return self.answer


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a verb as the program would, from its words to its outcome, on a state of the test's own."""
    monkeypatch.chdir(tmp_path)

    def run(verb: str, person: Person | None = None, **given: str | list[str] | bool) -> Outcome:
        declared = find_verb(verb)
        assert declared is not None
        texts = {k: [] if v is True else v if isinstance(v, list) else [str(v)] for k, v in given.items()}
        stream = EventStream(lambda: NOW)
        session = Session(
            state_url=str(tmp_path / "state.db"), events=stream, clock=lambda: NOW, asker=person or Person(None)
        )
        return VERBS[verb].run(bind(declared, texts), session)

    return run


def recorded(folder: Path) -> Snapshot:
    """What the test's state has."""
    return open_store(str(folder / "state.db")).snapshot()


def put_in_cluster(folder: Path, name: str) -> None:
    """Make the host a load balancer of cluster Demo."""
    with open_store(str(folder / "state.db")).write() as transaction:
        transaction.put_cluster(Cluster(name="Demo", network="labnet", kubernetes_version="v1.36.0"))
        node = Node(host=name, cluster="demo", role="load-balancer", index=0, address="10.0.0.11", interface="eth0")
        transaction.add_nodes([node])


def test_a_host_of_options_equals_one_of_a_file(run: Run, tmp_path: Path) -> None:
    """Every parameter lands where the file's key lands."""
    file = tmp_path / "hosts.yaml"
    file.write_text(
        """hosts:
- name: web1
  address: 10.0.0.11
  os: linux
  connection: ssh
  port: 2222
  user: ops
  key_file: keys/id
  key_passphrase_ref: file:keys/pw
  password_ref: env:PW
  become: sudo
  become_password_ref: prompt
  jump_host: me@bastion:2222
  labels: {site: oslo, rack: r1}
  roles: [worker, load-balancer]
  capacity: {cpus: 4, memory_gb: 7.5, disk_gb: 100}
  interfaces: {My Switch: eth1}
  maintenance: {reason: new fan, until: 2026-12-01}
"""
    )
    run("add-host", file="hosts.yaml", offline=True)
    by_file = recorded(tmp_path).hosts["web1"]
    run("remove-host", name="web1", yes=True)
    outcome = run(
        "add-host", **WEB1, connection="ssh", port="2222", user="ops", keyFile="keys/id",
        keyPassphraseRef="file:keys/pw", passwordRef="env:PW", become="sudo", becomePasswordRef="prompt",
        jumpHost="me@bastion:2222", labels=["site=oslo", "rack=r1"],
        roles="worker,load-balancer", cpus="4", memoryGb="7.5", diskGb="100", interfaces="My Switch=eth1",
        maintenanceReason="new fan", maintenanceUntil="2026-12-01", offline=True,
    )  # fmt: skip
    assert recorded(tmp_path).hosts["web1"] == by_file
    assert by_file.key_file == str(tmp_path / "keys/id")
    assert by_file.key_passphrase_ref == f"file:{tmp_path / 'keys/pw'}"
    assert outcome.single and outcome.objects[0]["State"] == "Maintenance"


def test_the_same_host_again_is_nothing_to_change(run: Run, tmp_path: Path) -> None:
    """Also in another case, and with less said than before."""
    first = run("add-host", **WEB1, user="ops", labels=["site=oslo", "rack=r1"], offline=True)
    assert first.notes == (f"made a new state at {tmp_path / 'state.db'}", "1 host added")
    again = run("add-host", **{**WEB1, "name": "WEB1"}, labels="rack=r1", offline=True)
    assert (again.exit_code, again.notes) == (ExitCode.OK, ("nothing to change",))
    assert recorded(tmp_path).hosts == {
        "web1": Host(name="web1", address="10.0.0.11", os="linux", user="ops", labels={"site": "oslo", "rack": "r1"})
    }


def test_one_entry_at_odds_with_the_record_refuses_the_whole_file(run: Run, tmp_path: Path) -> None:
    """Every differing value is named, with both values and the verb that changes them."""
    run("add-host", **WEB1, labels="site=oslo", offline=True)
    (tmp_path / "more.csv").write_text(
        "name,address,os,port,labels.site\nweb2,10.0.0.12,linux,,\nweb1,10.0.0.11,linux,2222,bergen\n"
    )
    with pytest.raises(DefinitionError) as refused:
        run("add-host", file="more.csv", offline=True)
    error = refused.value
    assert error.code == "HostExistsDifferently"
    assert error.why.splitlines() == [
        "web1: labels.site is 'oslo', not 'bergen'",
        "web1: port is not set, not 2222",
    ]
    assert "set-host" in error.fix
    assert list(recorded(tmp_path).hosts) == ["web1"]


def test_one_connection_is_one_host(run: Run, tmp_path: Path) -> None:
    """However the address is spelled; another port or another bastion is another connection."""
    run("add-host", name="a", address="FD00:0::1", os="linux", offline=True)
    with pytest.raises(DefinitionError, match="nothing was recorded") as refused:
        run("add-host", name="b", address="fd00::1", os="linux", port="22", offline=True)
    assert (refused.value.code, "fd00::1 port 22" in refused.value.why) == ("HostConnectionTaken", True)
    run("add-host", name="b", address="fd00::1", os="linux", port="2222", offline=True)
    run("add-host", name="c", address="fd00::1", os="linux", jumpHost="bastion", offline=True)
    with pytest.raises(DefinitionError) as refused:
        run("set-host", name="b", port="22")
    assert (refused.value.code, "connection of a" in refused.value.why) == ("HostConnectionTaken", True)
    assert recorded(tmp_path).hosts["b"].port == 2222


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({**WEB1, "address": "10.0.0.300"}, "HostInvalid", ("host web1", "address: '10.0.0.300'", "--help")),
        ({**WEB1, "keyFile": "k", "connection": "local"}, "HostInvalid", ("keyFile: has no meaning", "local")),
        ({**WEB1, "hostKey": "SHA256:x"}, "HostInvalid", ("hostKey: is a fingerprint",)),
        ({**WEB1, "interfaces": "ext=a-long-interface"}, "HostInvalid", ("interfaces.ext", "at most 15")),
        ({**WEB1, "memoryGb": "0"}, "HostInvalid", ("memoryGb: ", "positive")),
        ({**WEB1, "user": ""}, "HostInvalid", ("user: is empty",)),
        ({"file": "none.yaml"}, "HostsFileMissing", ("none.yaml", "not there")),
        ({"file": "."}, "HostsFileUnreadable", ("cannot be read", "directory")),
        ({"file": "a\0b"}, "HostsFileUnreadable", ("null",)),
        ({"file": "/dev/zero"}, "HostsFileTooLarge", ("16 MiB",)),
    ],
)
def test_what_is_refused_leaves_no_state_behind(
    run: Run, tmp_path: Path, given: dict[str, str], code: str, words: tuple[str, ...]
) -> None:
    """Bad input of add-host: code, words, and no file made."""
    with pytest.raises(AksprovError) as refused:
        run("add-host", **given, offline=True)
    said = " ".join(map(str, refused.value.to_dict().values()))
    assert (refused.value.code, [w for w in words if w not in said]) == (code, []), said
    assert not (tmp_path / "state.db").exists()


def test_what_is_not_built_is_recorded_and_not_contacted(run: Run, tmp_path: Path) -> None:
    """A Skipped row each and exit code 0: 192.0.2.0/24 (RFC 5737) would cost a time-out each."""
    (tmp_path / "hosts.csv").write_text(
        "name,address,os,connection,jump_host\nwin1,192.0.2.1,windows,,jump1\nwin2,192.0.2.2,windows,winrm,jump1\n"
    )
    outcome = run("add-host", file="hosts.csv")
    assert [(r.host, r.test_name, r.test_result) for r in outcome.rows] == [
        (name, "NotAvailableYet", "Skipped") for name in ("win1", "win2")
    ]
    assert outcome.exit_code == ExitCode.OK
    assert len(recorded(tmp_path).hosts) == 2
    assert {o["State"] for o in outcome.objects} == {"Unseen"}


def test_hosts_without_ssh_keys_are_skipped_by_the_scan(run: Run) -> None:
    """PowerShell remoting and this machine; nobody is asked for consent."""
    run("add-host", name="win1", address="192.0.2.1", os="windows", offline=True)
    run("add-host", name="self", address="192.0.2.3", os="linux", connection="local", offline=True)
    outcome = run("scan-host-keys")
    assert [(r.host, r.test_result, "set-host" in r.recommendation) for r in outcome.rows] == [
        ("self", "Skipped", False),
        ("win1", "Skipped", False),
    ]
    assert (outcome.exit_code, outcome.objects) == (ExitCode.OK, ())


def test_this_machine_is_asked_by_sh(run: Run, tmp_path: Path) -> None:
    """Connection local: facts of this machine are recorded, and test-host looks at it."""
    added = run("add-host", **WEB1, connection="local")
    facts = recorded(tmp_path).facts["web1"]
    assert (added.objects[0]["State"], facts.cpus > 0, facts.kernel != "") == ("Free", True, True)
    rows = {row.test_name: row for row in run("test-host", name="web1").rows}
    assert {"Connection", "Privileges", "Tools", "Clock", "Facts"} <= rows.keys()
    assert rows["Connection"].test_result == "Passed"


def test_set_host_changes_only_what_is_given(run: Run, tmp_path: Path) -> None:
    """Labels that are not named stay; an empty text takes a value away."""
    run("add-host", **WEB1, user="ops", labels=["site=oslo", "rack=r1"], maintenanceReason="x", offline=True)
    run("set-host", name="WEB1", labels="rack=r2", user="", roles="worker", maintenanceReason="")
    expected = Host(
        name="web1", address="10.0.0.11", os="linux", labels={"site": "oslo", "rack": "r2"}, roles=("worker",)
    )
    assert recorded(tmp_path).hosts["web1"] == expected
    assert run("set-host", name="web1", roles="worker").notes == ("nothing to change",)
    run("set-host", name="web1", labels="", roles="", cpus="")
    assert recorded(tmp_path).hosts["web1"] == Host(name="web1", address="10.0.0.11", os="linux")
    run("set-host", name="web1", labels=["site=oslo", "rack=r2"], roles="worker")
    for bad in ({"address": ""}, {"os": "windows", "roles": "control-plane"}, {"becomePasswordRef": "prompt"}):
        with pytest.raises(DefinitionError):
            run("set-host", name="web1", **bad)
    assert recorded(tmp_path).hosts["web1"] == expected


def test_a_host_in_a_cluster_keeps_what_the_cluster_stands_on(run: Run, tmp_path: Path) -> None:
    """Neither removed, nor moved, nor forbidden its role; the error names the cluster."""
    run("add-host", **WEB1, labels="site=oslo", offline=True)
    put_in_cluster(tmp_path, "web1")
    for verb, given in (
        ("remove-host", {"yes": True}),
        ("set-host", {"address": "10.0.0.12"}),
        ("set-host", {"os": "windows"}),
        ("set-host", {"labels": "site=bergen"}),
        ("set-host", {"roles": "worker"}),
    ):
        with pytest.raises(DefinitionError) as refused:
            run(verb, name="web1", **given)
        assert (refused.value.code, "Demo" in refused.value.why) == ("HostInCluster", True)
    run("set-host", name="web1", user="ops", roles="load-balancer,worker", labels="rack=r2")
    shown = run("get-host", name="WEB1").objects[0]
    assert (shown["User"], shown["State"], shown["Clusters"]) == ("ops", "InCluster", ["Demo"])


def test_remove_host_asks_first(run: Run, tmp_path: Path) -> None:
    """No terminal: 64; no: it stays; yes: host and facts are gone."""
    run("add-host", **WEB1, connection="local")
    with pytest.raises(UsageError) as refused:
        run("remove-host", name="web1")
    assert refused.value.code == "ConfirmationNeeded"
    person = Person(False)
    run("remove-host", person, name="web1")
    assert "web1" in recorded(tmp_path).hosts and "web1 (10.0.0.11)" in person.asked[0]
    run("remove-host", Person(True), name="web1")
    assert (recorded(tmp_path).hosts, recorded(tmp_path).facts) == ({}, {})


def test_a_jump_host_stays_while_hosts_are_behind_it(run: Run, tmp_path: Path) -> None:
    """However its name is written there; without them it goes."""
    run("add-host", **WEB1, offline=True)
    run("add-host", name="cp1", address="10.0.0.12", os="linux", jumpHost="WEB1", offline=True)
    with pytest.raises(DefinitionError) as refused:
        run("remove-host", Person(True), name="web1")
    assert (refused.value.code, "cp1" in refused.value.why) == ("HostIsJumpHost", True)
    run("remove-host", Person(True), name="cp1")
    run("remove-host", Person(True), name="web1")
    assert recorded(tmp_path).hosts == {}


@pytest.mark.parametrize("verb", ["get-host", "set-host", "test-host", "remove-host"])
def test_an_unknown_host_is_not_found(run: Run, verb: str, tmp_path: Path) -> None:
    """Exit code 66, and looking makes no state."""
    with pytest.raises(NotFoundError) as missing:
        run(verb, name="nobody")
    assert missing.value.code == "HostNotFound"
    assert not (tmp_path / "state.db").exists()


def test_get_host_prefers_what_is_declared(run: Run, tmp_path: Path) -> None:
    """Declared capacity beats the facts; what is not declared is the facts'."""
    run("add-host", **WEB1, cpus="2", offline=True)
    with open_store(str(tmp_path / "state.db")).write() as transaction:
        transaction.put_facts("web1", Facts(cpus=8, memory_mb=3900, os_id="debian", os_version="12", machine_id="m1"))
    shown = run("get-host").objects[0]
    assert (shown["Cpus"], shown["MemoryGb"], shown["OsVersion"], shown["State"]) == (2, 3.8, "debian 12", "Free")
    assert run("get-host").single is False
    maintained = run("set-host", name="web1", maintenanceReason="fan", maintenanceUntil="2026-11-25").objects[0]
    assert maintained["State"] == "Maintenance", "until somebody ends it"


def test_one_machine_under_two_names_is_told_for_each() -> None:
    """By machine-id; hosts that never answered have none and are not alike."""
    hosts = {n: Host(name=n.upper(), address=f"10.0.0.{i}", os="linux") for i, n in enumerate("abcd")}
    facts = {"a": Facts(machine_id="m1"), "b": Facts(machine_id="m1"), "c": Facts(machine_id="m2"), "d": Facts()}
    snapshot = Snapshot(hosts=hosts, facts={**facts, "gone": Facts(machine_id="m2", interfaces=(Interface(name="x"),))})
    rows = machine_rows(snapshot, hosts)
    assert [(r.host, r.test_result, r.details) for r in rows] == [
        ("A", "Failed", "has the same machine-id as B"),
        ("B", "Failed", "has the same machine-id as A"),
    ]
    assert exit_code_of({}, rows) == ExitCode.FAILED
