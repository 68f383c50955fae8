"""The inventory's verbs on real hosts: who answers is recorded with facts, who does not is one row with its reason."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from controller import Controller
from minilab import Lab

HOSTS = ("h1", "h2", "h3")


@pytest.fixture(scope="module")
def three() -> Iterator[Lab]:
    """Three hosts that only these tests touch."""
    with Lab(HOSTS) as lab:
        yield lab


@pytest.fixture
def controller(three: Lab, tmp_path: Path) -> Controller:
    """A controller with a new state."""
    return Controller(three, tmp_path)


def rows_of(done: subprocess.CompletedProcess[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """(host, test) -> row, of a verb that prints rows as JSON."""
    return {(row["Host"], row["TestName"]): row for row in json.loads(done.stdout)}


def events_of(path: Path) -> list[tuple[str, str]]:
    """(kind, host) of every event of a host."""
    events = [json.loads(line) for line in path.read_text().splitlines()]
    return [(event["kind"], event["host"]) for event in events if event["kind"].startswith("host.")]


def test_hosts_are_recorded_with_what_they_say(controller: Controller) -> None:
    """Facts by the product against the same by the ssh client."""
    controller.run("add-host", "--file", controller.write_hosts(), "--events", "events")
    assert sorted(events_of(controller.directory / "events")) == sorted(
        (kind, host) for host in HOSTS for kind in ("host.started", "host.finished")
    )
    for shown in controller.json("get-host"):
        machine_id = controller.lab[shown["Name"]].ssh("cat /etc/machine-id").stdout.strip()
        assert (shown["MachineId"], shown["OsVersion"], shown["State"]) == (machine_id, "debian 12", "Free")


def test_the_same_file_again_contacts_nobody(controller: Controller) -> None:
    """Nothing to change, exit code 0, no event of a host."""
    file = controller.write_hosts()
    controller.run("add-host", "--file", file)
    again = controller.run("add-host", "--file", file, "--events", "events")
    assert "nothing to change" in again.stderr
    assert events_of(controller.directory / "events") == []


def test_each_host_that_does_not_answer_is_one_row_and_recorded(controller: Controller) -> None:
    """Changed host key, wrong key, nobody there, no sshd there, no such name: the good one is not held up."""
    lab, folder = controller.lab, controller.directory
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "stranger"], check=True)
    file = controller.write_hosts(more={"h2": {"host_key": lab["h3"].host_key}, "h3": {"key_file": "stranger"}})
    more = [("silent", "10.77.9.9", 22), ("closed", "10.77.0.11", 2222), ("nameless", "no-such-name.invalid", 22)]
    entries = yaml.safe_load(file.read_text())["hosts"]
    entries += [{**entries[0], "name": name, "address": address, "port": port} for name, address, port in more]
    file.write_text(yaml.safe_dump({"hosts": entries}))

    done = controller.run("add-host", "--file", file, check=1)
    expected = {
        "h2": ("HostKeyChanged", "scan-host-keys --name h2"),
        "h3": ("HostUserRefused", "stranger"),
        "silent": ("HostUnreachable", "10.77.9.9"),
        "closed": ("HostUnreachable", "refused"),
        "nameless": ("HostNameUnknown", "no-such-name.invalid"),
    }
    unfolded = " ".join(done.stdout.split())
    for host, (code, word) in expected.items():
        assert f"Failed {host} {code}" in unfolded and word in unfolded, done.stdout
    states = {shown["Name"]: shown["State"] for shown in controller.json("get-host")}
    assert states == {"h1": "Free", **dict.fromkeys(expected, "Unseen")}


def test_the_same_file_again_asks_who_never_answered(controller: Controller) -> None:
    """A host that was wrong is set right, and the next add-host goes on with it alone."""
    file = controller.write_hosts(more={"h2": {"user": "nobody"}})
    controller.run("add-host", "--file", file, check=77)
    controller.run("set-host", "--name", "h2", "--user", "root")
    file = controller.write_hosts()
    controller.run("add-host", "--file", file, "--events", "events")
    assert events_of(controller.directory / "events") == [("host.started", "h2"), ("host.finished", "h2")]
    assert {shown["State"] for shown in controller.json("get-host")} == {"Free"}


def test_known_hosts_is_enough(controller: Controller) -> None:
    """Without a pinned key known_hosts decides; without either nothing is sent, and the row says what to do."""
    controller.run("add-host", "--file", controller.write_hosts(pinned=False))
    (controller.directory / ".ssh/known_hosts").unlink()
    done = controller.run("test-host", "--output", "json", check=77)
    rows = rows_of(done)
    assert {(host, "HostKeyUnknown") for host in HOSTS} == set(rows)
    assert "scan-host-keys --name h1" in rows["h1", "HostKeyUnknown"]["Recommendation"]


def test_test_host_says_what_a_host_lacks(controller: Controller) -> None:
    """A user without root's rights, a tool that is not there, a machine-id that another host has."""
    lab = controller.lab
    controller.run("add-host", "--file", controller.write_hosts())
    good = rows_of(controller.run("test-host", "--output", "json"))
    assert {row["TestResult"] for row in good.values()} == {"Passed"}
    assert len(good) == 5 * len(HOSTS)

    lab["h2"].ssh("mv /usr/bin/base64 /usr/bin/base64.away")
    its_id = lab["h3"].ssh("cat /etc/machine-id").stdout
    lab["h3"].ssh("cat > /etc/machine-id", input=lab["h2"].ssh("cat /etc/machine-id").stdout)
    controller.run("set-host", "--name", "h1", "--user", "ops")
    try:
        bad = rows_of(controller.run("test-host", "--output", "json", check=1))
    finally:
        lab["h2"].ssh("mv /usr/bin/base64.away /usr/bin/base64")
        lab["h3"].ssh("cat > /etc/machine-id", input=its_id)
    failed = {where: row["Details"] for where, row in bad.items() if row["TestResult"] != "Passed"}
    assert failed == {
        ("h1", "Privileges"): "user id 1000",
        ("h2", "Tools"): "missing: base64",
        ("h2", "UniqueMachineId"): "has the same machine-id as h3",
        ("h3", "UniqueMachineId"): "has the same machine-id as h2",
    }
    assert "--become sudo" in bad["h1", "Privileges"]["Recommendation"]
    controller.run("set-host", "--name", "h1", "--become", "sudo")
    cured = rows_of(controller.run("test-host", "--output", "json"))
    assert {row["TestResult"] for row in cured.values()} == {"Passed"}


