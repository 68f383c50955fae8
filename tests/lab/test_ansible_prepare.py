"""The role prepare_linux_host on bare hosts, whose packages come from a repository that the test serves."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from controller import Controller
from minilab import Lab
from playbooks import Ansible
from repository import debian_packages, index, served

pytestmark = [pytest.mark.ansible, pytest.mark.slow]
# What Ansible's module needs on a host, and what the role installs.
NEEDS = ["python3", "python3-apt"]
PACKAGES = ["haproxy", "keepalived", "containerd", "ethtool", "conntrack", "socat", "iptables"]
PLAY = "- {hosts: all, gather_facts: false, roles: [aksprov.hci.prepare_linux_host]}\n"


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ansible]:
    folder, home = tmp_path_factory.mktemp("repository"), tmp_path_factory.mktemp("controller")
    (folder / "debian").mkdir()
    for deb in debian_packages([*NEEDS, *PACKAGES]).iterdir():
        os.symlink(deb.resolve(), folder / "debian" / deb.name)
    index(folder / "debian")
    with Lab(["w1", "lb1"], bare=True) as lab, served(lab, folder) as url:
        for host in lab.hosts.values():
            host.ssh(
                f"rm -f /etc/apt/sources.list.d/*; echo 'deb [trusted=yes] {url}/debian ./' >/etc/apt/sources.list"
            )
            host.ssh(f"apt-get update && apt-get install -y --no-install-recommends {' '.join(NEEDS)}")
            host.ssh("rm -rf /var/lib/apt/lists/*")  # as on a host whose image is older than its repository
        controller = Controller(lab, home)
        roles = {"w1": {"roles": ["worker"]}, "lb1": {"roles": ["load-balancer"]}}
        controller.run("add-host", "--file", controller.write_hosts(more=roles), "--offline")
        made = Ansible(home, controller.state, inside=lab.inside)
        made.variables["ANSIBLE_SSH_ARGS"] = f"-o ControlMaster=no -o UserKnownHostsFile={lab.known_hosts}"
        (home / "aksprov.yml").write_text("plugin: aksprov.hci.aksprov\n")
        (home / "prepare.yml").write_text(PLAY)
        yield made


def test_each_host_gets_what_its_role_needs_and_nothing_the_second_time(ansible: Ansible) -> None:
    for changed in ("1", "0"):
        done = ansible.run("ansible-playbook", "-i", "aksprov.yml", "prepare.yml")
        assert done.returncode == 0, done.stdout + done.stderr
        found = dict(re.findall(r"^(\S+) +: .*changed=(\d+)", done.stdout, re.MULTILINE))
        assert found == {"w1": changed, "lb1": changed}, done.stdout
    look = ansible.run(
        "ansible", "-i", "aksprov.yml", "all", "-m", "raw", "-a", "ls /usr/sbin/haproxy /usr/bin/containerd"
    )
    for host, there in (("lb1", "haproxy"), ("w1", "containerd")):
        (said,) = (part for part in re.split(r"(?m)^(?=\w+ \| )", look.stdout) if part.startswith(f"{host} "))
        assert re.findall(r"^/usr/s?bin/(\w+)$", said, re.MULTILINE) == [there], look.stdout
