"""A pool whose nodes are on another network than their cluster: it grows, shrinks and goes, and so does its network."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from configured import NETWORK
from controller import Controller
from minilab import Lab
from minilab.spec import HostOptions

pytestmark = pytest.mark.slow
FAR = (
    "--vswitch-name Far --ip-address-prefix 192.168.7.0/24 --gateway 192.168.7.1 --dns-servers 192.168.7.1 "
    "--k8s-node-ip-pool-start 192.168.7.30 --k8s-node-ip-pool-end 192.168.7.39 "
    "--vip-pool-start 192.168.7.200 --vip-pool-end 192.168.7.210"
)
CLUSTER = (
    "new-cluster --name demo --vnet labnet --node-pool-name pool --node-count 1 --os-type linux --configure-only"
).split()
POOL = "new-node-pool --cluster-name demo --name far --count 1 --os-type linux --vnet far".split()
ADDRESSES = {"x1": "192.168.7.21", "x2": "192.168.7.22"}


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """A cluster, and two hosts that have a card on another network, too."""
    hosts: list[HostOptions] = [{"name": name} for name in ("cp1", "lb1", "w1")]
    hosts += [{"name": name, "second": {"bridge": "br1", "ip": f"{ip}/24"}} for name, ip in ADDRESSES.items()]
    with Lab(hosts) as lab:
        controller = Controller(lab, tmp_path_factory.mktemp("controller"))
        roles = {"cp1": ["control-plane"], "lb1": ["load-balancer"]}
        more = {name: {"roles": roles.get(name, ["worker"])} for name in lab.hosts}
        controller.run("add-host", "--file", controller.write_hosts(more=more))
        controller.run(*NETWORK)
        controller.run(*f"new-cluster-network --name far {FAR}".split())
        controller.run(*CLUSTER)
        yield controller


def leased(controller: Controller) -> dict[str, str]:
    """Who has which address of the other network."""
    (network,) = controller.json("get-cluster-network", "--name", "far", "--addresses")
    return {a["Owner"]: a["Address"] for a in network["Addresses"] if a["State"] == "Leased"}


def refused(controller: Controller, *words: str) -> dict[str, str]:
    said = controller.run(*words, "--output", "json", check=65).stderr
    error: dict[str, str] = json.loads(said[said.index("{") :])
    return error


def test_a_pool_grows_and_shrinks_on_a_network_of_its_own(far: Controller) -> None:
    far.run(*POOL)
    assert "nothing to change" in far.run(*POOL).stderr
    assert leased(far) == {"host/x1": ADDRESSES["x1"]}
    assert ADDRESSES["x1"] in far.lab["x1"].shell("grep -rh -A1 node-ip /etc/kubernetes").stdout
    far.run(*"set-node-pool --cluster-name demo --name far --count 2".split())
    assert leased(far) == {f"host/{name}": ip for name, ip in ADDRESSES.items()}
    assert "nothing to change" in far.run(*POOL[:5], *"--count 2 --os-type linux --vnet far".split()).stderr
    far.run(*"set-node-pool --cluster-name demo --name far --count 1 --yes".split())
    assert leased(far) == {"host/x1": ADDRESSES["x1"]}
    assert far.lab["x2"].shell("ls /var/lib/aksprov /etc/kubernetes 2>/dev/null", check=False).stdout == ""


def test_the_network_lives_below_it_and_is_not_removed(far: Controller) -> None:
    far.run(*POOL)
    far.run(*"set-cluster-network --name far --add-node-range 192.168.7.20-192.168.7.25".split())
    error = refused(far, *"set-cluster-network --name far --remove-node-range 192.168.7.20-192.168.7.22 --yes".split())
    assert error["code"] == "AddressLeased"
    assert "192.168.7.21 is leased by host x1 for cluster demo" in error["why"]
    error = refused(far, *"remove-cluster-network --name far --yes".split())
    assert (error["code"], error["why"]) == ("NetworkInUse", "it is used by cluster demo")
    assert "nothing to change" in far.run(*POOL).stderr


def test_the_pool_goes_and_then_its_network_may(far: Controller) -> None:
    far.run(*POOL)
    far.run(*"remove-node-pool --cluster-name demo --name far --yes".split())
    assert leased(far) == {}
    assert "nothing to change" in far.run(*CLUSTER).stderr
    far.run(*"remove-cluster-network --name far --yes".split())
    assert [n["Name"] for n in far.json("get-cluster-network")] == ["labnet"]


def test_a_network_of_another_site_is_refused_and_nothing_is_stored(far: Controller) -> None:
    far.run(*f"new-cluster-network --name shop --site shop {FAR}".split())
    before = far.state.read_bytes()
    error = refused(far, *POOL[:-1], "shop")
    assert error["code"] == "NetworkOfOtherSite" and "site shop" in error["why"]
    assert far.state.read_bytes() == before
