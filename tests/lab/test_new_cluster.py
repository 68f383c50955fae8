"""The main job on real hosts: one definition becomes running configuration.

What the hosts hold is looked at with testinfra and the ssh client, never with the
product's own probes.
"""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from controller import Controller
from minilab import Lab

NETWORK = (
    "new-cluster-network --name labnet --vswitch-name eth0 --ip-address-prefix 10.77.0.0/16 --gateway 10.77.0.1 "
    "--dns-servers 10.77.0.1 --k8s-node-ip-pool-start 10.77.1.1 --k8s-node-ip-pool-end 10.77.1.99 "
    "--vip-pool-start 10.77.0.200 --vip-pool-end 10.77.0.220"
).split()
CLUSTER = (
    "new-cluster --name demo --vnet labnet --primary-network-plugin calico --control-plane-node-count 3 "
    "--load-balancer-count 2 --node-pool-name linuxpool --node-count 2 --os-type linux --configure-only"
).split()
VIP = "10.77.0.200"
ROLES = {
    **{name: {"roles": ["load-balancer"]} for name in ("lb1", "lb2")},
    **{name: {"roles": ["control-plane"]} for name in ("cp1", "cp2", "cp3")},
    **{name: {"roles": ["worker"]} for name in ("w1", "w2")},
}


@pytest.fixture(scope="module")
def cluster(own_controller: Controller) -> Controller:
    """The demo cluster, configured once for this module."""
    own_controller.run(*NETWORK)
    own_controller.run("add-host", "--file", own_controller.write_hosts(more=ROLES))
    said = own_controller.run(*CLUSTER, check=None)
    assert said.returncode == 0, said.stdout + said.stderr
    return own_controller


def holders(lab: Lab) -> list[str]:
    """The load balancers that have the VIP on an interface."""
    return [n for n in ("lb1", "lb2") if f" {VIP}/" in lab[n].ssh("ip -o -4 addr").stdout]


def plan_of(controller: Controller, check: int) -> dict[str, object]:
    return dict(controller.json(*CLUSTER, "--what-if", check=check))


def test_the_cluster_is_recorded_as_configured(cluster: Controller) -> None:
    (found,) = cluster.json("get-cluster", "--name", "DEMO")
    assert found["ProvisioningState"] == "Configured"
    assert found["Status"]["ProvisioningState"] == "Configured"
    assert (found["ControlPlaneNodeCount"], found["LinuxNodeCount"], found["WindowsNodeCount"]) == (3, 2, 0)
    assert found["LoadBalancer"]["Count"] == 2
    assert found["ApiServerAddress"] == VIP


def test_every_role_has_its_files(cluster: Controller) -> None:
    lab = cluster.lab
    everywhere = lab["w2"].ssh("cat /etc/modules-load.d/aksprov*.conf /etc/crictl.yaml").stdout
    assert "br_netfilter" in everywhere and "containerd.sock" in everywhere
    assert "InitConfiguration" in lab["cp1"].ssh("cat /etc/kubernetes/aksprov/kubeadm-init.yaml").stdout
    for name in ("cp2", "cp3", "w1", "w2"):
        assert "JoinConfiguration" in lab[name].ssh("cat /etc/kubernetes/aksprov/kubeadm-join.yaml").stdout
    for name in ("cp1", "cp2", "cp3"):
        assert "kind: Installation" in lab[name].ssh("cat /etc/kubernetes/aksprov/calico/*.yaml").stdout
    for name in ("w1", "lb1"):
        assert lab[name].ssh("ls /etc/kubernetes/aksprov/calico", check=False).returncode != 0
    assert lab["cp1"].ssh("ls /etc/cni/net.d", check=False).stdout == ""


def test_kernel_parameters_are_in_force(cluster: Controller) -> None:
    assert cluster.lab["w1"].ssh("sysctl -n net.ipv4.ip_forward").stdout.strip() == "1"
    assert cluster.lab["lb2"].ssh("sysctl -n net.ipv4.ip_nonlocal_bind").stdout.strip() == "1"


