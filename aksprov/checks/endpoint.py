"""The API server's endpoint as several hosts see it: who holds the VIP, who listens, who serves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

from aksprov.checks.ask import ask, until
from aksprov.checks.compile import Answers, Question
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

_ADDRESSES = Question(kind="addresses")
_LINKS = Question(kind="links")
Holders = dict[str, tuple[str, ...]]


class Endpoint:
    """The checks that need several hosts.

    Args:
        connections: hosts that answered, by key.
        answers: what they answered, with their addresses and links.
        settle: how long to wait in all, in seconds, for what is on its way.
    """

    def __init__(
        self, desired: Desired, connections: Mapping[str, Connection], answers: Mapping[str, Answers], settle: float
    ) -> None:
        self._desired = desired
        self._connections = connections
        self._answers = answers
        self._settle = settle
        balancers = desired.by_role("load-balancer")
        self._balancers = [n for n in balancers if n.host in answers]
        self._silent = [n.host for n in balancers if n.host not in answers]
        self._others = [n for n in desired.nodes if n.role != "load-balancer" and n.host in answers]

    async def rows(self) -> tuple[Row, ...]:
        """All rows; none for a cluster without load balancers."""
        if not self._desired.by_role("load-balancer"):
            return ()
        deadline = asyncio.get_running_loop().time() + self._settle
        vip = self._desired.vip
        holders = self._held(self._answers)
        if not _one_holder(holders):
            holders = await until(_one_holder, self._read_holders, deadline)
        listening = await self._listening(deadline)
        foreign = await self._foreign(holders)
        servers = await asyncio.gather(*(self._servers(node, deadline) for node in self._balancers))
        return (
            self._row("ExactlyOneMaster", judge_master(vip, holders, self._silent)),
            self._row("ApiEndpointListening", listening),
            self._row("NoForeignHolder", foreign),
            *(
                self._row("ApiServersUp", verdict, host=node.host)
                for node, verdict in zip(self._balancers, servers, strict=True)
            ),
        )

    def _row(self, test_name: str, verdict: Verdict, *, host: str = "") -> Row:
        return make_row(test_name, "LoadBalancer", verdict, host=host, cluster=self._desired.cluster.name)

    # ---- who holds the VIP ----

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

    def _witnesses(self) -> list[Node]:
        """Hosts that look at the VIP from outside, the best one first."""
        return self._others or self._balancers[1:]

    async def _listening(self, deadline: float) -> Verdict:
        """Whether a connection to the VIP opens, as seen from the first host that can try."""
        endpoint = f"{self._desired.vip}:{API_PORT}"
        reason = "no other host of the cluster answers"
        for node in self._witnesses():
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

    # ---- who answers for it ----

    async def _foreign(self, holders: Holders) -> Verdict:
        """Holders ask for their own address, so that only somebody else can answer; a witness sees who wins."""
        asking = [n for n in self._balancers if holders.get(n.host)] + self._witnesses()[:1]
        questions = {
            node.host: Question(
                kind="neighbour", value=f"{self._desired.vip} {(holders.get(node.host) or (node.interface,))[0]}"
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

    async def _servers(self, node: Node, deadline: float) -> Verdict:
        """The API servers behind one load balancer, once each was checked by it."""
        try:
            servers = await until(_all_checked, partial(self._read_servers, node), deadline)
        except HostError as error:
            return skipped(f"HAProxy's runtime socket cannot be asked: {error.what}", error.fix)
        if servers is None:
            return skipped(
                f"{HAPROXY_SOCKET} does not answer: HAProxy does not run, or neither SSH nor a program there can ask",
                f"let SSH forward UNIX sockets, or install socat on {node.host}",
            )
        return judge_servers(servers, len(self._desired.by_role("control-plane")))

    async def _read_servers(self, node: Node) -> tuple[Server, ...] | None:
        """What the load balancer's HAProxy says; None where nobody can ask it."""
        said = await self._connections[node.host].unix_exchange(HAPROXY_SOCKET, b"show stat\n")
        if said is None:
            return None
        return servers_of(said.decode(errors="replace"), apiserver_backend(self._desired.cluster.key))


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
