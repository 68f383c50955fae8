"""Hosts whose addresses come from a real DHCP server, and addresses that somebody else has.

Seen to fail: with the facts of before the look, a node that had moved stayed in the files of its peers; with
DhcpOfferInVipPool as a warning, the host was configured.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from configured import NETWORK
from controller import Controller
from dhcp_lab import Server, plug, renew, serving, use_dhcp
from minilab import Lab

from aksprov.state import open_store

ROLES = {"cp1": "control-plane", "lb1": "load-balancer", "w1": "worker"}
ADDRESSES = {"cp1": "10.78.0.61", "lb1": "10.78.0.62", "w1": "10.78.0.63"}
LEASED = (
    "new-cluster-network --name leased --vswitch-name eth1 --vip-pool-start 10.78.0.200 --vip-pool-end 10.78.0.209"
).split()
ELSEWHERE = (
    "new-cluster-network --name elsewhere --vswitch-name eth1 --vip-pool-start 10.79.0.200 --vip-pool-end 10.79.0.209"
).split()
CLUSTER = "new-cluster --name demo --vnet leased --node-pool-name pool --node-count 1 --configure-only".split()


def said(done: subprocess.CompletedProcess[str]) -> str:
    """All that a command printed, in one line."""
    return " ".join((done.stdout + done.stderr).split())


def add_hosts(controller: Controller) -> None:
    more = {name: {"roles": [role]} for name, role in ROLES.items()}
    controller.run("add-host", "--file", controller.write_hosts(list(ROLES), more=more))


class Leased:
    """A cluster of three hosts whose addresses are leases."""

    def __init__(self, controller: Controller, server: Server) -> None:
        self.controller, self.server, self.lab = controller, server, controller.lab

    def vip(self) -> str:
        """The API server's address."""
        (shown,) = self.controller.json("get-cluster", "--name", "demo")
        return str(shown["ApiServerAddress"])

    def nodes(self) -> dict[str, str]:
        """Host -> its recorded address."""
        (shown,) = self.controller.json("get-cluster", "--name", "demo")
        return {node["Host"]: node["Address"] for node in shown["Nodes"]}

    @contextmanager
    def moved(self, name: str, address: str) -> Iterator[None]:
        """The server gives a host another address for the length of the body."""
        self.server.give(**{name: address})
        renew(self.lab[name], address)
        try:
            yield
        finally:
            self.server.give(**{name: ADDRESSES[name]})
            renew(self.lab[name], ADDRESSES[name])
            self.controller.run("test-host")
            self.controller.run(*CLUSTER)


@pytest.fixture(scope="module")
def leased(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leased]:
    """The cluster, configured; every test leaves it so."""
    directory = tmp_path_factory.mktemp("leased")
    with (
        Lab([{"name": name, "second": {"bridge": "br1"}} for name in ROLES]) as lab,
        serving(lab, "br1", "10.78.0", directory) as server,
    ):
        server.give(**ADDRESSES)
        for name in ROLES:
            use_dhcp(lab[name])
            renew(lab[name], ADDRESSES[name])
        controller = Controller(lab, directory)
        early = controller.run(*LEASED, "--output", "json", check=65)
        assert json.loads(early.stderr)["code"] == "PrefixUnknown" and not controller.state.exists()
        add_hosts(controller)
        assert "DhcpScopeUnknown" in said(controller.run(*LEASED))
        controller.run(*CLUSTER)
        yield Leased(controller, server)


@pytest.mark.slow
@pytest.mark.dnsmasq
def test_the_prefix_is_the_hosts_own_and_the_cluster_works_like_any_other(leased: Leased) -> None:
    (network,) = leased.controller.json("get-cluster-network", "--name", "leased")
    assert (network["IpAddressPrefix"], network["Gateway"], network["NodePoolRanges"]) == ("10.78.0.0/24", None, [])
    assert (leased.vip(), leased.nodes()) == ("10.78.0.200", ADDRESSES)
    again = leased.controller.run(*CLUSTER)
    assert "nothing to change" in again.stderr
    failed = [row for row in leased.controller.json("test-cluster", "--name", "demo") if row["TestResult"] == "Failed"]
    assert failed == []


