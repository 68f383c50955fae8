"""The API server's endpoint as several hosts see it: who holds the VIP, who listens, who serves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from aksprov.checks.ask import ask, until
from aksprov.checks.compile import Answers, Question
from aksprov.checks.firewall import Packet, judge_firewall
from aksprov.checks.verdict import Verdict, failed, make_row, passed, skipped
from aksprov.checks.vip import (
    Server,
    answering,
    devices_of,
    hardware_addresses,
    judge_foreign,
    judge_master,
    judge_servers,
    servers_of,
)
from aksprov.errors import HostError
from aksprov.model.cluster import Node
from aksprov.model.derived import API_PORT, HAPROXY_SOCKET, apiserver_backend
from aksprov.model.desired import Desired
from aksprov.model.row import Row
from aksprov.model.transport import Connection

# Of two masters the lower one gives way at the other's next advert, once a second; a VIP that has moved is announced
# at once, and a neighbour that missed that asks anew within seconds.
YIELD_SECONDS = 4
ANNOUNCE_SECONDS = 3
_ADDRESSES = Question(kind="addresses")
_LINKS = Question(kind="links")
_FIREWALL = Question(kind="firewall")
ENDPOINT_QUESTIONS = (_ADDRESSES, _LINKS, _FIREWALL)
Holders = dict[str, tuple[str, ...]]


class Endpoint:
    """The checks that need several hosts.

    Args:
        connections: hosts that answered, by key.
        answers: what they answered, with their addresses and links.
        deadline: how long to wait for what is on its way, by the event loop's clock.
        deployed: whether Kubernetes was started.
    """

    def __init__(
        self,
        desired: Desired,
        connections: Mapping[str, Connection],
        answers: Mapping[str, Answers],
        deadline: float,
        *,
        deployed: bool,
    ) -> None:
        self._desired = desired
        self._connections = connections
        self._answers = answers
        self._deadline = deadline
        self._deployed = deployed
        balancers = desired.by_role("load-balancer")
        self._balancers = [n for n in balancers if n.host in answers]
        self._silent = [n.host for n in balancers if n.host not in answers]
        self._others = [n for n in desired.nodes if n.role != "load-balancer" and n.host in answers]

    async def rows(self) -> tuple[Row, ...]:
        """All rows; none for a cluster without load balancers."""
        if not self._desired.by_role("load-balancer"):
            return ()
        holders = await self._settled_holders()
        witnesses = self._others or [n for n in self._balancers if not holders.get(n.host)]
        listening = await self._listening(witnesses)
        foreign = await self._foreign(holders, witnesses[:1])
        servers = await asyncio.gather(*(self._servers(node) for node in self._balancers))
        master = judge_master(self._desired.vip, holders, self._silent)
        deaf, shut = master.result == "Failed", listening.result == "Failed"
        return (
            self._row("ExactlyOneMaster", master),
            self._row("ApiEndpointListening", listening),
            *self._firewalls(deaf=deaf, shut=shut),
            self._row("NoForeignHolder", foreign),
            *(
                self._row("ApiServersUp", verdict, host=node.host)
                for node, verdict in zip(self._balancers, servers, strict=True)
            ),
        )

    def _row(self, test_name: str, verdict: Verdict, *, host: str = "") -> Row:
        return make_row(test_name, "LoadBalancer", verdict, host=host, cluster=self._desired.cluster.name)

    def _within(self, seconds: float) -> float:
        """A deadline that is nearer than the last one, by the event loop's clock."""
        return min(self._deadline, asyncio.get_running_loop().time() + seconds)

    # ---- who holds the VIP ----

    async def _settled_holders(self) -> Holders:
        """Who holds it, waited for while nobody does and somebody can say, and shortly while two do."""
        holders = self._held(self._answers)
        if _one_holder(holders) or not self._balancers:
            return holders
        deadline = self._within(YIELD_SECONDS) if any(holders.values()) else self._deadline
        return await until(_one_holder, self._read_holders, deadline)

    def _held(self, answers: Mapping[str, Answers]) -> Holders:
        """Load balancer -> interfaces that have the VIP, for those that answered."""
        return {
            node.host: devices_of(answers[node.host].get(_ADDRESSES, ()), self._desired.vip)
            for node in self._balancers
            if node.host in answers
        }

    async def _read_holders(self) -> Holders:
        answers = await asyncio.gather(*(_try(self._connections[n.host], _ADDRESSES) for n in self._balancers))
        return self._held({n.host: a for n, a in zip(self._balancers, answers, strict=True) if a is not None})

    # ---- who listens ----

    async def _listening(self, witnesses: Sequence[Node]) -> Verdict:
        """Whether a connection to the VIP opens, as seen from the first host that can try."""
        endpoint = f"{self._desired.vip}:{API_PORT}"
        reason = "no other host of the cluster answers"
        deadline = self._within(ANNOUNCE_SECONDS)
        for node in witnesses:
            try:
                connect = partial(self._connections[node.host].tcp_open, self._desired.vip, API_PORT)
                opened = await until(bool, connect, deadline)
            except HostError as error:
                reason = f"{node.host} cannot try: {error.what}"
                continue
            if opened:
                return passed(f"{endpoint} answers, as seen from {node.host}")
            return failed(
                f"{endpoint} does not answer, as seen from {node.host}",
                "see the rows of haproxy, keepalived and the VIP's holder; a firewall may also be in the way",
            )
        return skipped(reason, f"try a connection to {endpoint} from another host")

    # ---- what filters let in ----

    def _firewalls(self, *, deaf: bool, shut: bool) -> Iterator[Row]:
        """Whether each load balancer lets in the others' VRRP and connections to the VIP, each API server its port.

        Args:
            deaf: whether the load balancers behave as if they did not hear each other.
            shut: whether connections to the VIP do not open.
        """
        balancers = self._desired.by_role("load-balancer")
        clients = [n.address for n in self._desired.nodes if n.role != "load-balancer"]
        for node in balancers:
            for peer in [n for n in balancers if n.host != node.host][:1]:
                vrrp = Packet(protocol="vrrp", interface=node.interface, source=peer.address, destination=node.address)
                yield from self._firewall("FirewallVrrp", node, vrrp, confirmed=deaf)
            yield from self._firewall(
                "FirewallApiServer", node, _to_api(node, clients[0], self._desired.vip), confirmed=shut
            )
        for node in self._desired.by_role("control-plane"):
            packet = _to_api(node, balancers[0].address, node.address)
            yield from self._firewall("FirewallApiServer", node, packet, confirmed=False)

    def _firewall(self, test_name: str, node: Node, packet: Packet, *, confirmed: bool) -> Iterator[Row]:
        if node.host in self._answers:
            lines = self._answers[node.host].get(_FIREWALL, ())
            yield self._row(test_name, judge_firewall(lines, packet, confirmed=confirmed), host=node.host)

    # ---- who answers for it ----

    async def _foreign(self, holders: Holders, witnesses: Sequence[Node]) -> Verdict:
        """Holders ask for their own address, so that only somebody else can answer; a witness sees who wins."""
        asking = (*(n for n in self._balancers if holders.get(n.host)), *witnesses)
        questions = {
            node.host: Question(
                kind="neighbours", value=f"{(holders.get(node.host) or (node.interface,))[0]} {self._desired.vip}"
            )
            for node in asking
        }
        answers = await asyncio.gather(*(_try(self._connections[host], q) for host, q in questions.items()))
        return judge_foreign(
            self._desired.vip,
            {
                host: answering(a.get(question, ()))
                for (host, question), a in zip(questions.items(), answers, strict=True)
                if a is not None
            },
            {n.host: hardware_addresses(self._answers[n.host].get(_LINKS, ())) for n in self._balancers},
            {n.host: devices_of(self._answers[n.host].get(_ADDRESSES, ()), self._desired.vip) for n in self._others},
            self._silent,
        )

    # ---- who serves ----

    async def _servers(self, node: Node) -> Verdict:
        """The API servers behind one load balancer, once each was checked by it."""
        try:
            servers = await until(_all_checked, partial(self._read_servers, node), self._deadline)
        except HostError as error:
            return skipped(f"HAProxy's runtime socket cannot be asked: {error.what}", error.fix)
        if servers is None:
            return skipped(
                f"{HAPROXY_SOCKET} does not answer: HAProxy does not run, or neither SSH nor a program there can ask",
                f"let SSH forward UNIX sockets, or install socat on {node.host}",
            )
        return judge_servers(servers, len(self._desired.by_role("control-plane")), deployed=self._deployed)

    async def _read_servers(self, node: Node) -> tuple[Server, ...] | None:
        """What the load balancer's HAProxy says; None where nobody can ask it."""
        said = await self._connections[node.host].unix_exchange(HAPROXY_SOCKET, b"show stat\n")
        if said is None:
            return None
        return servers_of(said.decode(errors="replace"), apiserver_backend(self._desired.cluster.key))


def _to_api(node: Node, source: str, destination: str) -> Packet:
    return Packet(protocol="tcp", interface=node.interface, source=source, destination=destination, port=API_PORT)


def _one_holder(holders: Holders) -> bool:
    return sum(bool(devices) for devices in holders.values()) == 1


def _all_checked(servers: tuple[Server, ...] | None) -> bool:
    return servers is None or all(s.checked for s in servers)


async def _try(connection: Connection, question: Question) -> Answers | None:
    """One question to one host; None when the host fails (its own rows say why)."""
    try:
        return await ask(connection, question)
    except HostError:
        return None
