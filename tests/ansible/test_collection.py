"""The collection with real Ansible, without hosts: what is defined, shown, refused and removed.

Seen to fail: with ``changed`` always true the second run was red, with the rehearsal on the state itself the check
mode.
"""

from __future__ import annotations

import json
import os
import re
import shlex
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
    "unknown option": (task("cluster_network", {**NETWORK, "gatway": "x"}), "did you mean gateway?", "UnknownOption"),
    "outside the set": (
        task("cluster", {"name": "x", "primary_network_plugin": "cilium"}),
        "calico, flannel",
        "ValueNotAllowed",
    ),
    "wrong type": (task("cluster", {"name": "x", "node_count": "many"}), "node_count", "InvalidNumber"),
    "wrong shape": (task("host", {"name": "x", "labels": ["oslo"]}), "labels", "ValueShape"),
    "not yes or no": (task("host", {"name": "x", "offline": "perhaps"}), "offline", "InvalidBoolean"),
    "out of range": (task("cluster_network", {**NETWORK, "vlan_id": 4095}), "0 to 4094", "OutOfRange"),
    "nameless": (task("cluster_network", {"gateway": "10.0.0.1"}), "name", "MissingParameter"),
    "missing": (task("cluster_network", {"name": "x"}), "--vswitch-name", "MissingParameter"),
    "of no cluster": (task("node_pool", {"name": "pool"}), "cluster_name", "MissingParameter"),
    "two sets": (
        task("cluster", {"name": "x", "linux_node_count": 1, "node_pool_name": "p"}),
        "cannot be given together",
        "ParameterSetsMixed",
    ),
    "a rule": (task("cluster_network", {**NETWORK, "gateway": "10.0.1.1"}), "10.0.1.1", "GatewayOutsidePrefix"),
    "no such thing": (
        task("cluster", {"name": "x", "vnet": "nonet", "configure_only": True}),
        "nonet",
        "NetworkNotFound",
    ),
    "not yet": (task("cluster", {"name": "x", "enable_monitoring": True}), "not built", "ParameterNotAvailable"),
    "nor when it is off": (
        task("cluster", {"name": "x", "enable_auto_scaler": False}),
        "not built",
        "ParameterNotAvailable",
    ),
    "nothing to check": (task("test_cluster", {"name": "nocluster"}), "nocluster", "ClusterNotFound"),
}


def test_what_is_wrong_is_told_with_aksprovs_own_code_and_nothing_is_stored(ansible: Ansible, tmp_path: Path) -> None:
    """What is to be absent and never was there is no mistake."""
    nowhere = task("node_pool", {"cluster_name": "nocluster", "name": "pool", "state": "absent"})
    *said, absent = ansible.play([*(wrong for wrong, _, _ in BAD.values()), nowhere])
    assert absent["changed"] is False, absent
    for (name, (_, words, code)), answer in zip(BAD.items(), said, strict=True):
        assert answer["failed"] and words in answer["msg"], (name, answer["msg"])
        assert answer["error"]["code"] == code and answer["msg"].startswith(code), (name, answer["error"])
    assert not (tmp_path / "state.db").exists()


@pytest.mark.slow
def test_check_mode_refuses_a_state_that_cannot_be_read(ansible: Ansible, tmp_path: Path) -> None:
    """Seen to fail: with such a state taken for none, it would have made the network."""
    (tmp_path / "state.db").write_text("no database")
    (refused,) = ansible.play([task("cluster_network", NETWORK)], "--check")
    assert refused["failed"] and refused["error"]["exitCode"] == 74, refused
    assert (tmp_path / "state.db").read_text() == "no database"


def test_a_program_that_is_missing_or_of_another_version_is_told(ansible: Ansible, tmp_path: Path) -> None:
    ansible.variables["AKSPROV_CLI"] = str(tmp_path / "nothing")
    (missing,) = ansible.play([task("network_info", {})])
    assert missing["error"]["code"] == "ProgramNotFound" and "pip install" in missing["msg"]
    utils = (COLLECTION / "plugins/module_utils/program.py").read_text()
    assert re.search('^VERSION = "(.*)"$', utils, re.MULTILINE)[1] == __version__  # type: ignore[index]
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no such verb >&2; exit 64\n")
    broken.chmod(0o755)
    program, ansible.variables["AKSPROV_CLI"] = ansible.program, str(broken)
    (failed,) = ansible.play([task("network_info", {})])
    assert failed["error"]["code"] == "ProgramFailed" and "no such verb" in failed["msg"]
    broken.write_text(
        f'#!/bin/sh\nsed \'s/"{__version__}"/"0.0.9"/\' | {program} "$@"\n'
    )  # as an older collection asks
    (older,) = ansible.play([task("cluster_network", NETWORK)])
    assert older["error"]["code"] == "VersionDiffers" and "0.0.9" in older["msg"], older
    (tmp_path / "aksprov.yml").write_text("plugin: aksprov.hci.aksprov\n")
    listed = ansible.run("ansible-inventory", "-i", "aksprov.yml", "--list")
    assert "VersionDiffers" in listed.stderr and not (tmp_path / "state.db").exists(), listed.stderr


