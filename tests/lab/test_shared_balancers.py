"""Two clusters of one network on one pair of load balancers: each as if it were alone, and either may leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from configured import NETWORK, VIP, eventually
from controller import Controller
from minilab import Lab

from aksprov.state import open_store

pytestmark = pytest.mark.slow
BALANCERS = ("lb1", "lb2")
OTHER_VIP = "10.77.0.201"
FILES = "sha256sum /etc/haproxy/haproxy.cfg /etc/keepalived/keepalived.conf /etc/haproxy-aksprov/* /etc/keepalived/aks*"
ROLES = {"cp": "control-plane", "lb": "load-balancer", "w": "worker"}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """Six hosts, recorded; nothing is configured."""
    names = ("cp1", "cp2", *BALANCERS, "w1", "w2")
    with Lab(list(names)) as lab:
        controller = Controller(lab, tmp_path_factory.mktemp("controller"))
        controller.run(*NETWORK)
        more = {name: {"roles": [ROLES[name[:-1]]]} for name in names}
        controller.run("add-host", "--file", controller.write_hosts(more=more))
        yield controller


@pytest.fixture(scope="module", autouse=True)
def found(pair: Controller) -> dict[str, str]:
    """The load balancers as they were found."""
    return files(pair)


def command(name: str) -> list[str]:
    return [
        *f"new-cluster --name {name} --vnet labnet --load-balancer-count 2 --share-load-balancers".split(),
        *"--node-pool-name pool --node-count 1 --os-type linux --configure-only".split(),
    ]


def files(controller: Controller) -> dict[str, str]:
    """What HAProxy and keepalived read on each load balancer, with its hash."""
    return {name: controller.lab[name].shell(f"{FILES} 2>/dev/null", check=False).stdout for name in BALANCERS}


def holders(controller: Controller, vip: str) -> list[str]:
    """The load balancers that have the address."""
    return [name for name in BALANCERS if f" {vip}/" in controller.lab[name].shell("ip -o -4 address").stdout]


def held_once(controller: Controller, vip: str) -> None:
    eventually(lambda: holders(controller, vip), lambda names: len(names) == 1)
    for name in holders(controller, vip):
        controller.lab[name].shell(f"ss -Hltn src {vip}:6443 | grep -q .")


def settled(controller: Controller, name: str) -> None:
    assert "nothing to change" in controller.run(*command(name)).stderr


def test_a_second_cluster_comes_and_leaves_and_the_first_is_as_it_was(pair: Controller) -> None:
    pair.run(*command("one"))
    alone = files(pair)
    pair.run(*command("two"))
    assert files(pair) != alone
    for vip in (VIP, OTHER_VIP):
        held_once(pair, vip)
    settled(pair, "one")
    settled(pair, "two")
    pair.run("remove-cluster", "--name", "two", "--yes")
    assert files(pair) == alone
    assert holders(pair, OTHER_VIP) == []
    held_once(pair, VIP)
    settled(pair, "one")


def test_the_first_leaves_and_the_second_stays_whole(pair: Controller) -> None:
    """The load balancers' own addresses stay leased."""
    pair.run(*command("one"))
    pair.run(*command("two"))
    pair.run("remove-cluster", "--name", "one", "--yes")
    settled(pair, "two")
    held_once(pair, OTHER_VIP)
    assert holders(pair, VIP) == []
    (network,) = pair.json("get-cluster-network", "--name", "labnet", "--addresses")
    leased = {a["Address"] for a in network["Addresses"] if a["State"] == "Leased"}
    assert {pair.lab[name].ip for name in BALANCERS} < leased
    assert [r for r in pair.json("state", "check") if r["TestResult"] == "Failed"] == []


def test_a_balancer_that_was_off_when_a_cluster_left_is_put_right_by_the_other(pair: Controller) -> None:
    pair.run(*command("one"))
    pair.run(*command("two"))
    pair.lab["lb2"].off()
    pair.run("remove-cluster", "--name", "one", "--yes", "--force", check=None)
    pair.lab["lb2"].on()
    pair.run(*command("two"))
    assert holders(pair, VIP) == []
    settled(pair, "two")
    pair.run("test-host", "--name", "lb2")
    (network,) = pair.json("get-cluster-network", "--name", "labnet", "--addresses")
    assert "Quarantined" not in {a["State"] for a in network["Addresses"]}


def test_a_lost_state_comes_back_with_both_clusters_and_each_is_whole(pair: Controller, tmp_path: Path) -> None:
    """A state that knows one of the two is told of the other by their load balancers."""
    pair.run(*command("one"))
    pair.run(*command("two"))
    for name in ("one", "two"):
        assert [r for r in pair.json("test-cluster", "--name", name, check=0) if r["TestResult"] == "Failed"] == []
    before, there = open_store(str(pair.state)).snapshot(), files(pair)
    other = Controller(pair.lab, tmp_path)
    other.run("adopt", "--file", pair.directory / "hosts.yaml", "--yes")
    after = open_store(str(other.state)).snapshot()
    for field in ("networks", "clusters", "router_ids", "late"):
        assert getattr(after, field) == getattr(before, field), field
    assert set(after.nodes) == set(before.nodes)
    assert {(x.address, x.owner) for x in after.leases} == {(x.address, x.owner) for x in before.leases}
    settled(other, "one")
    settled(other, "two")
    assert files(pair) == there
    pair.run("adopt", "--file", pair.directory / "hosts.yaml", "--yes")
    pair.run("remove-cluster", "--name", "one", "--yes")


def test_when_the_last_leaves_all_is_as_it_was_found(pair: Controller, found: dict[str, str]) -> None:
    pair.run(*command("two"))
    pair.run("remove-cluster", "--name", "two", "--yes")
    assert files(pair) == found
    assert [holders(pair, vip) for vip in (VIP, OTHER_VIP)] == [[], []]


def test_a_cluster_that_does_not_share_takes_none_of_them(pair: Controller) -> None:
    pair.run(*command("one"))
    alone = [word for word in command("two") if word != "--share-load-balancers"]
    assert "TooFewHosts" in pair.run(*alone, check=65).stderr