def test_haproxy_listens_on_the_vip_and_one_host_holds_it(cluster: Controller) -> None:
    assert len(holders(cluster.lab)) == 1
    for name in ("lb1", "lb2"):
        assert f"{VIP}:6443" in cluster.lab[name].ssh("ss -Hltn").stdout
        assert cluster.lab[name].ssh("systemctl is-active haproxy keepalived").stdout.split() == ["active"] * 2
    with cluster.lab.connect(VIP, 6443):
        pass


def test_the_ca_key_is_on_the_first_control_plane_and_nowhere_else(cluster: Controller) -> None:
    lab = cluster.lab
    assert lab["cp1"].ssh("stat -c %a /etc/kubernetes/pki/ca.key").stdout.strip() == "600"
    certificate = lab["cp1"].ssh("cat /etc/kubernetes/pki/ca.crt").stdout
    key_line = lab["cp1"].ssh("sed -n 2p /etc/kubernetes/pki/ca.key").stdout.strip()
    for name in lab.hosts:
        found = lab[name].ssh(f"grep -rl -F '{key_line}' /etc /var/lib /run 2>/dev/null", check=False).stdout.split()
        assert found == (["/etc/kubernetes/pki/ca.key"] if name == "cp1" else [])
    assert lab["lb1"].ssh("cat /etc/haproxy/aksprov/demo-ca.crt").stdout == certificate
    for path in cluster.directory.rglob("*"):
        assert not path.is_file() or key_line.encode() not in path.read_bytes()


def test_a_second_run_changes_nothing(cluster: Controller) -> None:
    again = cluster.run(*CLUSTER)
    assert "nothing to change" in again.stderr
    assert plan_of(cluster, check=0)["hosts"] == []


def test_pools_that_change_are_nothing_to_the_hosts(cluster: Controller) -> None:
    pools = ("set-cluster-network", "--name", "labnet")
    cluster.run(*pools, "--add-vip-range", "10.77.0.221-10.77.0.229", "--reserve", "10.77.0.201-10.77.0.204")
    cluster.run(*pools, "--remove-node-range", "10.77.1.50-10.77.1.99", "--yes")
    assert plan_of(cluster, check=0)["hosts"] == []
    leased = cluster.run(*pools, "--remove-vip-range", VIP, "--yes", check=65).stderr
    assert f"AddressLeased: {VIP}" in leased and f"{VIP} is leased by cluster demo" in leased
    own = cluster.lab["w1"].ssh("ip -4 -o addr show eth0").stdout.split()[3].partition("/")[0]
    held = cluster.run(*pools, "--add-vip-range", own, check=65).stderr
    assert f"HostAddressInPool: {own}" in held and "host w1" in held


def test_values_left_out_are_not_compared(cluster: Controller) -> None:
    said = cluster.run("new-cluster", "--name", "demo", "--configure-only")
    assert "nothing to change" in said.stderr


def test_a_cluster_keeps_its_plugin(cluster: Controller) -> None:
    refused = cluster.run("new-cluster", "--name", "demo", "--primary-network-plugin", "flannel", check=65)
    assert "NetworkPluginFixed" in refused.stderr and "another cluster" in refused.stderr


def test_other_values_are_refused_and_named(cluster: Controller) -> None:
    three = ["3" if before == "--node-count" else word for before, word in zip(["", *CLUSTER], CLUSTER, strict=False)]
    refused = cluster.run(*three, check=65)
    assert "ClusterExistsDifferently" in refused.stderr
    assert "nodeCount is 2, asked for was 3" in " ".join(refused.stderr.split())
    assert "Set-AksHciNodePool" in refused.stderr


def test_an_edited_file_is_shown_and_put_back(cluster: Controller) -> None:
    lb = cluster.lab["lb2"]
    before = lb.ssh("sha256sum /etc/haproxy/haproxy.cfg").stdout
    lb.ssh("sed -i 's/maxconn 8000/maxconn 77/' /etc/haproxy/haproxy.cfg")
    plan = plan_of(cluster, check=2)
    (host,) = plan["hosts"]  # type: ignore[misc]
    (change,) = host["files"]
    assert (host["name"], change["path"], change["change"]) == ("lb2", "/etc/haproxy/haproxy.cfg", "change")
    assert "-    maxconn 77\n+    maxconn 8000\n" in change["diff"]
    cluster.run(*CLUSTER)
    assert lb.ssh("sha256sum /etc/haproxy/haproxy.cfg").stdout == before
    assert plan_of(cluster, check=0)["hosts"] == []


