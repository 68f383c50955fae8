"""Bare hosts get the programs of their roles from package repositories that the test serves."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from configured import NETWORK
from controller import Controller
from minilab import Lab
from repository import debian_packages, index, make_key, make_package, served

from aksprov.model.cluster import Cluster, Node
from aksprov.model.programs import PackageSettings, ProgramSource
from aksprov.workflows.prepare.packages import packages_script

pytestmark = pytest.mark.slow
DEBIAN = ["haproxy", "keepalived", "containerd", "runc", "conntrack", "socat", "ethtool", "iptables"]
VERSION, VERSION_BEFORE = "1.36.4", "v1.36.3"
KUBELET = "[Service]\nExecStart=/usr/bin/sleep inf\n[Install]\nWantedBy=multi-user.target\n"
NEW = (
    "new-cluster --name demo --vnet labnet --primary-network-plugin flannel --node-pool-name linuxpool "
    f"--os-type linux --node-count 1 --kubernetes-version v{VERSION}"
).split()


class Site:
    """Three bare hosts, and the two repositories that they know of."""

    def __init__(self, lab: Lab, directory: Path, url: str, folder: Path, key: Path) -> None:
        self.lab, self.folder, self.url, self.key = lab, folder, url, key.read_text()
        self.controller = Controller(lab, directory)
        settings = {"repository": f"{url}/kubernetes", "keyFile": str(key)}
        (directory / "packages.json").write_text(json.dumps(settings))
        for name in lab.hosts:
            sources = "rm -f /etc/apt/sources.list.d/*; echo 'deb [trusted=yes] {}/debian ./' > /etc/apt/sources.list"
            lab[name].ssh(sources.format(url))
        roles = {"cp1": "control-plane", "w1": "worker", "lb1": "load-balancer"}
        self.controller.run(*NETWORK)
        more = {name: {"roles": [role]} for name, role in roles.items()}
        self.controller.run("add-host", "--file", self.controller.write_hosts(more=more))

    def make(self, *more: str, check: int | None = 0) -> str:
        """What new-cluster says."""
        done = self.controller.run(*NEW, *more, check=check, timeout=400)
        return done.stdout + done.stderr

    def prepare(self, name: str, version: str, *, check: int | None = 0) -> subprocess.CompletedProcess[str]:
        """The step on a host, which waits 2 s for locks."""
        settings = PackageSettings(repository=f"{self.url}/kubernetes", key=self.key)
        cluster = Cluster(
            name="demo",
            network="labnet",
            kubernetes_version=version,
            programs=ProgramSource(source="packages", packages=settings),
        )
        node = Node(host=name, cluster="demo", role="worker", index=0, address="10.77.0.11", interface="eth0")
        text = f"secret=/run/keys\n{packages_script(node, cluster, lock_seconds=2)}"
        self.lab[name].write("/run/keys", self.key)
        self.lab[name].write("/run/step.sh", text)
        done = self.lab[name].ssh("sh /run/step.sh", check=False)
        assert check is None or done.returncode == check, done.stdout + done.stderr
        return done


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("repository")
    os.symlink(debian_packages(DEBIAN), folder / "debs")
    (folder / "debian").mkdir()
    for deb in (folder / "debs").iterdir():
        os.symlink(deb.resolve(), folder / "debian" / deb.name)
    waits = {"postinst": "#!/bin/sh\nwhile [ -e /run/slow ]; do sleep 0.5; done\n"}
    make_package(folder / "debian", "slow", "1", {}, scripts=waits)
    index(folder / "debian")
    kubernetes = folder / "kubernetes/v1.36/deb"
    for version in ("1.36.3", VERSION, "1.36.5"):
        said = {"kubelet": "Kubernetes v", "kubeadm": "v", "kubectl": "Client Version: v"}
        for name, words in said.items():
            unit = {"/lib/systemd/system/kubelet.service": KUBELET}
            start = {"postinst": "#!/bin/sh\nsystemctl enable --now kubelet\ntrue\n"} if name == "kubelet" else {}
            make_package(
                kubernetes,
                name,
                f"{version}-1.1",
                {
                    f"/usr/bin/{name}": f'#!/bin/sh\necho {words}{version}\n[ "$1" != init ]\n',
                    **(unit if name == "kubelet" else {}),
                },
                depends="kubernetes-cni" if name == "kubelet" else "",
                scripts=start,
            )
    crictl = "#!/bin/sh\ncase $* in *pods*) ;; *) echo crictl version v1.36.0 ;; esac\n"
    make_package(kubernetes, "cri-tools", "1.36.0-1.1", {"/usr/bin/crictl": crictl})
    plugins = {f"/opt/cni/bin/{name}": "#!/bin/sh\n" for name in ("bridge", "host-local", "loopback", "portmap")}
    make_package(kubernetes, "kubernetes-cni", "1.7.1-1.1", plugins)
    key = folder.with_name("key.asc")
    index(kubernetes, make_key(folder.with_name("gnupg"), key), folder.with_name("gnupg"))
    with Lab(["cp1", "w1", "lb1"], bare=True) as lab, served(lab, folder) as url:
        yield Site(lab, tmp_path_factory.mktemp("controller"), url, folder, key)


def test_a_version_that_nobody_asked_for_is_the_newest_that_is_offered(site: Site) -> None:
    """And nothing stays of the question."""
    command = NEW[: NEW.index("--kubernetes-version")]
    site.controller.run(
        *command, "--package-settings", "@packages.json", "--what-if", "--plan-file", "plan.json", check=2
    )
    assert "v1.36.5" in (site.controller.directory / "plan.json").read_text()
    assert site.lab["cp1"].ssh("ls /etc/apt/sources.list.d /etc/apt/keyrings /tmp | grep -v :").stdout.split() == []


def test_all_that_is_missing_is_one_row_of_each_host_before_anything_starts(site: Site) -> None:
    said = site.make(check=1)
    for name in (
        "containerd",
        "runc",
        "kubelet",
        "crictl",
        "conntrack",
        "socat",
        "ethtool",
        "iptables",
        "cni/loopback",
        "haproxy",
    ):
        assert name in said
    assert site.lab["lb1"].ssh("ls /var/lib/aksprov", check=False).returncode != 0


def test_what_is_missing_is_shown_before_it_is_installed(site: Site) -> None:
    plan = json.loads(
        site.controller.run(
            *NEW, "--package-settings", "@packages.json", "--what-if", "--output", "json", check=2
        ).stdout
    )
    steps = {host["name"]: host["steps"][0] for host in plan["hosts"]}
    assert {step["id"] for step in steps.values()} == {"prepare-host"}
    assert "haproxy, keepalived" in steps["lb1"]["title"]
    assert "kubelet" in steps["w1"]["title"]


def test_a_load_balancer_is_installed_and_configured(site: Site) -> None:
    """Without Kubernetes only load balancers are; a second run has nothing to do."""
    site.make("--package-settings", "@packages.json", "--configure-only")
    assert site.lab["lb1"].ssh("systemctl is-active haproxy keepalived").stdout.split() == ["active", "active"]
    assert site.lab["w1"].ssh("command -v containerd", check=False).returncode != 0
    assert "nothing to change" in site.make("--configure-only")


def test_nodes_get_the_very_version_and_nothing_starts_by_itself(site: Site) -> None:
    """The packages' kubeadm is a stand-in that brings no cluster up, so the run ends with its row."""
    site.make("--package-settings", "@packages.json", check=1)
    for node in ("cp1", "w1"):
        host = site.lab[node]
        shown = host.ssh("dpkg-query -W -f '${Package} ${Version}\n' kubelet kubeadm kubectl").stdout.split()
        assert shown == ["kubeadm", f"{VERSION}-1.1", "kubectl", f"{VERSION}-1.1", "kubelet", f"{VERSION}-1.1"]
        assert host.ssh("apt-mark showhold").stdout.split() == ["kubeadm", "kubectl", "kubelet"]
        assert host.ssh("ls /etc/apt/sources.list.d /etc/apt/keyrings").stdout.split()[1:] == [
            "/etc/apt/sources.list.d:"
        ]
        assert host.ssh("ls /run/systemd/system | grep -v '^aksprov\\|^\\(sys\\|init\\)'", check=False).stdout == ""


