"""The collection with real Ansible, without hosts: what is defined, shown, refused and removed.

Seen to fail: with ``changed`` always true the second run was red, with the rehearsal on the state itself the check
mode.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from playbooks import COLLECTION, ROOT, Ansible, environment

from aksprov import __version__

pytestmark = pytest.mark.ansible
NETWORK = {
    "name": "mynet",
    "vswitch_name": "External",
    "ip_address_prefix": "10.0.0.0/24",
    "gateway": "10.0.0.1",
    "dns_servers": ["10.0.0.2"],
    "vip_pool_start": "10.0.0.200",
    "vip_pool_end": "10.0.0.220",
    "k8s_node_ip_pool_start": "10.0.0.10",
    "k8s_node_ip_pool_end": "10.0.0.100",
}
HOST = {"name": "W1", "address": "10.0.0.21", "os": "linux", "offline": True, "roles": ["worker"]}


def task(module: str, values: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {f"aksprov.hci.{module}": values, **more}


@pytest.fixture
def ansible(tmp_path: Path) -> Ansible:
    return Ansible(tmp_path, tmp_path / "state.db")


def test_what_is_said_twice_changes_once_and_check_mode_changes_nothing(ansible: Ansible, tmp_path: Path) -> None:
    (rehearsed,) = ansible.play([task("cluster_network", NETWORK)], "--check", "--diff")
    assert rehearsed["changed"] and '"Name": "mynet"' in rehearsed["diff"]["after"]
    assert not (tmp_path / "state.db").exists()
    first, again, shown = ansible.play(
        [task("cluster_network", NETWORK), task("cluster_network", NETWORK), task("network_info", {})]
    )
    assert (first["changed"], again["changed"]) == (True, False)
    assert first["object"] == again["object"] == shown["objects"][0]
    pools = {**NETWORK, "add_vip_range": ["10.0.0.230-10.0.0.239"], "remove_node_range": ["10.0.0.91-10.0.0.100"]}
    (tried,) = ansible.play([task("cluster_network", pools)], "--check", "--diff")
    grown, kept = ansible.play([task("cluster_network", pools), task("cluster_network", pools)])
    assert (tried["changed"], grown["changed"], kept["changed"]) == (True, True, False)
    assert '"10.0.0.230-10.0.0.239"' in tried["diff"]["after"] and '"10.0.0.10-10.0.0.90"' in tried["diff"]["after"]
    assert grown["object"]["VipPoolRanges"] == ["10.0.0.200-10.0.0.220", "10.0.0.230-10.0.0.239"]
    added, same, moved, absent, gone = ansible.play(
        [
            task("host", HOST),
            task("host", HOST),
            task("host", {**HOST, "user": "ops", "labels": {"site": "oslo"}}),
            task("cluster_network", {"name": "MyNet", "state": "absent"}),
            task("cluster_network", {"name": "MyNet", "state": "absent"}),
        ],
        "--diff",
    )
    assert [r["changed"] for r in (added, same, moved, absent, gone)] == [True, False, True, True, False]
    assert '"User": "ops"' in moved["diff"]["after"] and '"User": null' in moved["diff"]["before"]
    assert absent["diff"]["after"] == ""


BAD = {
    "unknown option": (task("cluster_network", {**NETWORK, "gatway": "10.0.0.1"}), "Unsupported parameters", None),
    "outside the set": (task("cluster", {"name": "x", "primary_network_plugin": "cilium"}), "calico, flannel", None),
    "wrong type": (task("cluster", {"name": "x", "node_count": "many"}), "int", None),
    "missing": (task("cluster_network", {"name": "x"}), "--vswitch-name", "MissingParameter"),
    "two sets": (
        task("cluster", {"name": "x", "linux_node_count": 1, "node_pool_name": "p"}),
        "cannot be given together",
        "ParameterSetsMixed",
    ),
    "a rule": (task("cluster_network", {**NETWORK, "gateway": "10.0.1.1"}), "10.0.1.1", "GatewayOutsidePrefix"),
    "no such thing": (task("cluster", {"name": "x", "vnet": "nonet", "configure_only": True}), "nonet", None),
    "not yet": (task("cluster", {"name": "x", "enable_monitoring": True}), "not built", "ParameterNotAvailable"),
}


def test_what_is_wrong_is_told_with_aksprovs_own_code_and_nothing_is_stored(ansible: Ansible, tmp_path: Path) -> None:
    """What is to be absent and never was there is no mistake."""
    nowhere = task("node_pool", {"cluster_name": "nocluster", "name": "pool", "state": "absent"})
    *said, absent = ansible.play([*(wrong for wrong, _, _ in BAD.values()), nowhere])
    assert absent["changed"] is False, absent
    for (name, (_, words, code)), answer in zip(BAD.items(), said, strict=True):
        assert answer["failed"] and words in answer["msg"], (name, answer["msg"])
        if code:
            assert answer["error"]["code"] == code and answer["msg"].startswith(code), (name, answer["error"])
    assert not (tmp_path / "state.db").exists()


def test_a_program_that_is_missing_or_of_another_version_is_told(ansible: Ansible, tmp_path: Path) -> None:
    ansible.variables["AKSPROV_CLI"] = str(tmp_path / "nothing")
    (missing,) = ansible.play([task("network_info", {})])
    assert missing["error"]["code"] == "ProgramNotFound" and "pip install" in missing["msg"]
    utils = (COLLECTION / "plugins/module_utils/program.py").read_text()
    assert re.search('^VERSION = "(.*)"$', utils, re.MULTILINE)[1] == __version__  # type: ignore[index]
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no such verb >&2; exit 64\n")
    broken.chmod(0o755)
    ansible.variables["AKSPROV_CLI"] = str(broken)
    (failed,) = ansible.play([task("network_info", {})])
    assert failed["error"]["code"] == "ProgramFailed" and "no such verb" in failed["msg"]


def test_the_inventory_has_hosts_groups_and_connections(ansible: Ansible, tmp_path: Path) -> None:
    secret = "canary-" + os.urandom(8).hex()
    ansible.variables["HOST_PASSWORD"] = secret
    windows = {"name": "win1", "address": "10.0.0.31", "os": "windows", "user": "Administrator", "offline": True}
    ansible.play(
        [
            task(
                "host",
                {**HOST, "user": "ops", "port": 2222, "become": "sudo", "labels": {"site": "oslo", "rack": "r1"}},
            ),
            task("host", {**windows, "password_ref": "env:HOST_PASSWORD", "ca_file": str(tmp_path / "ca.pem")}),
        ]
    )
    (tmp_path / "aksprov.yml").write_text("plugin: aksprov.hci.aksprov\n")
    listed = ansible.run("ansible-inventory", "-i", "aksprov.yml", "--list")
    assert listed.returncode == 0 and secret not in listed.stdout, listed.stderr
    found = json.loads(listed.stdout)
    linux, other = (
        {
            key: value.get("__ansible_unsafe", value) if isinstance(value, dict) else value
            for key, value in known.items()
        }
        for known in (found["_meta"]["hostvars"][name] for name in ("W1", "win1"))
    )
    assert (linux["ansible_host"], linux["ansible_port"], linux["ansible_become"]) == ("10.0.0.21", 2222, True)
    assert (other["ansible_connection"], other["ansible_psrp_protocol"]) == ("ansible.builtin.psrp", "https")
    assert found["site_oslo"]["hosts"] == found["rack_r1"]["hosts"] == ["W1"]
    assert found["os_windows"]["hosts"] == ["win1"]
    shown = ansible.run(
        "ansible", "-i", "aksprov.yml", "win1", "-c", "local", "-m", "debug", "-a", "var=ansible_password"
    )
    assert secret in shown.stdout


@pytest.mark.slow
def test_the_readmes_playbook_runs_as_printed(ansible: Ansible, tmp_path: Path) -> None:
    """Twice: the second time nothing changes."""
    chapter = (ROOT / "README.md").read_text().split("\n## Ansible\n")[1].split("\n## ")[0]
    (block,) = (b for b in re.findall(r"(?:^    .*\n)+", chapter, re.MULTILINE) if "hosts: localhost" in b)
    (tmp_path / "site.yml").write_text(re.sub("^    ", "", block, flags=re.MULTILINE))
    for changed in (4, 0):
        done = ansible.run("ansible-playbook", "site.yml", "-e", f"ansible_python_interpreter={sys.executable}")
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"changed=(\d+)", done.stdout)[1] == str(changed), done.stdout  # type: ignore[index]
    assert (tmp_path / "review/lb1/etc/haproxy/haproxy.cfg").is_file()


def test_the_collection_is_built_installed_documented_and_linted(ansible: Ansible, tmp_path: Path) -> None:
    built = ansible.run("ansible-galaxy", "collection", "build", COLLECTION, "--output-path", tmp_path / "dist")
    (archive,) = (tmp_path / "dist").glob("*.tar.gz")
    assert archive.name == f"aksprov-hci-{__version__}.tar.gz", built.stderr
    place = tmp_path / "installed"
    done = ansible.run("ansible-galaxy", "collection", "install", "--offline", "--force", "-p", place, archive)
    assert done.returncode == 0, done.stderr
    ansible.variables["ANSIBLE_COLLECTIONS_PATH"] = str(place)
    for kind, name in (("module", "cluster"), ("module", "host_info"), ("inventory", "aksprov")):
        shown = ansible.run("ansible-doc", "--json", "-t", kind, f"aksprov.hci.{name}")
        assert f"aksprov.hci.{name}" in shown.stdout, shown.stdout + shown.stderr
        assert json.loads(shown.stdout)[f"aksprov.hci.{name}"]["doc"]["short_description"]
    subprocess.run(["git", "init", "-q", "."], cwd=place / "ansible_collections/aksprov/hci", check=True)
    linted = ansible.run("ansible-lint", "--offline", "-q", cwd=place / "ansible_collections/aksprov/hci")
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.slow
def test_the_oldest_ansible_does_the_same(tmp_path: Path) -> None:
    ansible = Ansible(tmp_path, tmp_path / "state.db", programs="tests/ansible/oldest")
    first, again = ansible.play([task("cluster_network", NETWORK), task("cluster_network", NETWORK)])
    assert (first["changed"], again["changed"]) == (True, False)
    assert environment("tests/ansible/oldest") != environment()
    assert yaml.safe_load((COLLECTION / "meta/runtime.yml").read_text())["requires_ansible"] == ">=2.17.0"
