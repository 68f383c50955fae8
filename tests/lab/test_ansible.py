"""A cluster on real hosts from Ansible: made, changed, nothing the second time, removed; and by the roles.

Seen to fail: with the options of the task handed on to a rehearsal as they are, check mode purged w3; with the pool's
name in place of what differs, the error of other taints did not name them; without set-node-pool among its changes a
cluster with another node_count was refused.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from controller import ROOMY
from minilab import Lab
from playbooks import Ansible
from trio import ROLES, release, trap, until

pytestmark = pytest.mark.ansible
NETWORK = {
    "name": "labnet",
    "vswitch_name": "eth0",
    "ip_address_prefix": "10.77.0.0/16",
    "gateway": "10.77.0.1",
    "dns_servers": ["10.77.0.1"],
    "vip_pool_start": "10.77.0.200",
    "vip_pool_end": "10.77.0.220",
    "k8s_node_ip_pool_start": "10.77.1.1",
    "k8s_node_ip_pool_end": "10.77.1.99",
}
CLUSTER = {
    "name": "demo",
    "vnet": "labnet",
    "primary_network_plugin": "calico",
    "node_pool_name": "linuxpool",
    "node_count": 1,
    "configure_only": True,
}


MORE = {"cp2": "control-plane", "w2": "worker", "w3": "worker"}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([*ROLES, *MORE]) as made:
        yield made


@pytest.fixture(scope="module")
def ansible(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    folder = tmp_path_factory.mktemp("ansible")
    return Ansible(folder, folder / "state.db", inside=lab.inside)


def host(lab: Lab, name: str) -> dict[str, Any]:
    """A host's options, what it has declared, as the machine of a test seldom has what a server has."""
    reached = {"address": lab[name].ip, "user": "root", "key_file": str(lab.key), "host_key": lab[name].host_key}
    return {"name": name, "os": "linux", "roles": [{**ROLES, **MORE}[name]], **reached, **ROOMY}


def test_a_cluster_is_made_changed_and_taken_away(ansible: Ansible, lab: Lab) -> None:
    """Check mode first, whose diff has the files; the second run changes nothing; a host that fails is a row."""
    define = [{"aksprov.hci.cluster_network": NETWORK}, *({"aksprov.hci.host": host(lab, name)} for name in ROLES)]
    cluster = {"aksprov.hci.cluster": CLUSTER}
    assert [said["changed"] for said in ansible.play([*define, *define])] == [True] * len(define) + [False] * len(
        define
    )
    (rehearsed,) = ansible.play([cluster], "--check", "--diff")
    assert rehearsed["changed"] and {h["name"] for h in rehearsed["plan"]["hosts"]} == set(ROLES)
    assert any("haproxy" in diff["after_header"] and "+frontend" in diff["prepared"] for diff in rehearsed["diff"])
    assert not lab["lb1"].shell("ls /etc/haproxy/haproxy.cfg /var/lib/aksprov", check=False).stdout.count("aksprov")
    made, again = ansible.play([cluster, cluster])
    assert (made["changed"], made["object"]["ProvisioningState"]) == (True, "Configured"), made
    assert (again["changed"], again["object"]) == (False, made["object"])
    lab["lb1"].ssh("echo edited >>/etc/haproxy/haproxy.cfg; chmod 000 /etc/haproxy/haproxy.cfg")
    edited, mended = ansible.play([{**cluster, "check_mode": True}, cluster])
    assert (edited["changed"], mended["changed"]) == (True, True)
    assert "edited" not in lab["lb1"].ssh("cat /etc/haproxy/haproxy.cfg").stdout
    lab["w1"].ssh("echo edited >/etc/crictl.yaml; chattr +i /etc/crictl.yaml")
    (failed,) = ansible.play([cluster])
    lab["w1"].ssh("chattr -i /etc/crictl.yaml")
    assert failed["failed"] and [row["Host"] for row in failed["rows"]] == ["w1"]
    assert "w1" in failed["msg"] and failed["error"]["exitCode"] == 1
    away = {"name": "demo", "state": "absent"}
    mended, gone, again = ansible.play([cluster, {"aksprov.hci.cluster": away}, {"aksprov.hci.cluster": away}])
    assert (mended["changed"], gone["changed"], again["changed"]) == (True, True, False)
    assert not lab["lb1"].shell("ls -A /var/lib/aksprov", check=False).stdout


