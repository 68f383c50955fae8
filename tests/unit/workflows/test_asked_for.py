"""Before an address is used for the first time, the network is asked; not when nothing is new, and not for ever.
And when hosts were given addresses: in turns, however many they are.

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
from aksprov.workflows.given_addresses import KEEP, settle_addresses

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
    """A connection to any host of a segment where these addresses answer, save to hosts that hear nothing."""

    def __init__(self, host: Host, answers: dict[str, str], asked: list[str], *, deaf: bool = False) -> None:
        self.host, self._answers, self._asked, self._deaf = host, answers, asked, deaf

    async def run(self, script: str, stdin: bytes = b"") -> Completed:
        """probes.sh, as it answers to "neighbours"."""
        lines: list[str] = []
        if script == KEEP:
            self._asked.append(f"{self.host.name} keeps")
            return Completed(status=0, stdout=b"")
        for line in stdin.decode().splitlines():
            kind, device, *addresses = line.split()
            assert kind == "neighbours"
            for address in addresses:
                self._asked.append(f"{self.host.name} {address} {device}")
                mac = None if self._deaf else self._answers.get(address)
                said = f"{address} lladdr {mac} REACHABLE" if mac else f"{address} FAILED"
                lines += [f"{kind}\t{line.partition(' ')[2]}\t{said}\n"] * 3
        return Completed(status=0, stdout="".join([*lines, "end\n"]).encode())

    async def observe(self, paths: Sequence[str], *, facts: bool = True) -> Observed:
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


def settle(deaf: str) -> tuple[dict[str, str], list[str]]:
    """Codes of the hosts that failed of 250 that were given addresses, and who asked for what or keeps its own."""
    management = Interface(name="eth0", addresses=("192.168.7.5/24",))
    networkd = {"systemd-networkd": Unit(active="active", enabled="enabled")}
    empty = Facts(cpus=4, memory_mb=16384, interfaces=(management, Interface(name="eth1", up=True)), units=networkd)
    wide = msgspec.structs.replace(NETWORK, node_pool=AddressRange(start="10.0.1.0", end="10.0.1.255"))
    wide = msgspec.structs.replace(wide, ip_address_prefix="10.0.0.0/16")
    workers = [f"w{n}" for n in range(250)]
    hosts = {
        h: Host(name=h, address=f"{h}.example", os="linux", roles=("worker",), interfaces={"eth0": "eth1"})
        for h in workers
    }
    known = {h: facts(number, 16) for number, h in enumerate(ROLES, 11) if h != "w1"}
    snapshot = Snapshot(
        networks={"lab": wide},
        hosts={h: SNAPSHOT.hosts[h] for h in known} | hosts,
        facts=known | dict.fromkeys(workers, empty),
    )
    cluster = msgspec.structs.replace(CLUSTER, node_pools=(NodePool(name="pool", count=250),))
    desired = place(cluster, wide, snapshot)
    answers = {n.address: "52:54:00:00:00:01" for n in desired.nodes if n.host != deaf}
    asked: list[str] = []

    async def connect(host: Host) -> Segment:
        return Segment(host, answers, asked, deaf=host.name == deaf)

    async def nothing(connection: object) -> None:
        """Only opens the connection."""

    async def work() -> dict[str, str]:
        events = EventStream(lambda: datetime(2026, 11, 26, tzinfo=UTC))
        async with Fleet(snapshot.hosts, connect, events) as fleet:
            await fleet.each(snapshot.hosts, nothing)
            await settle_addresses(desired, workers, fleet)
            return {key: error.code for key, error in fleet.failures.items()}

    return asyncio.run(work()), asked


def test_addresses_that_hosts_were_given_are_asked_for_by_one_and_those_left_by_the_next() -> None:
    """What is asked grows with what is silent; the silent host asks last, for the gateway, and is a failure."""
    failures, asked = settle(deaf="w7")
    assert failures == {"w7": "AddressDoesNotAnswer"}
    assert sum(line.endswith("keeps") for line in asked) == 249
    assert "w7 keeps" not in asked
    askers = [line.split()[0] for line in asked if not line.endswith("keeps")]
    assert [askers.count(name) for name in dict.fromkeys(askers)] == [250, 1, 1, 1]
    assert asked[252].startswith("w7 10.0.0.1 ")
