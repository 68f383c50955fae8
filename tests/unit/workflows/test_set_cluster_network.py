"""set-cluster-network as the program runs it, on a state of its own: pools that live beside running clusters.

Seen to fail: with pools in what hosts keep of a network (the second plan of the cluster was not empty), with the plan's
network in place of the recorded one when addresses are leased, and with leases' scope and site left out of the rules.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aksprov.cli.main import run as program
from aksprov.model.desired import Snapshot
from aksprov.model.network import AddressRange, Network, Pools
from aksprov.state import Store, open_store
from aksprov.workflows import cluster_plan

NETWORK = (
    "new-cluster-network --name {name} --vswitch-name eth0 --ip-address-prefix {net}.0/24 --gateway {net}.1 "
    "--dns-servers {net}.2 --k8s-node-ip-pool-start {net}.10 --k8s-node-ip-pool-end {net}.100 "
    "--vip-pool-start {net}.200 --vip-pool-end {net}.220 {more}"
)
LAB = NETWORK.format(name="Lab", net="10.0.0", more="")
CLUSTER = "new-cluster --name demo --vnet lab --configure-only --output-dir review"
HOSTS = [
    {"name": "cp1", "address": "10.0.0.11", "os": "linux", "roles": ["control-plane"]},
    {"name": "w1", "address": "10.0.0.21", "os": "linux", "roles": ["worker"]},
    {"name": "lb1", "address": "10.0.0.41", "os": "linux", "roles": ["load-balancer"]},
    {"name": "spare", "address": "10.0.0.230", "os": "linux"},
]
SET = "set-cluster-network --name lab"


class Said:
    """What the program answered."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.err = code, err
        self.data: Any = json.loads(out) if out.strip() else None

    @property
    def error(self) -> dict[str, Any]:
        """The error on standard error, after what happened before it."""
        found: dict[str, Any] = json.loads(self.err[self.err.index("{") :])
        return found


Run = Callable[..., Said]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in a folder of its own, with JSON for an answer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AKSPROV_STATE", "state.db")
    (tmp_path / "hosts.json").write_text(json.dumps({"hosts": HOSTS}))

    def run(line: str) -> Said:
        capsys.readouterr()
        code = program([*shlex.split(line), "--output", "json"])
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def lab(run: Run) -> Run:
    """The same, with a network, hosts and a cluster whose files are in a folder."""
    for line in (LAB, "add-host --file hosts.json --offline", CLUSTER):
        assert run(line).code == 0
    return run


def recorded() -> Snapshot:
    return open_store("state.db").snapshot()


def files() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path("review").rglob("*")) if path.is_file()}


def test_pools_change_and_the_cluster_on_them_has_nothing_to_change(lab: Run) -> None:
    before = files()
    changed = lab(f"{SET} --add-vip-range 10.0.0.221-10.0.0.229,10.0.0.240 --reserve 10.0.0.201-10.0.0.203 "
                  "--remove-node-range 10.0.0.91-10.0.0.100 --yes")  # fmt: skip
    assert changed.code == 0
    assert {name: changed.data[name] for name in changed.data if name.endswith(("Start", "End", "Ranges"))} == {
        "VipPoolStart": "10.0.0.200",
        "VipPoolEnd": "10.0.0.220",
        "K8snodeIPPoolStart": "10.0.0.10",
        "K8snodeIPPoolEnd": "10.0.0.90",
        "VipPoolRanges": ["10.0.0.200-10.0.0.220", "10.0.0.221-10.0.0.229", "10.0.0.240"],
        "NodePoolRanges": ["10.0.0.10-10.0.0.90"],
        "ReservedRanges": ["10.0.0.201-10.0.0.203"],
    }
    assert "10.0.0.221-10.0.0.229, 10.0.0.240 (10 addresses) added to the VIP pool" in changed.err
    again = lab(CLUSTER)
    assert again.code == 0 and "nothing to change" in again.err
    planned = lab(f"{CLUSTER} --what-if")
    assert (planned.code, planned.data["hosts"]) == (0, [])
    assert files() == before