@pytest.mark.slow
@pytest.mark.dnsmasq
def test_a_node_whose_lease_changed_moves_with_all_that_its_peers_know_of_it(leased: Leased) -> None:
    assert "10.78.0.61:6443" in leased.lab["lb1"].shell("cat /etc/haproxy/haproxy.cfg").stdout
    with leased.moved("cp1", "10.78.0.70"):
        assert "NodeAddressMoved" in said(leased.controller.run(*CLUSTER))
        assert leased.nodes() == ADDRESSES | {"cp1": "10.78.0.70"}
        haproxy = leased.lab["lb1"].shell("cat /etc/haproxy/haproxy.cfg").stdout
        assert "10.78.0.70:6443" in haproxy and "10.78.0.61" not in haproxy
        places = "/etc/kubernetes /etc/systemd /etc/haproxy /etc/keepalived /var/lib/aksprov/objects.json"
        left = [leased.lab[name].shell(f"grep -rl 10.78.0.61 {places}", check=False).stdout for name in ROLES]
        assert left == ["", "", ""]
        assert "10.78.0.70" in leased.lab["cp1"].shell("grep -r node-ip -A1 /etc/kubernetes /etc/systemd").stdout
        assert "nothing to change" in leased.controller.run(*CLUSTER).stderr
        (network,) = leased.controller.json("get-cluster-network", "--name", "leased", "--addresses")
        owners = {entry["Address"]: entry["Owner"] for entry in network["Addresses"]}
        assert owners["10.78.0.70"] == "host/cp1" and "10.78.0.61" not in owners
    assert leased.nodes() == ADDRESSES


@pytest.mark.slow
@pytest.mark.dnsmasq
def test_two_hosts_may_exchange_their_leases(leased: Leased) -> None:
    swapped = {"lb1": ADDRESSES["w1"], "w1": ADDRESSES["lb1"]}
    leased.server.give(w1="10.78.0.80", lb1=ADDRESSES["w1"])
    renew(leased.lab["w1"], "10.78.0.80")
    renew(leased.lab["lb1"], ADDRESSES["w1"])
    leased.server.give(w1=ADDRESSES["lb1"])
    renew(leased.lab["w1"], ADDRESSES["lb1"])
    leased.controller.run(*CLUSTER)
    assert leased.nodes() == ADDRESSES | swapped
    assert "nothing to change" in leased.controller.run(*CLUSTER).stderr
    leased.server.give(w1="10.78.0.80", lb1=ADDRESSES["lb1"])
    renew(leased.lab["w1"], "10.78.0.80")
    renew(leased.lab["lb1"], ADDRESSES["lb1"])
    leased.server.give(w1=ADDRESSES["w1"])
    renew(leased.lab["w1"], ADDRESSES["w1"])
    leased.controller.run(*CLUSTER)
    assert leased.nodes() == ADDRESSES


@pytest.mark.slow
@pytest.mark.dnsmasq
def test_where_kubernetes_runs_a_node_stays_and_its_row_says_what_to_do(leased: Leased) -> None:
    store = open_store(str(leased.controller.state))
    status = store.snapshot().statuses["demo"]
    with leased.moved("cp1", "10.78.0.71"):
        with store.write() as transaction:
            transaction.put_status("demo", msgspec.structs.replace(status, started=True))
        refused = leased.controller.run(*CLUSTER, "--what-if", check=1)
        with store.write() as transaction:
            transaction.put_status("demo", status)
        told = said(refused)
        assert "NodeAddressFixed" in told and "10.78.0.61" in told and "10.78.0.71" in told
        assert leased.nodes() == ADDRESSES


