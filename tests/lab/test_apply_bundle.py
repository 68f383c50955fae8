"""A folder pushed by Ansible's own connection: as aksprov does over its own, and either goes on from there.

Seen to fail: without the lease on the other load balancers the steps of both were mixed; with the output of commands
cut by a byte every push was refused; with ``changed`` where no note says otherwise the second push was red.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from configured import NETWORK
from controller import Controller
from minilab import Host, Lab
from playbooks import COLLECTION, ROOT, Ansible

pytestmark = pytest.mark.ansible
ROLES = {"cp1": "control-plane", "lb1": "load-balancer", "lb2": "load-balancer", "w1": "worker"}
CLUSTER = (
    "new-cluster --name demo --vnet labnet --primary-network-plugin calico --control-plane-node-count 1 "
    "--load-balancer-count 2 --node-pool-name linuxpool --node-count 1 --os-type linux --configure-only"
).split()
# In place of haproxy on a host: its check refuses every configuration.
REFUSING = """#!/bin/sh
case " $* " in *" -c "*) echo "[ALERT] not this one"; exit 1 ;; esac
exec /usr/sbin/haproxy "$@"
"""
CONFIGURATION = "/etc/haproxy/haproxy.cfg"
(COMMAND,) = re.findall(r"^    (ansible-playbook .*apply_bundle.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
(PLAY,) = re.findall(r"^    - hosts: all\n(?:    .*\n)+", (COLLECTION / "README.md").read_text(), re.MULTILINE)
PLAY = re.sub("^    ", "", PLAY, flags=re.MULTILINE)


class Site:
    """Hosts that aksprov has recorded and written a folder for, and Ansible, which reaches them by that record."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.controller = lab, Controller(lab, folder)
        self.ansible = Ansible(folder, self.controller.state, inside=lab.inside)
        self.ansible.variables["ANSIBLE_SSH_ARGS"] = f"-o ControlMaster=no -o UserKnownHostsFile={lab.known_hosts}"
        more: dict[str, dict[str, Any]] = {host: {"roles": [role]} for host, role in ROLES.items()}
        more["w1"] |= {"user": "ops", "become": "sudo"}
        hosts = self.controller.write_hosts(more=more)
        self.controller.run(*NETWORK)
        self.controller.run("add-host", "--file", hosts, "--offline")
        self.controller.run(*CLUSTER, "--output-dir", "review")
        (folder / "aksprov.yml").write_text("plugin: aksprov.hci.aksprov\n")
        for name, how in (("free", "strategy: free"), ("serial", "serial: 1")):
            (folder / f"{name}.yml").write_text(PLAY.replace("gather_facts: false", f"gather_facts: false\n  {how}"))

    def play(self, playbook: str) -> dict[str, int]:
        """Run a playbook by the README's command; how many tasks changed something on each host."""
        command = COMMAND.replace("aksprov.hci.apply_bundle", playbook)
        done = self.ansible.run(*command.replace("$PWD", str(self.controller.directory)).split())
        assert done.returncode == 0, done.stdout + done.stderr
        return {host: int(count) for host, count in re.findall(r"^(\S+) +: .*changed=(\d+)", done.stdout, re.MULTILINE)}

    def push(self, host: str, *options: str) -> dict[str, Any]:
        """What the module says of one host."""
        words = ("-i", "aksprov.yml", host, "-b", "-m", "aksprov.hci.apply_bundle", "-a", "folder=review", *options)
        done = self.ansible.run("ansible", *words)
        assert " => " in done.stdout, done.stdout + done.stderr
        said: dict[str, Any] = json.loads(done.stdout[done.stdout.index(" => ") + 4 :])
        return said | {"shown": done.stdout}

    def state(self) -> str:
        """Where the cluster stands."""
        (cluster,) = self.controller.json("get-cluster")
        return str(cluster["ProvisioningState"])

    def steps(self) -> list[str]:
        """Whose steps the journal has, one after another."""
        with sqlite3.connect(self.controller.state) as state:
            return [row[0] for row in state.execute("SELECT host FROM steps ORDER BY id")]


def edit(host: Host) -> None:
    """Have somebody edit HAProxy's configuration."""
    host.ssh(f"echo edited >>{CONFIGURATION}")


def is_edited(host: Host) -> bool:
    """Whether it still is."""
    return "edited" in host.ssh(f"cat {CONFIGURATION}").stdout


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([*ROLES]) as made:
        yield made


@pytest.fixture(scope="module")
def site(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(lab, tmp_path_factory.mktemp("site"))


@pytest.mark.slow
def test_a_folder_is_pushed_and_either_goes_on(lab: Lab, site: Site) -> None:
    """A load balancer alone is refused with a row; with strategy free it waits; a serial play then changes nothing."""
    early = site.push("lb1")
    assert early["error"]["code"] == "LateValueMissing" and "cp1" in early["msg"], early
    assert [row["Host"] for row in early["rows"]] == ["lb1"]
    away = site.push("w1", "-e", "ansible_port=9")
    assert away["unreachable"] and away["error"]["code"] == "HostUnreachable"
    assert site.push("w1", "-a", "folder=review host=w7")["error"]["code"] == "FolderLacksHost"
    assert not lab["lb1"].shell("ls /var/lib/aksprov", check=False).stdout
    assert site.play("free.yml") == dict.fromkeys(ROLES, 1)
    assert site.state() == "Configured"
    assert "nothing to change" in site.controller.run("apply", "--from", "review", "--yes").stderr
    edit(lab["lb1"])
    edit(lab["lb2"])
    before = len(site.steps())
    assert site.play("aksprov.hci.apply_bundle") == {"cp1": 0, "lb1": 1, "lb2": 1, "w1": 0}
    assert sorted(host for host, _ in groupby(site.steps()[before:])) == [
        "lb1",
        "lb2",
    ]  # no step of one within the other
    assert not is_edited(lab["lb1"]) and not is_edited(lab["lb2"])
    assert site.play("serial.yml") == dict.fromkeys(ROLES, 0)


@pytest.mark.slow
def test_a_host_whose_program_refuses_its_file_keeps_the_old_one(lab: Lab, site: Site) -> None:
    site.play("aksprov.hci.apply_bundle")
    edit(lab["lb1"])
    lab["lb1"].write("/usr/local/sbin/haproxy", REFUSING)
    lab["lb1"].shell("chmod 755 /usr/local/sbin/haproxy")
    seen = site.push("lb1", "--check", "--diff")
    refused = site.push("lb1")
    lab["lb1"].shell("rm /usr/local/sbin/haproxy")
    assert seen["changed"] and "-edited" in seen["shown"]
    assert (refused["error"]["code"], refused["error"]["exitCode"]) == ("ConfigRefused", 1), refused
    assert "not this one" in refused["msg"] and is_edited(lab["lb1"]) and site.state() == "Failed"
    site.controller.run("apply", "--from", "review", "--yes")
    assert not is_edited(lab["lb1"]) and site.state() == "Configured"
    assert site.push("lb1")["changed"] is False


@pytest.mark.slow
def test_a_host_that_somebody_edited_is_mended_once(lab: Lab, site: Site) -> None:
    lab["w1"].ssh("rm -f /etc/crictl.yaml")
    assert site.push("w1")["changed"]
    assert "runtime-endpoint" in lab["w1"].ssh("cat /etc/crictl.yaml").stdout
    assert site.push("w1")["changed"] is False
