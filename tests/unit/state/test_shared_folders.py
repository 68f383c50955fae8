"""Clusters that share load balancers, written to folders, on both databases: what is pushed later, and what is not.

Seen to fail: without the comparison with today's files, the folder of the second cluster took the first one's VIP off
their load balancers; with one certificate for all files, the first one's API servers were checked with the other's CA.
"""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from aksprov.cli.main import run as program
from aksprov.errors import DefinitionError
from aksprov.ipam.placement import place as placed
from aksprov.model.bundle import Bundle
from aksprov.model.cluster import ClusterStatus
from aksprov.model.facts import Facts, Observed
from aksprov.state import open_store
from aksprov.transport.folder import load_folder
from aksprov.workflows.push_folder import as_written, cluster_of
from aksprov.workflows.shared_removal import look_at_shared

NETWORK = (
    "new-cluster-network --name lab --vswitch-name eth0 --ip-address-prefix 10.0.0.0/24 --gateway 10.0.0.1 "
    "--dns-servers 10.0.0.2 --k8s-node-ip-pool-start 10.0.0.10 --k8s-node-ip-pool-end 10.0.0.100 "
    "--vip-pool-start 10.0.0.200 --vip-pool-end 10.0.0.220"
)
ROLES = {"cp": "control-plane", "w": "worker", "lb": "load-balancer"}
HOSTS = ("cp1", "cp2", "w1", "w2", "lb1", "lb2")
CLUSTER = (
    "new-cluster --name {0} --vnet lab --load-balancer-count 2 --share-load-balancers --node-pool-name pool "
    "--node-count 1 --configure-only --output-dir {0}"
)
OWN, OTHER = "of two\n", "of one\n"
Run = Callable[[str], tuple[int, Any, str]]


@pytest.fixture
def run(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line on a state with hosts, a network, and two clusters in folders, neither pushed yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AKSPROV_STATE", place)

    def run(line: str) -> tuple[int, Any, str]:
        capsys.readouterr()
        code = program([*shlex.split(line), "--output", "json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out.strip() else None, said.err

    hosts = [
        {"name": host, "address": f"10.0.0.{number + 11}", "os": "linux", "roles": [ROLES[host[:-1]]]}
        for number, host in enumerate(HOSTS)
    ]
    Path("hosts.json").write_text(json.dumps({"hosts": hosts}))
    assert run("add-host --file hosts.json --offline")[0] == 0
    for line in (NETWORK, CLUSTER.format("one"), CLUSTER.format("two")):
        assert run(line)[0] == 0
    return run


def come(place: str, key: str, certificate: str) -> None:
    """A cluster's folder was pushed: its CA is known."""
    with open_store(place).write() as transaction:
        transaction.put_late(key, "ca", certificate)


def pushed(place: str, folder: str) -> dict[str, Bundle]:
    """What the hosts of a folder would be sent."""
    snapshot, bundles = open_store(place).snapshot(), load_folder(Path(folder))
    cluster = cluster_of(bundles, snapshot, Path(folder))
    desired = placed(cluster, snapshot.networks["lab"], snapshot, offline=True)
    return as_written(bundles.values(), desired, {}, {"ca": OWN}, Path(folder))


def test_a_folder_from_before_another_cluster_came_is_not_pushed(place: str, run: Run) -> None:
    assert "fe_one" not in Path("two/lb1/etc/haproxy/haproxy.cfg").read_text()
    assert pushed(place, "two")["lb1"].files
    come(place, "one", OTHER)
    before = open_store(place).snapshot()
    with pytest.raises(DefinitionError) as caught:
        pushed(place, "two")
    assert caught.value.code == "FolderOutdated" and "one shares them" in caught.value.why
    assert caught.value.where == "two: lb1, lb2"
    code, _, said = run("apply --from two --yes")
    assert (code, json.loads(said)["code"]) == (65, "FolderOutdated")
    assert open_store(place).snapshot() == before


def test_written_again_it_has_both_clusters_and_each_has_its_own_ca(place: str, run: Run) -> None:
    come(place, "one", OTHER)
    assert run(CLUSTER.format("two"))[0] == 0
    files = {file.path: file.content for file in pushed(place, "two")["lb1"].files}
    assert files["/etc/haproxy/aksprov/one-ca.crt"] == OTHER
    assert files["/etc/haproxy/aksprov/two-ca.crt"] == OWN
    assert "fe_one" in str(files["/etc/haproxy/haproxy.cfg"]) and "fe_two" in str(files["/etc/haproxy/haproxy.cfg"])
    assert "nothing to change" in run(CLUSTER.format("two"))[2]


def test_a_cluster_that_leaves_is_not_in_the_others_folder_any_more(place: str, run: Run) -> None:
    come(place, "one", OTHER)
    run(CLUSTER.format("two"))
    with open_store(place).write() as transaction:
        transaction.forget_cluster("one")
    with pytest.raises(DefinitionError):
        cluster_of(load_folder(Path("one")), open_store(place).snapshot(), Path("one"))
    assert run(CLUSTER.format("two"))[0] == 0
    assert [file.path for file in pushed(place, "two")["lb1"].files if "one" in file.path] == []


class Silent:
    """Hosts that have nothing."""

    async def each(self, keys: Iterable[str], work: object) -> dict[str, Observed]:
        """What every host shows."""
        return {key: Observed(host=key, facts=Facts()) for key in keys}


def staying(place: str) -> dict[str, Any]:
    """What the load balancers keep when the first cluster leaves, by host."""
    snapshot = open_store(place).snapshot()
    return dict(asyncio.run(look_at_shared("one", ["cp1", "lb1", "lb2"], snapshot, cast("Any", Silent()))))


def test_what_stays_is_what_clusters_have_that_stay(place: str, run: Run) -> None:
    """One that is being removed, too, is not brought back to hosts which it has left already."""
    assert staying(place) == {}
    come(place, "two", OWN)
    found = staying(place)
    assert found.keys() == {"lb1", "lb2"}
    assert {f.cluster for f in found["lb1"].target.bundle.files} == {"two"}
    with open_store(place).write() as transaction:
        transaction.put_status("two", ClusterStatus(state="Deleting"))
    assert staying(place) == {}
