"""Before an address is used for the first time, the network is asked; not when nothing is new, and not for ever.

Seen to fail: with the asked-for addresses asked for again; without TRIES; with recorded VIPs among the new ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest

from aksprov.errors import DefinitionError
from aksprov.events import EventStream
from aksprov.ipam.placement import place
from aksprov.model.cluster import Cluster, LoadBalancerSettings, NodePool
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.facts import Facts, Interface, Observed, Unit
from aksprov.model.host import Host, Role
from aksprov.model.network import AddressRange, Network
from aksprov.model.quarantine import of_stranger
from aksprov.model.transport import Completed, Delivery, Receipt
from aksprov.rollout.runner import Fleet
from aksprov.workflows.first_use import TRIES, Cleared, clear

NETWORK = Network(
    name="Lab",
    vswitch_name="eth0",
    ip_address_prefix="10.0.0.0/24",
    gateway="10.0.0.1",
    dns_servers=("10.0.0.2",),
    vip_pool=AddressRange(start="10.0.0.200", end="10.0.0.209"),
    node_pool=AddressRange(start="10.0.0.100", end="10.0.0.150"),
)
CLUSTER = Cluster(
    name="Demo",
    network="Lab",
    kubernetes_version="v1.36.4",
    load_balancer=LoadBalancerSettings(count=1),
    node_pools=(NodePool(name="pool", count=1),),
)
ROLES: dict[str, Role] = {"cp1": "control-plane", "lb1": "load-balancer", "w1": "worker"}


def facts(number: int, mask: int = 24) -> Facts:
    interface = Interface(name="eth0", mac=f"52:54:00:00:00:{number:02}", addresses=(f"10.0.0.{number}/{mask}",))
    return Facts(cpus=4, memory_mb=16384, interfaces=(interface,))


SNAPSHOT = Snapshot(
    networks={"lab": NETWORK},
    hosts={h: Host(name=h, address=f"{h}.example", os="linux", roles=(role,)) for h, role in ROLES.items()},
    facts={h: facts(number) for number, h in enumerate(ROLES, 11)},
)


class Segment:
    """A connection to any host of a segment where these addresses answer."""

    def __init__(self, host: Host, answers: dict[str, str], asked: list[str]) -> None:
        self.host, self._answers, self._asked = host, answers, asked

    async def run(self, script: str, stdin: bytes = b"") -> Completed:
        """probes.sh, as it answers to "neighbour"."""
        lines = []
        for line in stdin.decode().splitlines():
            kind, address, device = line.split()
            assert kind == "neighbour"
            self._asked.append(f"{self.host.name} {address} {device}")
            mac = self._answers.get(address)
            said = f"{address} lladdr {mac} REACHABLE" if mac else f"{address} FAILED"
            lines += [f"{kind}\t{address} {device}\t{said}\n"] * 3
        return Completed(status=0, stdout="".join([*lines, "end\n"]).encode())

    async def observe(self, paths: Sequence[str]) -> Observed:
        """Not asked for."""
        raise AssertionError(paths)

    async def get(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Not asked for."""
        raise AssertionError(paths)

    async def put_bundle(self, delivery: Delivery) -> Receipt:
        """Not asked for."""
        raise AssertionError(delivery)

    async def tcp_open(self, address: str, port: int) -> bool:
        """Not asked for."""
        raise AssertionError(address)

    async def unix_exchange(self, path: str, request: bytes) -> bytes | None:
        """Not asked for."""
        raise AssertionError(path)

    async def close(self) -> None:
        """Nothing is open."""


def look(answers: dict[str, str], snapshot: Snapshot = SNAPSHOT) -> tuple[Cleared, list[str]]:
    """What becomes of the cluster, and who asked for what."""
    asked: list[str] = []

    async def connect(host: Host) -> Segment:
        return Segment(host, answers, asked)

    async def nothing(connection: object) -> None:
        """Only opens the connection."""

    def place_again(known: Snapshot) -> Desired:
        return place(CLUSTER, NETWORK, known)

    async def work() -> Cleared:
        events = EventStream(lambda: datetime(2026, 11, 26, tzinfo=UTC))
        async with Fleet(snapshot.hosts, connect, events) as fleet:
            await fleet.each(ROLES, nothing)
            return await clear(place_again(snapshot), snapshot, snapshot.facts, fleet, place_again)

    return asyncio.run(work()), asked


def test_an_address_that_somebody_answers_for_is_passed_over_and_told() -> None:
    cleared, asked = look({"10.0.0.200": "AA:BB:CC:00:00:01", "10.0.0.201": "52:54:00:00:00:13"})
    assert cleared.desired.vip == "10.0.0.202"
    assert cleared.strangers == (
        of_stranger("10.0.0.200", "lab", "aa:bb:cc:00:00:01"), of_stranger("10.0.0.201", "lab", "52:54:00:00:00:13")
    )  # fmt: skip
    assert asked == [f"cp1 10.0.0.{number} eth0" for number in (200, 201, 202)]
    assert [(row.test_name, row.test_result) for row in cleared.rows] == [("AddressInUse", "Warning")] * 2
    assert "aa:bb:cc:00:00:01 answers" in cleared.rows[0].details and "(host w1)" in cleared.rows[1].details
    assert "--release 10.0.0.200" in cleared.rows[0].recommendation


def test_nobody_is_asked_where_nothing_is_new() -> None:
    desired = place(CLUSTER, NETWORK, SNAPSHOT)
    recorded = msgspec.structs.replace(SNAPSHOT, nodes=desired.nodes, leases=desired.leases)
    cleared, asked = look({"10.0.0.200": "aa:bb:cc:00:00:01"}, recorded)
    assert (cleared.desired.vip, cleared.strangers, asked) == ("10.0.0.200", (), [])


def test_whoever_asks_has_the_address_on_his_segment() -> None:
    narrow = msgspec.structs.replace(SNAPSHOT, facts=SNAPSHOT.facts | {"cp1": facts(11, 26)})
    assert look({}, narrow)[1] == ["w1 10.0.0.200 eth0"]


def test_an_address_that_a_host_is_to_be_given_is_asked_for_too() -> None:
    management = Interface(name="eth0", addresses=("192.168.7.5/24",))
    networkd = {"systemd-networkd": Unit(active="active", enabled="enabled")}
    empty = Facts(cpus=4, memory_mb=16384, interfaces=(management, Interface(name="eth1", up=True)), units=networkd)
    w1 = msgspec.structs.replace(SNAPSHOT.hosts["w1"], interfaces={"eth0": "eth1"})
    snapshot = msgspec.structs.replace(
        SNAPSHOT, hosts=SNAPSHOT.hosts | {"w1": w1}, facts=SNAPSHOT.facts | {"w1": empty}
    )
    cleared, asked = look({"10.0.0.100": "aa:bb:cc:00:00:01"}, snapshot)
    assert {node.host: node.address for node in cleared.desired.nodes}["w1"] == "10.0.0.101"
    assert (cleared.desired.vip, [lease.address for lease in cleared.strangers]) == ("10.0.0.200", ["10.0.0.100"])
    assert asked == [f"cp1 10.0.0.{number} eth0" for number in (200, 100, 101)]


def test_a_proxy_that_answers_for_everything_ends_it() -> None:
    with pytest.raises(DefinitionError) as caught:
        look({f"10.0.0.{number}": "aa:bb:cc:00:00:01" for number in range(200, 210)})
    error = caught.value
    assert error.code == "AddressesInUse" and "proxy ARP" in error.fix
    assert error.why.count("ethernet aa:bb:cc:00:00:01") == TRIES