def test_the_same_command_again_changes_nothing_and_reads_as_it_was_written(lab: Run) -> None:
    line = f"{SET} --add-vip-range 10.0.0.221-10.0.0.229 --reserve 10.0.0.205"
    lab(line)
    before = recorded()
    again = lab(line)
    assert again.code == 0 and "nothing to change" in again.err
    assert lab(SET).code == 0
    assert recorded() == before
    lab(f"{SET} --remove-vip-range 10.0.0.221-10.0.0.229 --release 10.0.0.205 --yes")
    assert recorded().networks["lab"].pools == recorded().networks["lab"].definition.pools


def test_a_definition_that_is_run_again_finds_its_network_though_a_pool_has_grown(lab: Run) -> None:
    lab(f"{SET} --add-vip-range 10.0.0.221-10.0.0.229")
    again = lab(LAB)
    assert again.code == 0 and "nothing to change" in again.err
    lab(f"{SET} --remove-node-range 10.0.0.100 --yes")
    differs = lab(LAB)
    assert (differs.code, differs.error["code"]) == (65, "NetworkExistsDifferently")
    assert differs.error["where"] == "k8sNodeIpPoolEnd" and "set-cluster-network" in differs.error["fix"]


def test_what_if_shows_the_change_and_stores_nothing(lab: Run) -> None:
    before = recorded()
    planned = lab(f"{SET} --add-vip-range 10.0.0.221-10.0.0.229 --remove-node-range 10.0.0.50 --what-if")
    assert planned.code == 2
    assert planned.data["objects"] == ["network/Lab"] and len(planned.data["hash"]) == 64
    assert planned.data["pools"] == [
        {"network": "Lab", "pool": "VIP", "change": "add", "addresses": "10.0.0.221-10.0.0.229", "count": 9},
        {"network": "Lab", "pool": "Node", "change": "remove", "addresses": "10.0.0.50", "count": 1},
    ]
    assert recorded() == before
    assert lab(f"{SET} --what-if").code == 0
    assert "pools" not in lab(f"{CLUSTER} --what-if").data


def test_shrinking_needs_consent_and_growing_does_not(lab: Run) -> None:
    before = recorded()
    refused = lab(f"{SET} --remove-vip-range 10.0.0.219-10.0.0.220")
    assert (refused.code, refused.error["code"]) == (64, "ConfirmationNeeded")
    assert "10.0.0.219-10.0.0.220 (2 addresses) out of the VIP pool of network Lab" in refused.error["why"]
    assert recorded() == before
    assert lab(f"{SET} --add-node-range 10.0.0.110 --reserve 10.0.0.219").code == 0


BAD = [
    ("--remove-vip-range 10.0.0.200-10.0.0.205", 65, "AddressLeased", "10.0.0.200 is leased by cluster demo"),
    ("--remove-node-range 10.0.0.20-10.0.0.30", 65, "AddressLeased", "10.0.0.21 is leased by host w1 for cluster demo"),
    ("--reserve 10.0.0.41", 65, "AddressLeased", "host lb1 for cluster demo"),
    ("--add-vip-range 10.0.0.229-10.0.0.231", 65, "HostAddressInPool", "10.0.0.230 is the address of host spare"),
    ("--add-vip-range 10.0.0.1-10.0.0.3", 65, "AddressInPool", "gateway 10.0.0.1"),
    ("--add-node-range 10.0.0.2", 65, "AddressInPool", "DNS server 10.0.0.2"),
    ("--add-vip-range 10.0.1.5-10.0.1.9", 65, "PoolOutsidePrefix", "10.0.1.5-10.0.1.9 is not inside 10.0.0.0/24"),
    ("--reserve 10.0.1.5", 65, "PoolOutsidePrefix", "10.0.1.5"),
    ("--add-vip-range 10.0.0.255", 65, "PoolHoldsNetworkAddress", "10.0.0.255"),
    ("--add-vip-range 10.0.0.90-10.0.0.101", 65, "PoolsOverlap", "10.0.0.90-10.0.0.101"),
    ("--add-vip-range 10.0.0.239-10.0.0.230", 65, "PoolReversed", "10.0.0.239-10.0.0.230"),
    ("--add-vip-range 10.0.0.230-", 65, "InvalidAddress", "'' is not an IP address"),
    ("--add-vip-range 10.0.0.230/28", 65, "InvalidAddress", "10.0.0.230/28"),
    *(
        (f"--{option} {text}", 69, "Ipv6NotAvailable", "fd00::9")
        for option in ("add-vip-range", "add-node-range", "remove-vip-range", "remove-node-range", "reserve", "release")
        for text in ("fd00::9", "10.0.0.5-fd00::9")
    ),
    ("--add-vip-range 10.0.0.231,", 65, "EmptyItem", "--add-vip-range"),
    ("--reserve 10.0.0.5 --release 10.0.0.5", 65, "RangesContradict", "10.0.0.5"),
    ("--remove-vip-range 10.0.0.0-10.0.0.255", 65, "AddressLeased", "cluster demo"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "exit_code", "code", "words"), BAD, ids=[f"{code} {a}" for a, _, code, _ in BAD])
