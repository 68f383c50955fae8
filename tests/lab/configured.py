"""The demo cluster, configured on a lab's hosts, and how tests look at it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from controller import Controller
from minilab import Host, Lab

T = TypeVar("T")
Row = dict[str, Any]
VIP, PORT = "10.77.0.200", 6443
NETWORK = (
    "new-cluster-network --name labnet --vswitch-name eth0 --ip-address-prefix 10.77.0.0/16 --gateway 10.77.0.1 "
    "--dns-servers 10.77.0.1 --k8s-node-ip-pool-start 10.77.1.1 --k8s-node-ip-pool-end 10.77.1.99 "
    f"--vip-pool-start {VIP} --vip-pool-end 10.77.0.220"
).split()
CLUSTER = (
    "new-cluster --name demo --vnet labnet --primary-network-plugin calico --control-plane-node-count 3 "
    "--load-balancer-count 2 --node-pool-name linuxpool --node-count 2 --os-type linux --configure-only"
).split()
CONTROL_PLANES, LOAD_BALANCERS, WORKERS = ("cp1", "cp2", "cp3"), ("lb1", "lb2"), ("w1", "w2")
NODES = (*CONTROL_PLANES, *WORKERS)
HOSTS = (*NODES, *LOAD_BALANCERS)


class Configured:
    """The cluster of a controller, as its own checks and as its hosts show it."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self.lab: Lab = controller.lab

    @classmethod
    def make(cls, controller: Controller) -> Configured:
        """Define the network, add the hosts and configure the cluster."""
        roles = {"control-plane": CONTROL_PLANES, "load-balancer": LOAD_BALANCERS, "worker": WORKERS}
        more = {host: {"roles": [role]} for role, hosts in roles.items() for host in hosts}
        controller.run(*NETWORK)
        controller.run("add-host", "--file", controller.write_hosts(HOSTS, more=more))
        controller.run(*CLUSTER)
        return cls(controller)

    def put_right(self) -> None:
        """Run the same command again; it verifies, too, and nothing may be left that fails."""
        self.controller.run(*CLUSTER)

    def rows(self, *, check: int | None = None) -> list[Row]:
        """What test-cluster says now."""
        found: list[Row] = self.controller.json("test-cluster", "--name", "demo", check=check)
        return found

    def failed(self) -> dict[tuple[str, str], Row]:
        """What needs somebody, by name and host."""
        return {(r["TestName"], r["Host"]): r for r in self.rows(check=1) if r["TestResult"] == "Failed"}

    def holders(self) -> list[str]:
        """The load balancers that are on and have the VIP, asked without the network."""
        status = self.lab.status()
        return [
            name
            for name in LOAD_BALANCERS
            if status[name]["state"] == "running" and f" {VIP}/" in self.lab[name].shell("ip -o -4 address").stdout
        ]

    def holder(self) -> Host:
        """The one load balancer that holds the VIP, waited for."""
        return self.lab[eventually(self.holders, lambda names: len(names) == 1)[0]]

    def other(self, balancer: Host) -> Host:
        """The other load balancer."""
        return self.lab[next(name for name in LOAD_BALANCERS if name != balancer.name)]

    def answers(self) -> bool:
        """Whether a connection to the VIP opens, from the controller's place."""
        try:
            with self.lab.connect(VIP, PORT, timeout=0.2):
                return True
        except OSError:
            return False


def api_servers(configured: Configured) -> dict[str, str]:
    """Load balancer -> what its row says of the API servers."""
    return {r["Host"]: r["Details"] for r in configured.rows() if r["TestName"] == "ApiServersUp"}


def eventually(read: Callable[[], T], settled: Callable[[T], object], seconds: float = 20) -> T:
    """The first settled value within a bound."""
    deadline = time.monotonic() + seconds
    while not settled(value := read()):
        assert time.monotonic() < deadline, f"still {value!r} after {seconds} s"
        time.sleep(0.1)
    return value


@contextmanager
def address(host: Host, vip: str = VIP) -> Iterator[None]:
    """The host has another address for the length of the body."""
    host.shell(f"ip address add {vip}/32 dev eth0")
    try:
        yield
    finally:
        host.shell(f"ip address del {vip}/32 dev eth0")
