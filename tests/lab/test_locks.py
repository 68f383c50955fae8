"""Two operators, a paused run, a lost state and an old backup, on real hosts: who may change them, and what is said.

Seen to fail with each of these taken out:

- posix/apply.sh, a lower epoch is refused: the run that slept was told by the state alone (RunFenced), by no host;
- state/host_leases.py, ``check``: the run whose lock was broken ended with 0;
- state/host_leases.py, ``_check_free``: a second run went on beside the first and failed on a host, exit code 1;
- state/process.py, ``is_gone``: the lease of a killed run had not expired;
- planning/owner.py and posix/apply.sh, another state_id is refused: the first state changed the adopted hosts;
- planning/adoption.py, the row NodesUnknown: a lost state was rebuilt without a word of the missing nodes;
- workflows/host_accounts.py, the question: after a restore the hosts were changed unasked, exit code 0;
- workflows/host_accounts.py, ``raise_epochs``: the host's epoch stayed 2, where 3 was due;
- workflows/host_accounts.py, StateLacksClusters: the restored state went on to a new cluster on the old one's hosts;
- workflows/unchanged.py, HostsChanged: the removal took the cluster off hosts that another run had just changed.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from controller import Controller
from minilab import Lab
from transport_lab import entry, error_of, on_host
from trio import CLUSTER, ROLES, Trio, release, trap, until

from aksprov.model.facts import Manifest
from aksprov.state import open_store
from aksprov.transport.adopt import take_over

PAUSED = Path(__file__).with_name("paused_run.py")
MANIFEST, OBJECTS = "/var/lib/aksprov/manifest.json", "/var/lib/aksprov/objects.json"
LOCK = "/var/lib/aksprov/lock"


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    """A cluster of three hosts, configured."""
    with Lab(list(ROLES)) as lab:
        yield Trio.make(Controller(lab, tmp_path_factory.mktemp("controller")))


def pictures(trio: Trio) -> dict[str, str]:
    """Host -> every file that we could have touched, with owner, mode and content's hash."""
    look = (
        "find /etc /var/lib/aksprov -xdev -type f -printf '%p %m %u:%g ' -exec sha256sum {} \\; | sort;"
        " systemctl show -p ActiveEnterTimestamp,MainPID haproxy keepalived"
    )
    return {name: trio.lab[name].shell(look).stdout for name in ROLES}


def epochs(trio: Trio) -> dict[str, int]:
    """Host -> the epoch that it has seen."""
    return {name: int(trio.lab[name].shell("cat /var/lib/aksprov/epoch").stdout.split()[0]) for name in ROLES}


def owners(trio: Trio) -> set[str]:
    """The states that the hosts' manifests name."""
    return {json.loads(trio.lab[name].shell(f"cat {MANIFEST}").stdout)["state_id"] for name in ROLES}


