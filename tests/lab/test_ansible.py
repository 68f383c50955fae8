"""A cluster on real hosts from Ansible: made, changed, nothing the second time, removed; and by the roles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from controller import ROOMY
from minilab import Lab
from playbooks import Ansible
from trio import ROLES

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


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(list(ROLES)) as made:
        yield made


@pytest.fixture(scope="module")
def ansible(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    folder = tmp_path_factory.mktemp("ansible")
    return Ansible(folder, folder / "state.db", inside=lab.inside)


def host(lab: Lab, name: str) -> dict[str, Any]:
    """A host's options, what it has declared, as the machine of a test seldom has what a server has."""
    reached = {"address": lab[name].ip, "user": "root", "key_file": str(lab.key), "host_key": lab[name].host_key}
    return {"name": name, "os": "linux", "roles": [ROLES[name]], **reached, **ROOMY}


def test_a_cluster_is_made_changed_and_taken_away(ansible: Ansible, lab: Lab) -> None:
    """Check mode first, whose diff has the files; the second run changes nothing; a host that fails is a row."""
    define = [{"aksprov.hci.cluster_network": NETWORK}, *({"aksprov.hci.host": host(lab, name)} for name in ROLES)]
    cluster = {"aksprov.hci.cluster": CLUSTER}
    assert all(said["changed"] for said in ansible.play(define))
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


@pytest.mark.slow
def test_a_fleet_from_variables_with_serial_and_free(ansible: Ansible, lab: Lab) -> None:
    """The collection's own playbooks over a group of clusters; a second run changes nothing."""
    variables = ansible.folder / "group_vars"
    variables.mkdir()
    (ansible.folder / "fleet.yml").write_text("clusters: {hosts: {demo: {}}}\n")

    fleet = {"cluster_network": NETWORK, "cluster_hosts": [host(lab, n) for n in ROLES], "cluster_definition": CLUSTER}
    (variables / "clusters.yml").write_text(yaml.safe_dump(fleet))
    (ansible.folder / "free.yml").write_text(
        "- {hosts: clusters, gather_facts: false, connection: local, serial: 1, strategy: free,\n"
        "   roles: [aksprov.hci.cluster],\n"
        '   vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}}\n'
    )
    for playbook, changes in (("aksprov.hci.site", True), ("free.yml", False), ("aksprov.hci.verify", False)):
        done = ansible.run("ansible-playbook", "-i", "fleet.yml", playbook)
        assert done.returncode == 0, done.stdout + done.stderr
        assert ("changed=0 " not in done.stdout) == changes, done.stdout