@pytest.mark.slow
def test_keys_are_shown_and_pinned_only_on_consent(controller: Controller) -> None:
    """Fingerprints as ssh-keygen says them on the host; 64 without consent, and then nothing is pinned."""
    lab = controller.lab
    controller.run("add-host", "--file", controller.write_hosts(pinned=False), "--offline")
    (controller.directory / ".ssh/known_hosts").unlink()
    shown = controller.json("scan-host-keys", check=64)
    assert {(key["Name"], key["Pinned"]) for key in shown} == {(name, False) for name in HOSTS}
    for key in shown:
        said = lab[key["Name"]].ssh("for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done").stdout
        assert key["Fingerprint"] in said.split()
    assert {host["HostKey"] for host in controller.json("get-host")} == {None}

    controller.run("scan-host-keys", "--yes")
    assert {host["Name"]: host["HostKey"] for host in controller.json("get-host")} == {
        name: lab[name].host_key for name in HOSTS
    }
    controller.run("test-host")
    again = controller.run("scan-host-keys")
    assert "no host key was pinned" in again.stderr


@pytest.mark.slow
def test_a_changed_key_is_shown_and_replaced_only_where_its_host_was_named(controller: Controller) -> None:
    """--yes for all hosts pins what is new and leaves what changed; its row says how to go on."""
    lab = controller.lab
    controller.run("add-host", "--file", controller.write_hosts(pinned=False), "--offline")
    controller.run("set-host", "--name", "h1", "--host-key", lab["h2"].host_key)
    done = controller.run("scan-host-keys", "--yes", check=77)
    unfolded = " ".join(done.stdout.split())
    assert "Failed h1 HostKeyChanged" in unfolded and "aksprov scan-host-keys --name h1" in unfolded
    keys = {host["Name"]: host["HostKey"] for host in controller.json("get-host")}
    assert keys == {"h1": lab["h2"].host_key, "h2": lab["h2"].host_key, "h3": lab["h3"].host_key}
    controller.run("scan-host-keys", "--name", "h1", check=64)
    controller.run("scan-host-keys", "--name", "h1", "--yes")
    assert controller.json("get-host", "--name", "h1")[0]["HostKey"] == lab["h1"].host_key


@pytest.mark.parametrize(("answer", "pinned"), [("n", None), ("y", "h1")])
def test_a_person_at_a_terminal_is_asked(controller: Controller, answer: str, pinned: str | None) -> None:
    """The question has the fingerprint; no leaves the inventory as it is."""
    lab = controller.lab
    controller.run("add-host", "--file", controller.write_hosts(["h1"], pinned=False), "--offline")
    ours, theirs = os.openpty()
    running = subprocess.Popen(
        controller.argv("scan-host-keys"),
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        text=True,
        env=controller.environment,
        cwd=controller.directory,
    )
    os.close(theirs)
    asked = b""
    while b"[y/N]" not in asked:
        asked += os.read(ours, 4096)
    os.write(ours, f"{answer}\n".encode())
    output, _ = running.communicate(timeout=60)
    os.close(ours)
    fingerprint = lab["h1"].ssh("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[1]
    assert fingerprint in asked.decode() and fingerprint in output
    recorded = controller.json("get-host", "--name", "h1")[0]["HostKey"]
    assert (running.returncode, recorded) == (0, lab[pinned].host_key if pinned else None)