def nodes(said: dict[str, Any]) -> list[str]:
    """The hosts of a cluster or a pool that a task has shown."""
    return sorted(node["Host"] if isinstance(node, dict) else node for node in said["object"]["Nodes"])


@pytest.fixture(scope="module")
def made(ansible: Ansible, lab: Lab) -> dict[str, Any]:
    """The task of a cluster that is there, and hosts that it has no use for yet."""
    hosts = [{"aksprov.hci.host": host(lab, name)} for name in (*ROLES, *MORE)]
    said = ansible.play([{"aksprov.hci.cluster_network": NETWORK}, *hosts, {"aksprov.hci.cluster": CLUSTER}])
    assert not any(answer.get("failed") for answer in said), said
    return {"aksprov.hci.cluster": CLUSTER}


@pytest.mark.slow
def test_a_cluster_has_as_many_nodes_as_its_task_says(ansible: Ansible, made: dict[str, Any]) -> None:
    larger = {"aksprov.hci.cluster": {**CLUSTER, "node_count": 2, "control_plane_node_count": 2}}
    (rehearsed,) = ansible.play([larger], "--check", "--diff")
    assert rehearsed["changed"] and {"cp2", "w2"} <= {h["name"] for h in rehearsed["plan"]["hosts"]}, rehearsed
    assert any(diff["after_header"].startswith("w2:") for diff in rehearsed["diff"])
    small = {**made["aksprov.hci.cluster"], "control_plane_node_count": 1}
    kept, grown, same, shrunk, again = ansible.play([made, larger, larger, *[{"aksprov.hci.cluster": small}] * 2])
    assert [r["changed"] for r in (kept, grown, same, shrunk, again)] == [False, True, False, True, False], shrunk
    assert nodes(grown) == ["cp1", "cp2", "lb1", "w1", "w2"] and nodes(shrunk) == ["cp1", "lb1", "w1"]
    fixed = {"aksprov.hci.cluster": {**CLUSTER, "node_count": 2, "pod_cidr": ["10.245.0.0/16"]}}
    refused, kept = ansible.play([fixed, {**made, "check_mode": True}])
    assert (refused["error"]["code"], kept["changed"]) == ("ClusterExistsDifferently", False), refused


@pytest.mark.slow
def test_a_node_pool_comes_grows_shrinks_and_goes(ansible: Ansible, made: dict[str, Any], lab: Lab) -> None:
    values = {"cluster_name": "demo", "name": "extra", "count": 1, "taints": ["sku=gpu:NoSchedule"]}
    pool, two = {"aksprov.hci.node_pool": values}, {"aksprov.hci.node_pool": {**values, "count": 2}}
    none = {"aksprov.hci.node_pool": {"cluster_name": "demo", "name": "extra", "state": "absent"}}
    (rehearsed,) = ansible.play([pool], "--check", "--diff")
    assert rehearsed["changed"] and "w2" in {h["name"] for h in rehearsed["plan"]["hosts"]}
    first, again, uncounted = ansible.play(
        [pool, pool, {"aksprov.hci.node_pool": {"cluster_name": "demo", "name": "extra"}}]
    )
    assert [r["changed"] for r in (first, again, uncounted)] == [True, False, False], uncounted
    assert nodes(first) == ["w2"] and first["object"]["Taints"] == ["sku=gpu:NoSchedule"]
    (grows,) = ansible.play([two], "--check")
    other = {"aksprov.hci.node_pool": {**values, "count": 2, "taints": ["sku=cpu:NoSchedule"]}}
    refused, grown, shown = ansible.play([other, two, {"aksprov.hci.node_pool_info": {"cluster_name": "demo"}}])
    assert (refused["error"]["code"], refused["error"]["where"]) == ("NodePoolExistsDifferently", "count, taints")
    assert grows["changed"] and nodes(grown) == ["w2", "w3"] and len(shown["objects"]) == 2, grown
    (leaves,) = ansible.play([none], "--check")
    shrunk, gone, nothing = ansible.play([pool, none, none])
    assert [r["changed"] for r in (leaves, shrunk, gone, nothing)] == [True, True, True, False]
    assert nodes(shrunk) == ["w2"] and not lab["w2"].shell("ls -A /var/lib/aksprov", check=False).stdout