def test_what_is_wrong_is_refused_and_nothing_is_stored(
    lab: Run, asked: str, exit_code: int, code: str, words: str
) -> None:
    before = Path("state.db").read_bytes()
    for manner in ("--yes", "--what-if"):
        said = lab(f"{SET} {asked} {manner}")
        assert (said.code, said.error["code"], said.data) == (exit_code, code, None)
        assert words in f"{said.error['what']} {said.error['why']}" and said.error["fix"]
    assert Path("state.db").read_bytes() == before


def test_a_new_networks_vips_are_not_a_hosts_own_address(lab: Run) -> None:
    beside = NETWORK.format(name="beside", net="10.0.0", more="").replace(".10 ", ".120 ").replace(".100 ", ".129 ")
    before = recorded()
    refused = lab(beside.replace("0.0.200", "0.0.225").replace("0.0.220", "0.0.235"))
    assert (refused.code, refused.error["code"]) == (65, "HostAddressInPool")
    assert "10.0.0.230 is the address of host spare" in refused.error["why"] and recorded() == before
    assert lab(beside.replace("0.0.200", "0.0.235").replace("0.0.220", "0.0.239")).code == 0


def test_a_network_that_is_not_there_is_not_found(run: Run) -> None:
    said = run("set-cluster-network --name nowhere --add-vip-range 10.0.0.5")
    assert (said.code, said.error["code"]) == (66, "NetworkNotFound")
    assert not Path("state.db").exists()


