"""IPv6 networks, VIPs and clusters of IPv6 first are refused with 69 on both databases, before anything is leased.

Seen to fail: without `_check_order` the cluster of IPv6 first had its VIP leased.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from state_samples import NETWORK

from aksprov.cmdlets.binding import bind
from aksprov.cmdlets.catalog import find_verb
from aksprov.errors import ExitCode, NotAvailableError
from aksprov.events import EventStream
from aksprov.model.host import Host
from aksprov.state import open_store
from aksprov.workflows import new_cluster, new_cluster_network, set_cluster_network
from aksprov.workflows.session import Session

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
VERBS = {
    "new-cluster": new_cluster,
    "new-cluster-network": new_cluster_network,
    "set-cluster-network": set_cluster_network,
}
STATIC = {
    "name": "six",
    "vswitchName": "eth0",
    "ipAddressPrefix": "10.6.0.0/24",
    "gateway": "10.6.0.1",
    "dnsServers": "10.6.0.2",
    "vipPoolStart": "10.6.0.200",
    "vipPoolEnd": "10.6.0.220",
    "k8sNodeIpPoolStart": "10.6.0.10",
    "k8sNodeIpPoolEnd": "10.6.0.100",
}
CLUSTER = {"name": "six", "configureOnly": "", "primaryNetworkPlugin": "calico"}
FIRST = "fd00:10:244::/56"
CASES: list[tuple[str, dict[str, str]]] = [
    *(("new-cluster-network", STATIC | {name: f"fd00::{text}"}) for name, text in (
        ("ipAddressPrefix", "/64"), ("gateway", "1"), ("dnsServers", "2"), ("vipPoolStart", "200"),
        ("vipPoolEnd", "220"), ("k8sNodeIpPoolStart", "10"), ("k8sNodeIpPoolEnd", "100"),
    )),
    *(("set-cluster-network", {"name": "lab", option: "fd00::5"}) for option in (
        "addVipRange", "addNodeRange", "removeVipRange", "removeNodeRange", "reserve", "release"
    )),
    ("new-cluster", CLUSTER | {"podCidr": FIRST}),
    ("new-cluster", CLUSTER | {"podCidr": FIRST, "serviceCidr": "fd00:10:96::/112"}),
    ("new-cluster", CLUSTER | {"serviceCidr": "fd00:10:96::/112"}),
    ("new-cluster", CLUSTER | {"podCidr": f"{FIRST},10.244.0.0/16"}),
]  # fmt: skip


class Nobody:
    """There is no terminal."""

    interactive = False

    def confirm(self, question: str) -> bool:
        """Nobody is asked."""
        raise AssertionError(question)

    async def secret(self, question: str) -> str:
        """Nobody is asked."""
        raise AssertionError(question)


@pytest.mark.parametrize("whole_run", [True, False], ids=["run", "what-if"])
def test_nothing_of_ipv6_is_half_done(place: str, tmp_path: Path, whole_run: bool) -> None:
    with open_store(place).write() as transaction:
        transaction.put_network(NETWORK)
        for number in range(4):
            interfaces, labels = {NETWORK.vswitch_name: "eth0"}, {"site": "shop17"}
            address = f"10.0.0.{20 + number}"
            transaction.put_host(
                Host(name=f"h{number}", address=address, os="linux", interfaces=interfaces, labels=labels)
            )
    before = open_store(place).snapshot()
    for verb, given in CASES:
        more: dict[str, Any] = {"outputDir": str(tmp_path / "out")} if verb == "new-cluster" else {}
        with pytest.raises(NotAvailableError) as caught:
            run(place, verb, given | more | ({} if whole_run else {"whatIf": ""}))
        assert (caught.value.code, caught.value.exit_code) == ("Ipv6NotAvailable", ExitCode.NOT_AVAILABLE), (
            verb,
            given,
        )
    assert open_store(place).snapshot() == before
    assert not (tmp_path / "out").exists()


def run(place: str, verb: str, given: dict[str, str]) -> None:
    """A verb, as the program would run it."""
    declared = find_verb(verb)
    assert declared is not None
    texts = {name: [text] if text else [] for name, text in given.items()}
    session = Session(state_url=place, events=EventStream(lambda: NOW), clock=lambda: NOW, asker=Nobody())
    VERBS[verb].run(bind(declared, texts), session)