def test_a_version_that_is_not_offered_is_said_of_every_package(site: Site) -> None:
    done = site.prepare("cp1", "v1.36.9", check=None)
    assert done.returncode == 14
    assert all(f"'1.36.9-*' for '{name}' was not found" in done.stdout for name in ("kubelet", "kubeadm", "kubectl"))
    assert site.lab["cp1"].ssh("ls /etc/apt/sources.list.d").stdout == ""


def test_whoever_holds_the_package_lock_is_named_and_left_alone_then_put_right(site: Site) -> None:
    """A first boot's upgrade that goes on and on; then its power is cut, and what it left half done is ended first."""
    host = site.lab["cp1"]
    host.ssh("touch /run/slow; cd /tmp; apt-get -q update && apt-get -q download slow")
    host.ssh(
        "systemd-run -q --unit upgrade dpkg -i /tmp/slow_1_amd64.deb; until dpkg-query -W slow; do sleep 0.2; done"
    )
    done = site.prepare("cp1", VERSION_BEFORE, check=None)
    assert done.returncode == 12
    assert "is dpkg" in done.stdout
    assert host.ssh("systemctl is-active upgrade").stdout.strip() == "active"
    host.ssh("systemctl kill -s KILL upgrade; rm /run/slow")
    site.prepare("cp1", VERSION_BEFORE)
    assert host.ssh("dpkg-query -W -f '${db:Status-Status}' slow").stdout == "installed"
    assert VERSION_BEFORE.removeprefix("v") in host.ssh("kubelet --version").stdout


def test_what_cannot_be_reached_leaves_the_host_as_it_was(site: Site) -> None:
    host = site.lab["w1"]
    host.ssh(
        "mv /etc/apt/sources.list /root/ && echo 'deb [trusted=yes] http://10.77.0.1:1/ ./' > /etc/apt/sources.list"
    )
    host.ssh("dpkg --remove --force-depends socat 2>/dev/null; rm -rf /var/lib/apt/lists/*", check=False)
    done = site.prepare("w1", f"v{VERSION}", check=None)
    host.ssh("mv /root/sources.list /etc/apt/")
    assert done.returncode == 14
    assert "socat" in done.stdout
    assert "10.77.0.1" in done.stdout