@pytest.mark.slow
@pytest.mark.dnsmasq
def test_a_lease_of_another_network_is_a_row_and_the_host_is_left_alone(leased: Leased, tmp_path: Path) -> None:
    leased.lab.run(["ip", "link", "add", "br2", "type", "bridge"])
    leased.lab.run(["ip", "link", "set", "br2", "up"])
    with serving(leased.lab, "br2", "10.79.0", tmp_path) as other:
        plug(leased.lab["w1"], "br2")
        other.give(w1="10.79.0.63")
        renew(leased.lab["w1"], "10.79.0.63")
        manifest = leased.lab["w1"].shell("cat /var/lib/aksprov/manifest.json").stdout
        refused = leased.controller.run(*CLUSTER, check=1)
        told = said(refused)
        assert "LeaseOutsideNetwork" in told and "10.79.0.63/24 on eth1" in told
        assert leased.nodes() == ADDRESSES
        assert leased.lab["w1"].shell("cat /var/lib/aksprov/manifest.json").stdout == manifest
    plug(leased.lab["w1"], "br1")
    renew(leased.lab["w1"], ADDRESSES["w1"])
    leased.controller.run(*CLUSTER)


@pytest.mark.slow
@pytest.mark.dnsmasq
def test_a_vip_that_the_server_gave_away_is_a_failed_row(leased: Leased) -> None:
    with leased.moved("w1", "10.78.0.205"):
        refused = leased.controller.run(*CLUSTER, check=1)
        told = said(refused)
        assert "DhcpOfferInVipPool" in told and "10.78.0.205" in told and "networkctl renew eth1" in told
        assert leased.nodes() == ADDRESSES


@contextmanager
def stranger(lab: Lab, *addresses: str) -> Iterator[None]:
    """A machine that is none of the hosts has these addresses."""
    for address in addresses:
        lab.run(["ip", "address", "add", f"{address}/32", "dev", "br0"])
    try:
        yield
    finally:
        for address in addresses:
            lab.run(["ip", "address", "del", f"{address}/32", "dev", "br0"])


def test_an_address_that_answers_before_its_first_use_is_passed_over(controller: Controller) -> None:
    controller.run(*NETWORK)
    add_hosts(controller)
    cluster = ["new-cluster", "--name", "first", "--node-pool-name", "pool", "--configure-only"]
    with stranger(controller.lab, "10.77.0.200"):
        planned = controller.run(*cluster, "--what-if", "--output", "json", check=2)
    assert "10.77.0.201" in [a["address"] for a in json.loads(planned.stdout)["addresses"]]
    assert "10.77.0.200" not in planned.stdout
    assert "AddressInUse" in planned.stderr and "--release 10.77.0.200" in planned.stderr
    assert open_store(str(controller.state)).snapshot().leases == ()


@pytest.mark.slow
def test_it_is_in_quarantine_until_it_is_released(tmp_path: Path) -> None:
    with Lab(list(ROLES)) as lab:
        controller = Controller(lab, tmp_path)
        controller.run(*NETWORK)
        add_hosts(controller)
        cluster = "new-cluster --name demo --node-pool-name pool --configure-only".split()
        with stranger(lab, "10.77.0.200", "10.77.0.201"):
            made = controller.json(*cluster)
            assert made["ApiServerAddress"] == "10.77.0.202"
            (network,) = controller.json("get-cluster-network", "--addresses", "--map")
            apart = [entry for entry in network["Addresses"] if entry["State"] == "Quarantined"]
            assert [entry["Address"] for entry in apart] == ["10.77.0.200", "10.77.0.201"]
            assert all(entry["Owner"].startswith("ethernet/") for entry in apart)
            assert "somebody answered for it" in said(controller.run("get-cluster-network", "--map"))
            assert "nothing to change" in controller.run(*cluster).stderr
        release = ["set-cluster-network", "--name", "labnet", "--release", "10.77.0.200-10.77.0.201"]
        assert "out of quarantine" in controller.run(*release).stderr
        assert "nothing to change" in controller.run(*release).stderr
        # its own VIP is no stranger's: the cluster has nothing to change, and nobody is in quarantine again
        assert "nothing to change" in controller.run(*cluster).stderr
        (network,) = controller.json("get-cluster-network", "--map")
        assert sum(pool["Quarantined"] for pool in network["Map"]) == 0
