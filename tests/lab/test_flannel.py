"""A cluster with Flannel on real hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from controller import Controller
from minilab import Lab

GATEWAY = "10.77.0.1"
NETWORK = (
    f"new-cluster-network --name labnet --vswitch-name eth0 --ip-address-prefix 10.77.0.0/16 --gateway {GATEWAY} "
    f"--dns-servers {GATEWAY} --k8s-node-ip-pool-start 10.77.1.1 --k8s-node-ip-pool-end 10.77.1.99 "
    "--vip-pool-start 10.77.0.200 --vip-pool-end 10.77.0.220"
).split()
CLUSTER = "New-AksHciCluster -name MyCluster -primaryNetworkPlugin 'flannel' -kubernetesVersion v1.33.4".split()
ROLES = {"cp1": {"roles": ["control-plane"]}, "lb1": {"roles": ["load-balancer"]}, "w1": {"roles": ["worker"]}}
MANIFEST = "/etc/kubernetes/aksprov/flannel/10-kube-flannel.yaml"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """The smallest one, configured once for this module."""
    with Lab(list(ROLES)) as lab:
        controller = Controller(lab, tmp_path_factory.mktemp("controller"))
        controller.run(*NETWORK)
        controller.run("add-host", "--file", controller.write_hosts(more=ROLES))
        warn_of_flannel(controller)
        yield controller


def warn_of_flannel(controller: Controller) -> None:
    """Configure the cluster, which says so each time."""
    said = controller.run(*CLUSTER, "--configure-only", "--output", "json")
    assert "AKS retired Flannel in December 2023" in " ".join(said.stderr.split())


@pytest.mark.slow
def test_the_cluster_is_configured_and_the_choice_is_a_warning(cluster: Controller) -> None:
    """Another run changes nothing and says the same."""
    warn_of_flannel(cluster)
    (found,) = cluster.json("get-cluster", "-name", "mycluster")
    assert (found["ProvisioningState"], found["PrimaryNetworkPlugin"]) == ("Configured", "flannel")


def test_the_manifest_is_on_the_control_plane_and_nothing_is_in_net_d(cluster: Controller) -> None:
    """The DaemonSet writes the CNI configuration itself."""
    documents = list(yaml.safe_load_all(cluster.lab["cp1"].ssh(f"cat {MANIFEST}").stdout))
    assert [d["kind"] for d in documents][-1] == "DaemonSet"
    for name in ("w1", "lb1"):
        assert cluster.lab[name].ssh(f"test -e {MANIFEST}", check=False).returncode == 1
    for name in ROLES:
        assert cluster.lab[name].ssh("ls /etc/cni/net.d", check=False).stdout == ""
        assert cluster.lab[name].ssh("find /etc -path '*calico*'").stdout == ""


def test_the_gateway_leads_to_the_right_interface_whatever_the_default_route_is(cluster: Controller) -> None:
    """What flanneld does with --iface-can-reach: it asks for the route to that address."""
    worker = cluster.lab["w1"]
    worker.ssh(
        "ip link add other type bridge && ip address add 192.0.2.1/24 dev other && ip link set other up && "
        "ip route replace default via 192.0.2.254"
    )
    assert "dev other" in worker.ssh("ip route get 198.51.100.1").stdout
    assert f" dev eth0 src {worker.ip} " in worker.ssh(f"ip route get {GATEWAY}").stdout
