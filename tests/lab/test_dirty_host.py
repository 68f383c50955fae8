"""A host that others have used: all that is in Kubernetes' way is said in one run, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from configured import NETWORK
from controller import Controller
from minilab import Lab

pytestmark = pytest.mark.slow
CLUSTER = (
    "new-cluster --name demo --vnet labnet --primary-network-plugin flannel --control-plane-node-count 1 "
    "--load-balancer-count 1 --node-pool-name linuxpool --node-count 1 --os-type linux"
).split()
ROLES = {"cp1": {"roles": ["control-plane"]}, "lb1": {"roles": ["load-balancer"]}, "w1": {"roles": ["worker"]}}
# All of a host's files that a run could change, and what is loaded, running or set.
LOOK = (
    "find /etc /var/lib /run/aksprov /opt -xdev -type f 2>/dev/null | grep -v -e /var/lib/systemd/ -e /etc/mtab | sort "
    "| xargs sha256sum; sysctl -a 2>/dev/null | grep -e ip_forward -e bridge-nf; ip -br link; ip -br -4 address; "
    "iptables-save | grep -v '^#'; "
    "systemctl list-units --no-legend --plain --type service | cut -d' ' -f1 | grep -v '^ssh@'"
)
DIRT = Path(__file__).with_name("dirty.sh")


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """One host of each role, the control plane's and the load balancer's used before."""
    with Lab(list(ROLES)) as lab:
        controller = Controller(lab, tmp_path_factory.mktemp("controller"))
        controller.run(*NETWORK)
        controller.run("add-host", "--file", controller.write_hosts(more=ROLES))
        lab["cp1"].ssh(DIRT.read_text())
        lab["lb1"].ssh("sed -n '/^squat()/,/^}/p' >/tmp/squat; . /tmp/squat; squat 6443", input=DIRT.read_text())
        yield controller


def test_every_row_in_one_run_and_nothing_changed(controller: Controller) -> None:
    before = {name: host.ssh(LOOK, check=False).stdout for name, host in controller.lab.hosts.items()}
    done = controller.run(*CLUSTER, check=1)
    said = done.stdout + done.stderr
    print(said)
    for name, words in {
        "PortsFree": "squatter",
        "HostInOtherCluster": "etcd.yaml",
        "ClockSkew": "s ahead of",
        "ClusterLeftovers": "KUBE-SERVICES",
        "SwapAfterReboot": "/swapfile",
        "CniFilesOfOthers": "05-theirs.conflist",
        "ClusterCidrFree": "docker0",
        "KubeletFlags": "50-theirs.conf",
        "ContainerdConfiguration": "disabled_plugins",
        "PackageManagerBusy": "upgrades",
        "ProxyInEnvironment": "/etc/environment",
        "MtuForOverlay": "1400",
        "OverlayPort": "UDP 8472",
    }.items():
        assert name in said and words in said, f"{name}\n{said}"
    assert "hidden" not in said
    for name, host in controller.lab.hosts.items():
        assert host.ssh(LOOK, check=False).stdout == before[name], name