def test_a_pool_that_shrinks_while_a_cluster_is_planned_gives_it_nothing(
    lab: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan proposes an address that is out of the pool when it is leased: it is made anew, with the next one."""
    for name, role in (("cp2", "control-plane"), ("w2", "worker"), ("lb2", "load-balancer")):
        address = {"cp2": "10.0.0.12", "w2": "10.0.0.22", "lb2": "10.0.0.42"}[name]
        lab(f"add-host --name {name} --address {address} --os linux --roles {role} --offline")
    looked = cluster_plan.look
    proposed = []

    async def look(*args: Any, **more: Any) -> cluster_plan.Picture:
        picture = await looked(*args, **more)
        proposed.append(picture.desired.vip)
        if len(proposed) == 1:
            _shrink(open_store("state.db"), AddressRange(start="10.0.0.203", end="10.0.0.220"))
        return picture

    monkeypatch.setattr("aksprov.workflows.cluster_run.look", look)
    assert lab("new-cluster --name second --vnet lab --configure-only --output-dir second").code == 0
    assert proposed == ["10.0.0.201", "10.0.0.203"]
    leased = {lease.owner: lease.address for lease in recorded().leases if lease.purpose == "vip"}
    assert leased == {"cluster/demo": "10.0.0.200", "cluster/second": "10.0.0.203"}


def _shrink(store: Store, pool: AddressRange) -> None:
    one = AddressRange(start="10.0.0.200", end="10.0.0.200")
    with store.write() as transaction:
        network = transaction.snapshot().networks["lab"]
        changed = {**_fields(network), "pools": Pools(vip=(one, pool), node=network.node_ranges)}
        transaction.put_network(Network(**changed))


def _fields(network: Network) -> dict[str, Any]:
    return {name: getattr(network, name) for name in network.__struct_fields__}


# --- sites

SHOP = NETWORK.format(name="{0}", net="192.168.1", more="--site {0}")


def shop_hosts(*sites: str) -> list[dict[str, Any]]:
    """Each shop's hosts have the addresses of every other shop's, behind a bastion of its own."""
    roles = (("cp", 11, "control-plane"), ("w", 21, "worker"), ("lb", 41, "load-balancer"))
    return [
        {
            "name": f"{site}-{kind}", "address": f"192.168.1.{last}", "os": "linux", "roles": [role],
            "jump_host": f"ops@{site}.example", "labels": {"site": site},
        }
        for site in sites
        for kind, last, role in roles
    ]  # fmt: skip


def test_shops_have_the_same_prefix_pools_hosts_and_vips(run: Run) -> None:
    Path("shops.json").write_text(json.dumps({"hosts": shop_hosts("shop17", "shop18")}))
    assert run("add-host --file shops.json --offline").code == 0
    for site in ("shop17", "shop18"):
        assert run(SHOP.format(site)).code == 0
        made = run(f"new-cluster --name {site} --vnet {site} --configure-only --output-dir review")
        assert made.code == 0, made.err
    found = recorded()
    nodes = {site: {n.host: n.address for n in found.nodes if n.cluster == site} for site in ("shop17", "shop18")}
    for site, of_site in nodes.items():
        assert of_site == {
            f"{site}-cp": "192.168.1.11", f"{site}-w": "192.168.1.21", f"{site}-lb": "192.168.1.41"
        }  # fmt: skip
    assert sorted((lease.network, lease.address) for lease in found.leases if lease.purpose == "vip") == [
        ("shop17", "192.168.1.200"),
        ("shop18", "192.168.1.200"),
    ]
    assert [(r.site, r.router_id) for r in found.router_ids] == [("shop17", 3), ("shop18", 3)]
    # what one shop does with its addresses is nothing to another
    assert run("set-cluster-network --name shop17 --add-vip-range 192.168.1.230").code == 0
    refused = run("set-cluster-network --name shop18 --remove-vip-range 192.168.1.200 --yes")
    assert refused.error["why"] == "192.168.1.200 is leased by cluster shop18"
    assert run("state check").code == 0


def test_at_one_site_two_networks_share_no_address(run: Run) -> None:
    assert run(SHOP.format("shop17")).code == 0
    same = run(SHOP.format("shop17").replace("--name shop17", "--name other").replace("--site shop17", "--site SHOP17"))
    assert (same.code, same.error["code"]) == (65, "NetworksOverlap")
    beside = (
        "new-cluster-network --name beside --site Shop17 --vswitch-name eth0 --ip-address-prefix 192.168.1.0/24 "
        "--gateway 192.168.1.1 --dns-servers 192.168.1.2 --k8s-node-ip-pool-start 192.168.1.110 "
        "--k8s-node-ip-pool-end 192.168.1.120 --vip-pool-start 192.168.1.225 --vip-pool-end 192.168.1.229"
    )
    assert run(beside).code == 0
    grown = run("set-cluster-network --name shop17 --add-vip-range 192.168.1.221-192.168.1.225")
    assert (grown.code, grown.error["code"]) == (65, "NetworksOverlap")
    assert "VIP pool 192.168.1.225-192.168.1.229 of network beside" in grown.error["what"]
    assert "site Shop17" in grown.error["where"]
    run(SHOP.format("shop18"))
    assert run("set-cluster-network --name shop18 --add-vip-range 192.168.1.221-192.168.1.225").code == 0


def test_connections_are_told_apart_by_their_way(run: Run) -> None:
    """The same address and port is the same connection only through the same jump host."""
    Path("shops.json").write_text(json.dumps({"hosts": [*shop_hosts("shop17"), *shop_hosts("SHOP17-b")]}))
    assert run("add-host --file shops.json --offline").code == 0
    add = "add-host --name twice --address 192.168.1.11 --os linux --offline --jump-host"
    twice = run(f"{add} ops@shop17.example")
    assert (twice.code, twice.error["code"]) == (65, "HostConnectionTaken")
    assert "192.168.1.11 port 22 through ops@shop17.example" in json.dumps(twice.error)
    assert run(f"{add} ops@shop19.example").code == 0
    moved = run("set-host --name twice --jump-host ops@shop17.example")
    assert (moved.code, moved.error["code"]) == (65, "HostConnectionTaken")
    assert "shop17-cp" in moved.error["why"]