def ended(process: subprocess.Popen[str], code: int) -> str:
    """What a program said that has to end with this code."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, out + err
    return out + err


def hosts_file(controller: Controller) -> Path:
    return controller.write_hosts(list(ROLES), more={name: {"roles": [role]} for name, role in ROLES.items()})


def test_a_second_run_is_refused_while_one_goes_on_and_its_lock_is_given_back(trio: Trio) -> None:
    controller, balancer = trio.controller, trio.lab["lb1"]
    trio.spoil()
    trap(balancer, "mv", 0)
    running = trio.start()
    try:
        until(lambda: balancer.shell("ls /run/stopped", check=False).returncode == 0)
        refused = controller.run(*CLUSTER, check=75)
        (lock,) = controller.json("get-lock")
        assert lock["Run"] in refused.stderr and f"process {running.pid}" in " ".join(refused.stderr.split())
        assert (lock["Verb"], lock["Objects"], lock["Expired"]) == ("new-cluster", ["cluster/demo"], False)
        assert lock["Hosts"] == ["lb1", "w1"] and lock["AgeSeconds"] < 60
    finally:
        release(balancer, "mv")
        ended(running, 0)
    assert controller.json("get-lock") == []
    assert trio.plan() == []


@pytest.mark.slow
def test_an_interrupted_run_gives_its_hosts_back(trio: Trio) -> None:
    """Every host had begun when Ctrl-C was pressed, so all that is left to do is to end."""
    balancer = trio.lab["lb1"]
    trio.spoil()
    trap(balancer, "mv", 0)
    running = trio.start()
    until(lambda: balancer.shell("ls /run/stopped", check=False).returncode == 0)
    running.send_signal(signal.SIGINT)
    release(balancer, "mv")
    ended(running, 0)
    assert trio.controller.json("get-lock") == []
    trio.run(check=0)
    assert trio.plan() == []


@pytest.mark.slow
def test_a_killed_run_holds_up_nobody(trio: Trio) -> None:
    balancer = trio.lab["lb1"]
    trio.spoil()
    trap(balancer, "mv", 0)
    running = trio.start()
    until(lambda: balancer.shell("ls /run/stopped", check=False).returncode == 0)
    running.kill()
    ended(running, -signal.SIGKILL)
    assert [lock["Expired"] for lock in trio.controller.json("get-lock")] == [True]
    release(balancer, "mv")
    trio.run(check=0)
    assert trio.controller.json("get-lock") == []
    assert trio.plan() == []


@pytest.mark.slow
def test_a_lock_that_is_broken_stops_its_run_and_the_next_one_goes_on(trio: Trio) -> None:
    balancer, controller = trio.lab["lb1"], trio.controller
    trio.spoil()
    trap(balancer, "mv", 0)
    running = trio.start()
    until(lambda: balancer.shell("ls /run/stopped", check=False).returncode == 0)
    (lock,) = controller.json("get-lock")
    asked = controller.run("break-lock", "--run", lock["Run"], check=64)
    assert lock["Owner"] in " ".join(asked.stderr.split()) and controller.json("get-lock")[0]["Run"] == lock["Run"]
    controller.run("break-lock", "--run", lock["Run"], "--yes")
    assert controller.json("get-lock") == []
    release(balancer, "mv")
    said = " ".join(ended(running, 75).split())
    assert "RunFenced" in said and "broken by" in said
    trio.run(check=0)
    assert trio.plan() == [] and trio.is_whole()


@pytest.mark.slow
def test_a_removal_leaves_hosts_alone_that_another_run_changed_after_it_looked(trio: Trio) -> None:
    """Its first look at the load balancer takes as long as the other run does."""
    balancer, controller = trio.lab["lb1"], trio.controller
    trio.spoil()
    trap(balancer, "sha256sum", 0)
    removal = controller.start("remove-cluster", "--name", "demo", "--yes")
    try:
        until(lambda: balancer.shell("ls /run/stopped", check=False).returncode == 0)
        trio.run(check=0)
    finally:
        release(balancer, "sha256sum")
    said = " ".join(ended(removal, 75).split())
    assert "HostsChanged" in said and "hosts lb1, w1" in said
    assert controller.json("get-lock") == []
    assert controller.json("get-cluster")[0]["ProvisioningState"] == "Configured"
    assert trio.plan() == [] and trio.is_whole()


@pytest.mark.slow
def test_a_run_that_slept_past_its_lease_is_refused_by_the_hosts_and_by_the_state(trio: Trio) -> None:
    """Seen failing without the epoch in apply.sh, and without the fence of the journal's steps."""
    controller = trio.controller
    trio.spoil()
    sleeper = subprocess.Popen(
        trio.lab.inside([sys.executable, str(PAUSED), "w1", *CLUSTER]),
        env=controller.environment,
        cwd=controller.directory,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: Path(f"/proc/{sleeper.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        until(lambda: controller.json("get-lock")[0]["Expired"])
        controller.run(*CLUSTER)
        assert trio.plan() == []
        before, recorded = pictures(trio), open_store(str(controller.state)).snapshot()
    finally:
        sleeper.send_signal(signal.SIGCONT)
    _, said = sleeper.communicate(timeout=60)
    assert sleeper.returncode == 75, said
    codes = said.splitlines()[-1].split()
    assert codes[:2] == ["RunFenced", "HostEpochRefused"]
    assert "took them over" in said
    assert pictures(trio) == before
    assert open_store(str(controller.state)).snapshot() == recorded
    assert controller.json("get-cluster")[0]["ProvisioningState"] == "Configured"


@pytest.mark.slow
def test_another_state_is_refused_until_it_adopts_the_hosts(trio: Trio, tmp_path: Path) -> None:
    controller, other = trio.controller, Controller(trio.lab, tmp_path)
    before, seen = pictures(trio), epochs(trio)
    addresses = controller.json("get-cluster-network", "--addresses")
    nodes = controller.json("get-cluster")[0]["Nodes"]

    asked = other.run("adopt", "--file", hosts_file(other), check=64)
    assert "Take 3 hosts over?" in " ".join(asked.stderr.split())
    assert pictures(trio) == before and not other.state.exists()

    other.run("adopt", "--file", hosts_file(other), "--yes")
    assert owners(trio) == {open_store(str(other.state)).snapshot().state_id}
    assert all(epoch > seen[name] for name, epoch in epochs(trio).items())
    assert other.json("get-cluster-network", "--addresses") == addresses
    (found,) = other.json("get-cluster")
    assert (found["ProvisioningState"], found["Nodes"]) == ("Configured", nodes)
    assert other.json(*CLUSTER, "--what-if")["hosts"] == []
    assert "nothing to change" in other.run(*CLUSTER).stderr
    assert {row["TestResult"] for row in other.json("state", "check")} == {"Passed"}
    assert "nothing to change" in other.run("adopt", "--file", hosts_file(other)).stderr

    trio.lab["w1"].shell("rm /etc/crictl.yaml")
    refused = trio.run(check=1)
    assert "HostOwnedByOtherState" in refused.stdout and "aksprov adopt" in refused.stdout + refused.stderr
    trio.lab["w1"].shell("test ! -e /etc/crictl.yaml")
    controller.run("adopt", "--file", hosts_file(controller), "--yes")
    trio.run(check=0)
    assert trio.plan() == []


@pytest.mark.slow
def test_a_lost_state_is_rebuilt_from_the_hosts_that_answer_and_later_from_the_others(trio: Trio) -> None:
    controller = trio.controller
    before = open_store(str(controller.state)).snapshot()
    for left in controller.directory.glob("state.db*"):
        left.unlink()
    trio.lab["w1"].shell(f"cp {OBJECTS} /root/objects; echo '{{' > {OBJECTS}")
    trio.lab["lb1"].shell("systemctl stop ssh.socket ssh")
    try:
        done = controller.run("adopt", "--file", hosts_file(controller), "--yes", "--output", "json", check=1)
    finally:
        trio.lab["lb1"].shell("systemctl start ssh")
        trio.lab["w1"].shell(f"cp /root/objects {OBJECTS}")
    rows = {(row["Host"] or row["Cluster"], row["TestName"]): row for row in json.loads(done.stdout)}
    assert "not known" in rows["lb1", "HostUnreachable"]["Details"]
    assert "cannot be read" in rows["w1", "ObjectsUnreadable"]["Details"]
    assert "1 of 1 load-balancer, 1 of 1 worker" in rows["demo", "NodesUnknown"]["Details"]
    assert {("", "Journal"), ("", "SecretReferences"), ("", "UnusedNetworks")} <= rows.keys()
    (found,) = controller.json("get-cluster")
    assert (found["ProvisioningState"], [n["Host"] for n in found["Nodes"]]) == ("Failed", ["cp1"])

    controller.run("adopt", "--file", hosts_file(controller), "--yes")
    after = open_store(str(controller.state)).snapshot()
    for field in ("networks", "clusters", "hosts", "leases", "router_ids", "late"):
        assert getattr(after, field) == getattr(before, field), field
    assert set(after.nodes) == set(before.nodes)
    assert after.state_id != before.state_id and owners(trio) == {after.state_id}
    assert trio.plan() == []
    trio.spoil()
    trio.run(check=0)
    assert trio.plan() == []


@pytest.mark.slow
def test_after_a_restore_the_first_contact_shows_what_the_hosts_have_and_asks(trio: Trio) -> None:
    controller = trio.controller
    controller.run("state", "backup", "old.backup")
    trio.spoil()
    trio.run(check=0)
    seen, before = epochs(trio), pictures(trio)
    controller.run("state", "restore", "old.backup", "--yes")
    trio.lab["w1"].shell("rm /etc/crictl.yaml")
    asked = controller.run(*CLUSTER, check=64)
    said = " ".join(asked.stderr.split())
    assert "ConfirmationNeeded" in said and "Bring them to what it records?" in said
    shown = controller.run(*CLUSTER, "--what-if", "--output", "json", check=2).stderr
    assert "HostAhead" in shown and f"epoch {seen['w1']}" in shown
    assert epochs(trio) == seen and pictures(trio)["lb1"] == before["lb1"]
    controller.run(*CLUSTER, "--yes")
    assert epochs(trio)["w1"] == seen["w1"] + 1
    assert trio.plan() == []
    trio.spoil()
    trio.run(check=0)  # nobody is asked again
    assert trio.plan() == []


@pytest.mark.slow
def test_a_restored_state_that_lacks_a_cluster_gives_none_of_its_addresses_away(trio: Trio) -> None:
    controller = trio.controller
    before = open_store(str(controller.state)).snapshot()
    backup = controller.directory / "older.backup"
    controller.run("state", "backup", backup)
    with closing(sqlite3.connect(backup)) as connection:  # as it was before the cluster was made
        connection.execute("DELETE FROM objects WHERE kind IN ('cluster', 'status')")
        for table in ("nodes", "leases", "router_ids", "late"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
        connection.commit()
    controller.run("state", "restore", backup, "--yes")
    refused = controller.run(*["other" if word == "demo" else word for word in CLUSTER], check=74)
    assert "StateLacksClusters" in refused.stderr and "cluster demo" in " ".join(refused.stderr.split())
    assert controller.json("get-cluster") == []
    controller.run("adopt", "--file", hosts_file(controller), "--yes")
    after = open_store(str(controller.state)).snapshot()
    for field in ("state_id", "networks", "clusters", "leases", "router_ids", "late"):
        assert getattr(after, field) == getattr(before, field), field
    assert trio.plan() == []


@pytest.mark.slow
def test_a_manifest_that_was_edited_by_hand_is_one_row(trio: Trio) -> None:
    controller, worker = trio.controller, trio.lab["w1"]
    worker.shell(f'cp {MANIFEST} /root/manifest; sed -i \'s/"epoch":/"epoch":x/\' {MANIFEST}')
    try:
        done = controller.run(*CLUSTER, check=1)
        assert "ManifestUnreadable" in done.stdout
        rows = controller.json("adopt", "--name", "w1", check=1)
        assert [row["TestName"] for row in rows] == ["ManifestUnreadable"]
    finally:
        worker.shell(f"cp /root/manifest {MANIFEST}")
    trio.run(check=0)


def test_a_host_passes_to_another_state_under_its_lock_and_only_as_it_was_looked_at(trio: Trio) -> None:
    """Seen failing without the lock in adopt.sh, and without its look at the manifest that is there."""
    worker = trio.lab["w1"]
    was = worker.shell(f"cat {MANIFEST}").stdout.encode()
    manifest = msgspec.json.decode(was, type=Manifest)
    other = msgspec.structs.replace(manifest, state_id="f" * 32, epoch=manifest.epoch + 1)
    held = "sleep 300 >/dev/null 2>&1 & p=$!; s=$(cut -d ' ' -f 22 /proc/$p/stat)"
    freed = f"(sleep 3; cp {MANIFEST} /root/locked; rm {LOCK}; kill $p) >/dev/null 2>&1 &"
    boot = worker.shell("cat /proc/sys/kernel/random/boot_id").stdout.strip()
    worker.shell(f"{held}; ln -s $p:$s:{boot}:9 {LOCK}; {freed}")
    with trio.lab.netns():
        on_host(entry(trio.lab, "w1"), lambda c: take_over(c, was, other))
        error = error_of(entry(trio.lab, "w1"), lambda c: take_over(c, was, manifest))
    assert worker.shell("cat /root/locked").stdout.encode() == was
    assert msgspec.json.decode(worker.shell(f"cat {MANIFEST}").stdout, type=Manifest) == other
    assert worker.shell("cat /var/lib/aksprov/epoch").stdout.split() == [str(other.epoch), other.state_id]
    assert error.code == "HostChangedMeanwhile"
    trio.controller.run("adopt", "--name", "w1", "--yes")
    assert trio.plan() == [] and trio.is_whole()
