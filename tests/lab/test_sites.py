"""Two shops with the same addresses, each behind its bastion: two clusters that know nothing of each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from configured import eventually
from controller import Controller
from minilab import Lab
from minilab.spec import HostOptions

pytestmark = pytest.mark.slow
SHOPS = ("oslo", "bergen")
ROLES = {"cp": "control-plane", "lb": "load-balancer", "w": "worker"}
ADDRESSES = {"cp": "192.168.1.11", "lb": "192.168.1.12", "w": "192.168.1.13"}
VIP = "192.168.1.200"
NETWORK = (
    "--vswitch-name eth1 --ip-address-prefix 192.168.1.0/24 --gateway 192.168.1.1 --dns-servers 192.168.1.1 "
    f"--k8s-node-ip-pool-start 192.168.1.30 --k8s-node-ip-pool-end 192.168.1.99 --vip-pool-start {VIP} "
    "--vip-pool-end 192.168.1.210"
).split()


def shop_hosts(shop: str) -> list[HostOptions]:
    """A bastion with a foot in the lab's network, and hosts that are reached through it."""
    inside = [("gate", "192.168.1.1"), *ADDRESSES.items()]
    return [{"name": f"{n}-{shop}", "second": {"bridge": shop, "ip": f"{ip}/24"}} for n, ip in inside]


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """Hosts and networks are recorded; each shop's hosts have its label, the same addresses and their own keys."""
    with Lab([host for shop in SHOPS for host in shop_hosts(shop)]) as lab:
        controller = Controller(lab, tmp_path_factory.mktemp("controller"))
        more = {
            f"{kind}-{shop}": {
                "address": address,
                "jump_host": f"gate-{shop}",
                "labels": {"site": shop},
                "roles": [ROLES[kind]],
            }
            for shop in SHOPS
            for kind, address in ADDRESSES.items()
        }
        controller.run("add-host", "--file", controller.write_hosts(more=more))
        for shop in SHOPS:
            controller.run("new-cluster-network", "--name", f"{shop}-net", "--site", shop, *NETWORK)
        yield controller


def command(shop: str) -> list[str]:
    return [
        *f"new-cluster --name {shop} --vnet {shop}-net --node-pool-name pool --node-count 1".split(),
        *"--os-type linux --configure-only".split(),
    ]


def test_each_shop_gets_its_own_cluster_at_the_same_addresses(shops: Controller) -> None:
    for shop in SHOPS:
        shops.run(*command(shop))
    for shop in SHOPS:
        assert "nothing to change" in shops.run(*command(shop)).stderr
        balancer = shops.lab[f"lb-{shop}"]
        eventually(
            lambda host=balancer: host.shell("ip -o -4 address show eth1").stdout, lambda text: f" {VIP}/" in text
        )
        assert f"server cp-{shop} {ADDRESSES['cp']}:6443" in balancer.shell("cat /etc/haproxy/haproxy.cfg").stdout


def test_the_ledger_has_each_address_once_in_each_shop(shops: Controller) -> None:
    for shop in SHOPS:
        (network,) = shops.json("get-cluster-network", "--name", f"{shop}-net", "--addresses")
        leased = {a["Address"]: a["Owner"] for a in network["Addresses"] if a["State"] == "Leased"}
        assert leased == {VIP: f"cluster/{shop}", **{ip: f"host/{kind}-{shop}" for kind, ip in ADDRESSES.items()}}


def test_a_shops_cluster_leaves_and_the_others_stays(shops: Controller) -> None:
    one, other = SHOPS
    shops.run("remove-cluster", "--name", one, "--yes")
    assert f" {VIP}/" not in shops.lab[f"lb-{one}"].shell("ip -o -4 address").stdout
    assert f" {VIP}/" in shops.lab[f"lb-{other}"].shell("ip -o -4 address").stdout
    assert "nothing to change" in shops.run(*command(other)).stderr
