"""Hosts whose DHCP leases changed, on both databases: the ledger, the files in a folder, and what may be pushed.

Seen to fail: with addresses given back one by one, an exchange was refused; without `_of_today`, files with the old
addresses were on their way to the hosts.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aksprov.cli.main import run as program
from aksprov.model.facts import Facts, Interface
from aksprov.state import open_store

NETWORK = "new-cluster-network --name leased --vswitch-name eth0 --vip-pool-start 10.0.0.200 --vip-pool-end 10.0.0.209"
STATIC = (
    "--ip-address-prefix 10.0.0.0/24 --gateway 10.0.0.1 --dns-servers 10.0.0.2 "
    "--k8s-node-ip-pool-start 10.0.0.20 --k8s-node-ip-pool-end 10.0.0.29"
)
CLUSTER = "new-cluster --name demo --vnet leased --kubernetes-version v1.36.4 --configure-only --output-dir review"
ADDRESSES = {"cp1": "10.0.0.11", "lb1": "10.0.0.12", "w1": "10.0.0.13"}
ROLES = {"cp1": "control-plane", "lb1": "load-balancer", "w1": "worker"}
Run = Callable[[str], tuple[int, Any, str]]


@pytest.fixture
def run(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line on the state, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AKSPROV_STATE", place)

    def run(line: str) -> tuple[int, Any, str]:
        capsys.readouterr()
        code = program([*shlex.split(line), "--output", "json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out.strip() else None, said.err

    return run


def lease(place: str, ipv6: bool = False, **addresses: str) -> None:
    """The hosts' facts show these addresses from now on."""
    with open_store(place).write() as transaction:
        for number, (host, address) in enumerate(addresses.items()):
            shown = (f"{address}/24", *([f"fd00::{number + 1}/64"] if ipv6 else []))
            interface = Interface(name="eth0", up=True, addresses=shown, dynamic=shown)
            transaction.put_facts(host, Facts(cpus=4, memory_mb=16384, interfaces=(interface,)))


def make(place: str, run: Run, cluster: str) -> None:
    for host, role in ROLES.items():
        assert run(f"add-host --name {host} --address {host}.invalid --os linux --roles {role} --offline")[0] == 0
    lease(place, **ADDRESSES)
    code, network, said = run(NETWORK)
    assert (code, network["IpAddressPrefix"]) == (0, "10.0.0.0/24") and "DhcpScopeUnknown" in said
    assert run(cluster)[0] == 0


def test_hosts_that_exchanged_their_leases_are_recorded_and_written_so(place: str, run: Run) -> None:
    make(place, run, CLUSTER)
    assert "nothing to change" in run(CLUSTER)[2]
    swapped = {"cp1": "10.0.0.13", "lb1": "10.0.0.50", "w1": "10.0.0.11"}
    lease(place, **swapped)
    before = open_store(place).snapshot()
    code, _, said = run("apply --from review --yes")
    assert code == 65 and json.loads(said)["code"] == "FolderOutdated"
    assert open_store(place).snapshot() == before
    assert run(f"{CLUSTER} --what-if")[0] == 2 and open_store(place).snapshot() == before
    code, shown, said = run(CLUSTER)
    assert code == 0 and said.count("NodeAddressMoved") == 3
    assert {node["Host"]: node["Address"] for node in shown["Nodes"]} == swapped
    after = open_store(place).snapshot()
    held = {x.owner.removeprefix("host/"): x.address for x in after.leases if x.purpose == "node"}
    assert held == swapped and {node.host: node.address for node in after.nodes} == swapped
    assert "10.0.0.13:6443" in Path("review/lb1/etc/haproxy/haproxy.cfg").read_text()
    assert "nothing to change" in run(CLUSTER)[2]


def test_a_folder_without_the_ipv6_addresses_of_its_hosts_is_not_pushed(place: str, run: Run) -> None:
    dual = f"{CLUSTER} --pod-cidr 10.244.0.0/16,fd00:10:244::/56"
    for host, role in ROLES.items():
        run(f"add-host --name {host} --address {ADDRESSES[host]} --os linux --roles {role} --offline")
    run(f"{NETWORK} {STATIC}")
    code, _, said = run(dual)
    assert code == 0 and said.count("HostWithoutIpv6") == 3
    lease(place, ipv6=True, **ADDRESSES)
    before = open_store(place).snapshot()
    code, _, said = run("apply --from review --yes")
    assert code == 65 and json.loads(said)["code"] == "FolderOutdated" and "cp1, w1" in json.loads(said)["where"]
    assert open_store(place).snapshot() == before
    assert run(dual)[0] == 0
    assert "10.0.0.11,fd00::1" in "".join(p.read_text() for p in Path("review/cp1").rglob("*") if p.is_file())