def inventory(ansible: Ansible, *options: str) -> dict[str, Any]:
    """What ansible-inventory lists."""
    listed = ansible.run("ansible-inventory", "-i", "aksprov.yml", "--list", *options)
    assert listed.returncode == 0 and "WARNING" not in listed.stderr, listed.stderr
    found: dict[str, Any] = json.loads(listed.stdout)
    return found


TEMPLATE = "{{ lookup('pipe', 'echo canary') }}"


def record_template(ansible: Ansible) -> None:
    """Have somebody record what Ansible must not run."""
    words = ("set-host", "--name", "W1", "--maintenance-reason", TEMPLATE)
    subprocess.run([ansible.program, *words], env={**os.environ, **ansible.variables}, check=True, capture_output=True)


def plain(value: Any) -> Any:
    """A value without Ansible's mark that it is no template."""
    if isinstance(value, dict):
        return (
            plain(value["__ansible_unsafe"]) if "__ansible_unsafe" in value else {k: plain(v) for k, v in value.items()}
        )
    return [plain(item) for item in value] if isinstance(value, list) else value


def test_the_inventory_has_hosts_groups_and_connections(ansible: Ansible, tmp_path: Path) -> None:
    """Seen to fail: with the jump host's name handed on, ssh was to look it up in DNS."""
    secret = "canary-" + os.urandom(8).hex()
    ansible.variables["HOST_PASSWORD"] = secret
    windows = {"address": "10.0.0.31", "os": "windows", "user": "Administrator", "offline": True}
    linux = {**HOST, "user": "ops", "port": 2222, "become": "sudo", "labels": {"site": "oslo", "rack": "r1"}}
    key = str(tmp_path / "id")
    said = ansible.play(
        [
            task(
                "host",
                {"name": "jump1", "address": "192.0.2.1", "os": "linux", "user": "j", "key_file": key, "offline": True},
            ),
            task("host", {**linux, "jump_host": "jump1"}),
            task(
                "host",
                {**windows, "name": "win1", "password_ref": "env:HOST_PASSWORD", "ca_file": str(tmp_path / "ca")},
            ),
            task(
                "host",
                {
                    **windows,
                    "name": "win2",
                    "port": 5987,
                    "connection": "winrm",
                    "auth": "certificate",
                    "key_file": key,
                },
            ),
        ]
    )
    assert all(answer["changed"] for answer in said), said
    record_template(ansible)
    (tmp_path / "aksprov.yml").write_text("plugin: aksprov.hci.aksprov\n")
    found = inventory(ansible)
    assert secret not in json.dumps(found)
    hosts = plain(found["_meta"]["hostvars"])
    one, psrp, winrm = hosts["W1"], hosts["win1"], hosts["win2"]
    assert (one["ansible_host"], one["ansible_port"], one["ansible_become"]) == ("10.0.0.21", 2222, True)
    assert shlex.split(one["ansible_ssh_common_args"]) == ["-o", f"ProxyCommand=ssh -W '[%h]:%p' -i {key} j@192.0.2.1"]
    assert one["aksprov"]["Maintenance"]["Reason"] == TEMPLATE
    assert (psrp["ansible_connection"], psrp["ansible_psrp_protocol"]) == ("ansible.builtin.psrp", "https")
    assert (winrm["ansible_connection"], winrm["ansible_port"]) == ("ansible.builtin.winrm", 5987)
    assert (winrm["ansible_winrm_transport"], winrm["ansible_winrm_cert_key_pem"]) == ("certificate", key)
    assert found["site_oslo"]["hosts"] == found["rack_r1"]["hosts"] == ["W1"]
    assert found["os_windows"]["hosts"] == ["win1", "win2"]
    shown = ansible.run(
        "ansible", "-i", "aksprov.yml", "win1", "-c", "local", "-m", "debug", "-a", "var=ansible_password"
    )
    assert secret in shown.stdout


@pytest.mark.slow
def test_the_inventory_is_cached_and_has_the_clusters_groups(ansible: Ansible, tmp_path: Path) -> None:
    site(ansible, {"a": {"a-cp": "control-plane", "a-lb": "load-balancer", "a-w": "worker"}})
    assert ansible.run("ansible-playbook", "-i", "fleet.yml", "aksprov.hci.site").returncode == 0
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    (tmp_path / "aksprov.yml").write_text(
        yaml.safe_dump({"plugin": "aksprov.hci.aksprov", "cache_timeout": 600, **cached})
    )
    found = inventory(ansible)
    assert found["cluster_a"]["hosts"] == ["a-cp", "a-lb", "a-w"]
    assert (found["control_plane"]["hosts"], found["load_balancer"]["hosts"]) == (["a-cp"], ["a-lb"])
    ansible.variables["AKSPROV_CLI"] = "/nowhere"
    assert inventory(ansible) == found
    fresh = ansible.run("ansible-inventory", "-i", "aksprov.yml", "--list", "--flush-cache")
    assert "ProgramNotFound" in fresh.stderr, fresh.stderr


