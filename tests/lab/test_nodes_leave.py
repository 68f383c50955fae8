"""Nodes leave a cluster that is only configured, hosts that do not answer first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from configured import NETWORK
from controller import Controller
from minilab import Lab

pytestmark = pytest.mark.slow
ROLES = {"cp": "control-plane", "w": "worker", "lb": "load-balancer"}
CLUSTER = (
    "new-cluster --name demo --vnet labnet --control-plane-node-count 3 --node-pool-name pool --node-count 2 "
    "--configure-only"
).split()
SCALE = ("set-cluster", "--name", "demo", "--control-plane-node-count")


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    with Lab(["cp1", "cp2", "cp3", "w1", "w2", "lb1"]) as lab:
        controller = Controller(lab, tmp_path_factory.mktemp("controller"))
        roles = {name: {"roles": [ROLES[name.rstrip("0123456789")]]} for name in lab.hosts}
        controller.run(*NETWORK)
        controller.run("add-host", "--file", controller.write_hosts(more=roles))
        controller.run(*CLUSTER)
        lab["cp1"].off(cut=True)
        yield controller


def test_nothing_leaves_unasked(controller: Controller) -> None:
    asked = controller.run(*SCALE, "2", check=64)
    assert "Drain cp1, take cluster demo off them" in " ".join(asked.stderr.split())
    shown = controller.run(*SCALE, "2", "--what-if", "--output", "json", check=2)
    assert "cp1 HostClean: it does not answer as it leaves" in shown.stderr
    assert len(_nodes(controller)) == 6


def test_the_host_that_does_not_answer_leaves_and_the_next_one_is_the_first(controller: Controller) -> None:
    """It gives the cluster its CA, and has the document of kubeadm init; the address of the other stays taken."""
    controller.run(*SCALE, "2", "--yes")
    assert _nodes(controller) == {"cp2", "cp3", "w1", "w2", "lb1"}
    lab = controller.lab
    assert lab["cp2"].ssh("ls /etc/kubernetes/aksprov/kubeadm-*; ls /etc/kubernetes/pki").stdout.split() == [
        "/etc/kubernetes/aksprov/kubeadm-init.yaml",
        "ca.crt",
        "ca.key",
    ]
    assert lab["cp1"].ip not in lab["lb1"].ssh("cat /etc/haproxy/haproxy.cfg").stdout
    network = controller.json("get-cluster-network", "--name", "labnet", "--addresses")[0]
    states = {a["Address"]: a["State"] for a in network["Addresses"] if "Address" in a}
    assert states[lab["cp1"].ip] == "Quarantined"
    assert "nothing to change" in controller.run(*SCALE, "2").stderr


def test_a_host_that_refuses_us_stays(controller: Controller) -> None:
    """It answers, so it may be at work."""
    lab = controller.lab
    lab["w2"].ssh("mv /root/.ssh/authorized_keys /root/.ssh/away")
    pool = ("set-node-pool", "--cluster-name", "demo", "--name", "pool", "--count", "1", "--yes")
    controller.run(*pool, check=None)
    lab["w2"].shell("mv /root/.ssh/away /root/.ssh/authorized_keys")
    assert "w2" in _nodes(controller)
    controller.run(*pool)
    assert _nodes(controller) == {"cp2", "cp3", "w1", "lb1"}


def test_the_host_that_is_back_is_cleaned(controller: Controller) -> None:
    controller.lab["cp1"].on()
    rows = controller.json("test-host", "--name", "cp1", check=None)
    assert any("remove-host --name cp1 --purge" in row["Recommendation"] for row in rows)
    controller.run("remove-host", "--name", "cp1", "--purge", "--yes")
    controller.run("add-host", "--file", str(controller.directory / "hosts.yaml"), check=None)
    controller.run(*SCALE, "3")
    assert "cp1" in _nodes(controller)


def _nodes(controller: Controller) -> set[str]:
    cluster: dict[str, Any] = controller.json("get-cluster", "--name", "demo")[0]
    return {node["Host"] for node in cluster["Nodes"]}