@pytest.mark.slow
def test_check_mode_takes_nothing_off_a_host_that_is_to_be_purged(
    ansible: Ansible, made: dict[str, Any], lab: Lab
) -> None:
    (ansible.folder / "plain/w3/etc").mkdir(parents=True)
    (ansible.folder / "plain/w3/etc/motd").write_text("ours\n")
    program(ansible, lab, "apply", "--from", "plain", "--yes").wait()
    away = {"aksprov.hci.host": {"name": "w3", "state": "absent", "purge": True}}
    (rehearsed,) = ansible.play([away], "--check")
    assert rehearsed["changed"] and lab["w3"].ssh("cat /etc/motd").stdout == "ours\n", rehearsed
    purged, again, back = ansible.play([away, away, {"aksprov.hci.host": host(lab, "w3")}])
    assert [r["changed"] for r in (purged, again, back)] == [True, False, True], purged
    assert "ours" not in lab["w3"].ssh("cat /etc/motd").stdout


@pytest.mark.slow
def test_what_another_run_holds_is_told_and_stays(ansible: Ansible, made: dict[str, Any], lab: Lab) -> None:
    lab["lb1"].ssh("echo edited >>/etc/haproxy/haproxy.cfg")
    trap(lab["lb1"], "mv", 0)
    words = "new-cluster --name demo --vnet labnet --node-pool-name linuxpool --node-count 1 --configure-only".split()
    other = program(ansible, lab, *words)
    until(lambda: lab["lb1"].shell("ls /run/stopped", check=False).stdout)
    pool = {"aksprov.hci.node_pool": {"cluster_name": "demo", "name": "late", "count": 1}}
    try:
        held, locks = ansible.play([pool, {"aksprov.hci.lock_info": {}}])
    finally:
        release(lab["lb1"], "mv")
        assert other.wait() == 0
    assert (held["error"]["code"], held["error"]["exitCode"]) == ("HostsLocked", 75), held
    assert "lb1" in locks["objects"][0]["Hosts"]
    (shown,) = ansible.play([{"aksprov.hci.node_pool_info": {"cluster_name": "demo"}}])
    assert [pool["NodePoolName"] for pool in shown["objects"]] == ["linuxpool"]


@pytest.mark.slow
def test_a_check_that_fails_is_a_failed_task_with_its_row(ansible: Ansible, made: dict[str, Any], lab: Lab) -> None:
    check = {"aksprov.hci.test_cluster": {"name": "demo"}}
    lab["lb1"].ssh("systemctl stop haproxy")
    (failed,) = ansible.play([check])
    lab["lb1"].ssh("systemctl start haproxy")
    assert failed["failed"] and "lb1" in {row["Host"] for row in failed["rows"] if row["TestResult"] == "Failed"}, (
        failed
    )
    assert failed["error"]["exitCode"] == 1


def program(ansible: Ansible, lab: Lab, *words: str) -> subprocess.Popen[bytes]:
    """aksprov itself, beside Ansible and with its state."""
    variables = {**os.environ, **ansible.variables}
    return subprocess.Popen(lab.inside([ansible.program, *words]), env=variables, cwd=ansible.folder)


@pytest.mark.slow
def test_a_fleet_from_variables_is_made_and_verified(ansible: Ansible, lab: Lab) -> None:
    """The collection's own playbooks over a group of clusters; a second run changes nothing."""
    variables = ansible.folder / "group_vars"
    variables.mkdir()
    (ansible.folder / "fleet.yml").write_text("clusters: {hosts: {demo: {}}}\n")

    fleet = {"cluster_network": NETWORK, "cluster_hosts": [host(lab, n) for n in ROLES], "cluster_definition": CLUSTER}
    (variables / "clusters.yml").write_text(yaml.safe_dump(fleet))
    gone = ansible.play([{"aksprov.hci.cluster": {"name": "demo", "state": "absent"}}])
    assert not gone[0].get("failed"), gone
    for playbook, changes in (("aksprov.hci.site", True), ("aksprov.hci.site", False), ("aksprov.hci.verify", False)):
        done = ansible.run("ansible-playbook", "-i", "fleet.yml", playbook)
        assert done.returncode == 0, done.stdout + done.stderr
        assert ("changed=0 " not in done.stdout) == changes, done.stdout