def site(ansible: Ansible, clusters: dict[str, dict[str, str]]) -> None:
    """An inventory whose hosts are clusters, each on a network and hosts of its own, written to folders."""
    fleet = {}
    for number, (name, hosts) in enumerate(clusters.items()):
        known = [
            {"name": host, "address": f"10.{number}.0.{11 + at}", "os": "linux", "roles": [role], "offline": True}
            for at, (host, role) in enumerate(hosts.items())
        ]
        network = {
            key: value.replace("10.0.0.", f"10.{number}.0.") for key, value in NETWORK.items() if isinstance(value, str)
        }
        cluster = {
            "name": name,
            "vnet": f"net-{name}",
            "node_pool_name": "pool",
            "node_count": 1,
            "configure_only": True,
        }
        fleet[name] = {
            "cluster_network": {**network, "name": f"net-{name}", "vswitch_name": "eth0", "dns_servers": ["10.0.0.2"]},
            "cluster_hosts": known,
            "cluster_definition": {**cluster, "output_dir": str(ansible.folder / f"review-{name}")},
        }
    (ansible.folder / "fleet.yml").write_text(yaml.safe_dump({"clusters": {"hosts": fleet}}))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["serial: 1", "strategy: free"])
def test_a_fleet_is_made_one_by_one_or_all_at_once(ansible: Ansible, tmp_path: Path, how: str) -> None:
    """Three clusters by the collection's own playbook; the second time nothing changes."""
    roles = ("control-plane", "load-balancer", "worker")
    site(ansible, {name: {f"{name}-{role}": role for role in roles} for name in "abc"})
    playbook = (COLLECTION / "playbooks/site.yml").read_text().replace("  roles:\n", f"  {how}\n  roles:\n")
    (tmp_path / "site.yml").write_text(playbook)
    for changed in (3, 0):
        done = ansible.run("ansible-playbook", "-i", "fleet.yml", "site.yml")
        assert done.returncode == 0, done.stdout + done.stderr
        assert dict(re.findall(r"^(\w) +: .*changed=(\d+)", done.stdout, re.MULTILINE)) == dict.fromkeys(
            "abc", str(changed)
        )
    for name in "abc":
        assert (tmp_path / f"review-{name}/{name}-load-balancer/etc/haproxy/haproxy.cfg").is_file()


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
    names = [file.stem for file in (COLLECTION / "plugins/modules").glob("*.py")]
    for kind, known in (("module", names), ("inventory", ["aksprov"])):
        shown = ansible.run("ansible-doc", "--json", "-t", kind, *(f"aksprov.hci.{name}" for name in known))
        documents = json.loads(shown.stdout)
        assert documents.keys() == {f"aksprov.hci.{name}" for name in known}, shown.stderr
        assert all(d["doc"]["short_description"] and yaml.safe_load(d["examples"]) for d in documents.values())
    subprocess.run(["git", "init", "-q", "."], cwd=place / "ansible_collections/aksprov/hci", check=True)
    linted = ansible.run("ansible-lint", "--offline", "-q", cwd=place / "ansible_collections/aksprov/hci")
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.slow
def test_the_oldest_ansible_does_the_same(tmp_path: Path) -> None:
    ansible = Ansible(tmp_path, tmp_path / "state.db", programs="tests/ansible/oldest")
    first, again = ansible.play([task("cluster_network", NETWORK), task("cluster_network", NETWORK)])
    assert (first["changed"], again["changed"]) == (True, False)
    wrong, _ = ansible.play([BAD["unknown option"][0], task("host", HOST)])
    assert wrong["error"]["code"] == "UnknownOption" and "did you mean gateway?" in wrong["msg"]
    record_template(ansible)
    (tmp_path / "aksprov.yml").write_text("plugin: aksprov.hci.aksprov\n")
    words = ("W1", "-c", "local", "-m", "debug", "-a", "msg={{ aksprov.Maintenance.Reason }}")
    shown = ansible.run("ansible", "-i", "aksprov.yml", *words)
    assert "echo canary" in shown.stdout, shown.stdout + shown.stderr
    assert environment("tests/ansible/oldest") != environment()
    assert yaml.safe_load((COLLECTION / "meta/runtime.yml").read_text())["requires_ansible"] == ">=2.17.0"