def test_a_stopped_service_is_started_again(cluster: Controller) -> None:
    cluster.lab["lb1"].ssh("systemctl disable --now haproxy")
    assert [h["name"] for h in plan_of(cluster, check=2)["hosts"]] == ["lb1"]  # type: ignore[attr-defined]
    cluster.run(*CLUSTER)
    assert cluster.lab["lb1"].ssh("systemctl is-enabled haproxy").stdout.strip() == "enabled"
    assert cluster.lab["lb1"].ssh("systemctl is-active haproxy").stdout.strip() == "active"


def test_a_plan_that_was_looked_at_is_run_exactly_or_not_at_all(cluster: Controller, tmp_path: Path) -> None:
    host, saved = cluster.lab["w1"], tmp_path / "demo.plan"
    host.ssh("echo '# edited' >> /etc/crictl.yaml")
    cluster.run(*CLUSTER, "--what-if", "--plan-file", saved, check=2)
    host.ssh("echo '# again' >> /etc/crictl.yaml")
    stale = cluster.run("apply", saved, check=73)
    assert "PlanStale" in stale.stderr
    assert host.ssh("grep -c '# again' /etc/crictl.yaml").stdout.strip() == "1"
    cluster.run(*CLUSTER, "--expect-plan", "0" * 64, check=73)
    cluster.run(*CLUSTER, "--what-if", "--plan-file", saved, check=2)
    cluster.run("apply", saved)
    assert host.ssh("grep -c '# ' /etc/crictl.yaml", check=False).stdout.strip() != "3"
    assert plan_of(cluster, check=0)["hosts"] == []


def test_what_if_and_a_cluster_without_configure_only_leave_nothing_behind(
    own_lab: Lab, cluster: Controller, tmp_path: Path
) -> None:
    other = Controller(own_lab, tmp_path)
    other.run(*NETWORK)
    other.run("add-host", "--file", other.write_hosts(more=ROLES), check=None)
    before = other.json("get-cluster-network", "--addresses")
    shown = other.run(*[a for a in CLUSTER if a != "--configure-only"], check=69)
    assert "KubernetesNotAvailable" in shown.stderr
    assert other.json("get-cluster") == []
    assert other.json("get-cluster-network", "--addresses") == before


@pytest.mark.slow
def test_another_state_is_refused_by_the_hosts(own_lab: Lab, cluster: Controller, tmp_path: Path) -> None:
    other = Controller(own_lab, tmp_path)
    other.run(*NETWORK)
    other.run("add-host", "--file", other.write_hosts(more=ROLES))
    refused = other.run(*CLUSTER, check=1)
    said = " ".join((refused.stdout + refused.stderr).split())
    assert "HostOwnedByOtherState" in said
    assert all(name in said.split("HostOwnedByOtherState")[0] for name in own_lab.hosts)
    assert "aksprov adopt" in said
    assert plan_of(cluster, check=0)["hosts"] == []


@pytest.mark.slow
def test_a_host_that_is_down_is_one_row_and_the_others_go_on(cluster: Controller) -> None:
    lab = cluster.lab
    for name in ("w1", "w2"):
        lab[name].ssh("rm /etc/crictl.yaml")
    lab["w1"].off(cut=True)
    try:
        failed = cluster.run(*CLUSTER, check=1)
        said = failed.stdout + failed.stderr
        assert "HostUnreachable" in said
        assert lab["w2"].ssh("ls /etc/crictl.yaml").stdout
        (found,) = cluster.json("get-cluster")
        assert found["ProvisioningState"] == "Failed" and "w1" in found["Status"]["Error"]
    finally:
        lab["w1"].on()
    cluster.run(*CLUSTER)
    (found,) = cluster.json("get-cluster")
    assert found["ProvisioningState"] == "Configured"
    assert lab["w1"].ssh("ls /etc/crictl.yaml").stdout


