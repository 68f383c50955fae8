"""Addresses that hosts are given, on both databases: whose they are, who may not have them, and when they are free.

Seen to fail: new addresses were asked for where hosts are folders, so that no such cluster could be written to one.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aksprov.cli.main import run as program
from aksprov.model.facts import Facts, Interface, Unit
from aksprov.state import open_store

NETWORK = (
    "new-cluster-network --name inner --vswitch-name Inner --ip-address-prefix 192.168.7.0/24 --gateway 192.168.7.1 "
    "--dns-servers 192.168.7.1 --k8s-node-ip-pool-start 192.168.7.30 --k8s-node-ip-pool-end 192.168.7.36 "
    "--vip-pool-start 192.168.7.200 --vip-pool-end 192.168.7.210"
)
CLUSTER = (
    "new-cluster --name {0} --vnet inner --node-pool-name pool --node-count 1 --kubernetes-version v1.36.4 "
    "--configure-only --output-dir {0}"
)
HOSTS = ("a1", "a2", "a3", "b1", "b2", "b3")
Run = Callable[[str], tuple[int, Any, str]]


@pytest.fixture
def run(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line on a state with hosts that have a card without an address, and their network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AKSPROV_STATE", place)

    def run(line: str) -> tuple[int, Any, str]:
        capsys.readouterr()
        code = program([*shlex.split(line), "--output", "json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out.strip() else None, said.err

    card = {"Inner": "eth1"}
    hosts = [{"name": h, "address": f"{h}.invalid", "os": "linux", "interfaces": card} for h in HOSTS]
    Path("hosts.json").write_text(json.dumps({"hosts": hosts}))
    assert run("add-host --file hosts.json --offline")[0] == 0
    show(place, dict.fromkeys(HOSTS, ""))
    assert run(NETWORK)[0] == 0
    return run


def show(place: str, addresses: dict[str, str]) -> None:
    """The hosts' second card has these addresses from now on, "" for none."""
    with open_store(place).write() as transaction:
        for host, address in addresses.items():
            shown = (f"{address}/24",) if address else ()
            facts = Facts(
                cpus=4,
                memory_mb=16384,
                interfaces=(Interface(name="eth1", up=True, addresses=shown),),
                units={"systemd-networkd": Unit(active="active", enabled="enabled")},
            )
            transaction.put_facts(host, facts)


def given(place: str) -> dict[str, str]:
    """Who has which address by a lease that says so."""
    leases = open_store(place).snapshot().leases
    return {x.owner.removeprefix("host/"): x.address for x in leases if x.purpose == "static"}


def test_two_clusters_are_given_different_addresses_which_stay_theirs(place: str, run: Run) -> None:
    for name in ("one", "two"):
        assert run(CLUSTER.format(name))[0] == 0
    assert given(place) == {host: f"192.168.7.{30 + n}" for n, host in enumerate(HOSTS)}
    written = next(Path("one/a1/etc/systemd/network").glob("*")).read_text()
    assert "Address=192.168.7.30/24" in written
    show(place, given(place))  # as the hosts have them once they were pushed
    for name in ("one", "two"):
        code, _, said = run(CLUSTER.format(name))
        assert code == 0 and "nothing to change" in said
    assert len(given(place)) == len(HOSTS)
    show(place, dict.fromkeys(HOSTS, ""))  # all were installed anew
    assert "nothing to change" in run(CLUSTER.format("one"))[2]


def test_the_node_pool_keeps_what_is_given_and_gets_it_back(place: str, run: Run) -> None:
    assert run(CLUSTER.format("one"))[0] == 0
    before = open_store(place).snapshot()
    for change in ("--remove-node-range 192.168.7.31-192.168.7.33 --yes", "--reserve 192.168.7.32"):
        code, _, said = run(f"set-cluster-network --name inner {change}")
        error = json.loads(said)
        assert (code, error["code"]) == (65, "AddressLeased") and "by host a3 for cluster one" in error["why"]
    code, _, said = run(CLUSTER.format("three").replace("--node-count 1", "--node-count 5"))
    assert code == 65 and "TooFewHosts" in said
    assert open_store(place).snapshot() == before
    assert run("set-cluster-network --name inner --remove-node-range 192.168.7.34-192.168.7.36 --yes")[0] == 0
    code, _, said = run(CLUSTER.format("two"))
    assert (code, json.loads(said)["code"]) == (65, "NodeRangeExhausted")
    assert open_store(place).snapshot().clusters.keys() == {"one"}
    with open_store(place).write() as transaction:
        transaction.forget_nodes("one", ["a2"])
    assert given(place) == {"a1": "192.168.7.30", "a3": "192.168.7.32"}
    with open_store(place).write() as transaction:
        transaction.forget_cluster("one")
    assert given(place) == {} and run(CLUSTER.format("two"))[0] == 0


def test_a_host_with_an_address_of_its_own_is_given_none(place: str, run: Run) -> None:
    """The address that a host had before is its own affair."""
    show(place, {"a1": "192.168.7.99"})
    assert run(CLUSTER.format("one"))[0] == 0
    assert given(place) == {"a2": "192.168.7.30", "a3": "192.168.7.31"}
    assert not list(Path("one/a1").glob("etc/systemd/network/*"))
    assert list(Path("one/a2").glob("etc/systemd/network/*"))