def test_killed_in_the_middle_the_same_command_completes(cluster: Controller) -> None:
    lab = cluster.lab
    for name in lab.hosts:
        lab[name].ssh("rm -f /etc/crictl.yaml; sed -i 's/maxconn 8000/maxconn 78/' /etc/haproxy/haproxy.cfg || true")
    events = cluster.directory / "events.jsonl"
    running = cluster.start(*CLUSTER, "--events", events)
    deadline = time.monotonic() + 60
    while not (events.exists() and '"step.finished"' in events.read_text()):
        assert time.monotonic() < deadline and running.poll() is None, running.communicate()
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    run = json.loads(events.read_text().splitlines()[-1])["run"]
    cluster.run(*CLUSTER, "--events", events)
    went_on = {json.loads(line)["run"] for line in events.read_text().splitlines()} - {""}
    assert went_on == {run}
    assert plan_of(cluster, check=0)["hosts"] == []
    (found,) = cluster.json("get-cluster")
    assert found["ProvisioningState"] == "Configured"


def test_a_first_control_plane_that_was_imaged_again_gets_a_new_ca_and_the_load_balancers_its_certificate(
    cluster: Controller,
) -> None:
    cp1 = cluster.lab["cp1"]
    before = cp1.ssh("cat /etc/kubernetes/pki/ca.crt").stdout
    cp1.ssh("rm -rf /etc/kubernetes /var/lib/aksprov /etc/calico /etc/crictl.yaml")
    cluster.run(*CLUSTER)
    after = cp1.ssh("cat /etc/kubernetes/pki/ca.crt").stdout
    assert after != before
    for name in ("lb1", "lb2"):
        assert cluster.lab[name].ssh("cat /etc/haproxy/aksprov/demo-ca.crt").stdout == after
    assert plan_of(cluster, check=0)["hosts"] == []


@pytest.mark.slow
def test_a_load_balancer_without_haproxy_is_one_row_and_stays_untouched(cluster: Controller) -> None:
    lb = cluster.lab["lb2"]
    lb.ssh("mv /usr/sbin/haproxy /usr/sbin/haproxy.away; sed -i 's/maxconn 8000/maxconn 79/' /etc/haproxy/haproxy.cfg")
    before = lb.ssh("sha256sum /etc/haproxy/haproxy.cfg").stdout
    try:
        failed = cluster.run(*CLUSTER, check=1)
        assert "lb2" in failed.stdout + failed.stderr
        assert lb.ssh("sha256sum /etc/haproxy/haproxy.cfg").stdout == before
    finally:
        lb.ssh("mv /usr/sbin/haproxy.away /usr/sbin/haproxy")
    cluster.run(*CLUSTER)
    assert plan_of(cluster, check=0)["hosts"] == []


def test_to_a_folder_and_from_it(own_lab: Lab, cluster: Controller, tmp_path: Path) -> None:
    """Last, as it takes the hosts over into another state, as an operator would: the manifests moved away."""
    for host in own_lab.hosts.values():
        host.ssh("rm -rf /var/lib/aksprov")
    own_lab["w2"].ssh("rm /etc/crictl.yaml")
    other = Controller(own_lab, tmp_path)
    other.run(*NETWORK)
    other.run("add-host", "--file", other.write_hosts(more=ROLES), "--offline")
    other.run(*CLUSTER, "--output-dir", "review")
    again = other.run(*CLUSTER, "--output-dir", "review")
    assert "nothing to change" in again.stderr
    review = tmp_path / "review"
    assert (review / "w2/etc/crictl.yaml").is_file()
    assert not (review / "lb1/etc/haproxy/aksprov/demo-ca.crt").exists()
    own_lab["w2"].ssh("test ! -e /etc/crictl.yaml")
    other.run("apply", "--from", "review", "--yes")
    assert own_lab["w2"].ssh("cat /etc/crictl.yaml").stdout == (review / "w2/etc/crictl.yaml").read_text()
    (found,) = other.json("get-cluster")
    assert found["ProvisioningState"] == "Configured"
    assert dict(other.json(*CLUSTER, "--what-if", check=0))["hosts"] == []
