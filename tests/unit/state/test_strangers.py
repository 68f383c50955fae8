"""Addresses that somebody answered for, on both databases: in quarantine, shown, and free again when released.

Seen to fail: without the purpose in the rules of a network's users, a network could not be removed any more; without
its strangers in `remove_network`, their addresses stayed when it went.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from state_samples import NETWORK

from aksprov.cmdlets.binding import bind
from aksprov.cmdlets.catalog import find_verb
from aksprov.errors import DefinitionError
from aksprov.events import EventStream
from aksprov.ipam.allocate import propose_vip
from aksprov.ipam.consistency import consistency_rows
from aksprov.model.desired import Snapshot
from aksprov.model.network import Lease
from aksprov.model.outcome import Outcome
from aksprov.model.quarantine import of_stranger
from aksprov.state import TakenError, open_store
from aksprov.workflows import get_cluster_network, remove_cluster_network, set_cluster_network
from aksprov.workflows.session import Session

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
MAC = "52:54:00:aa:bb:cc"
STRANGER = of_stranger("10.0.0.200", "lab", MAC)
VIP = Lease(address="10.0.0.201", network="lab", purpose="vip", owner="cluster/demo", cluster="demo")
VERBS = {m.__name__.rpartition(".")[2].replace("_", "-"): m for m in (
    get_cluster_network, remove_cluster_network, set_cluster_network)}  # fmt: skip


class Nobody:
    """There is no terminal."""

    interactive = False

    def confirm(self, question: str) -> bool:
        """Nobody is asked."""
        raise AssertionError(question)

    async def secret(self, question: str) -> str:
        """Nobody is asked."""
        raise AssertionError(question)


def run(place: str, verb: str, **given: str) -> Outcome:
    """A verb on the sample's network."""
    declared = find_verb(verb)
    assert declared is not None
    texts = {name: [text] if text else [] for name, text in ({"name": "lab"} | given).items()}
    session = Session(state_url=place, events=EventStream(lambda: NOW), clock=lambda: NOW, asker=Nobody())
    request = bind(declared, texts)
    request = msgspec.structs.replace(request, values=request.values | {"yes": True})
    outcome: Outcome = VERBS[verb].run(request, session)
    return outcome


@pytest.fixture
def made(place: str) -> str:
    """A state with the network, an address in quarantine and one that a cluster has."""
    with open_store(place).write() as transaction:
        transaction.put_network(NETWORK)
        transaction.add_leases([STRANGER, VIP])
    return place


def snapshot(place: str) -> Snapshot:
    return open_store(place).snapshot()


def test_an_address_in_quarantine_is_handed_out_to_nobody_until_it_is_released(made: str) -> None:
    assert propose_vip(NETWORK, snapshot(made)) == "10.0.0.202"
    with pytest.raises(TakenError) as caught, open_store(made).write() as transaction:
        transaction.add_leases([msgspec.structs.replace(VIP, address="10.0.0.200")])
    assert MAC in caught.value.why
    with open_store(made).write() as transaction:
        transaction.add_leases([STRANGER])  # found again by the same run
    planned = run(made, "set-cluster-network", release="10.0.0.200-10.0.0.205", whatIf="")
    assert planned.plan is not None and planned.plan.pools
    assert [(p.pool, p.change, p.addresses) for p in planned.plan.pools] == [("Quarantine", "remove", "10.0.0.200")]
    assert STRANGER in snapshot(made).leases
    freed = run(made, "set-cluster-network", release="10.0.0.200-10.0.0.205")
    assert freed.notes == (f"10.0.0.200 is out of quarantine; {MAC} had answered for it",)
    assert snapshot(made).leases == (VIP,)
    assert propose_vip(NETWORK, snapshot(made)) == "10.0.0.200"
    assert "nothing to change" in run(made, "set-cluster-network", release="10.0.0.200-10.0.0.205").notes[0]


def test_it_is_shown_with_who_answered(made: str) -> None:
    (shown,) = run(made, "get-cluster-network", addresses="", map="").objects
    entry = {"Address": "10.0.0.200", "Count": 1, "Pool": "VIP", "State": "Quarantined", "Owner": f"ethernet/{MAC}",
             "Cluster": ""}  # fmt: skip
    assert entry in shown["Addresses"] and shown["Map"][0]["Quarantined"] == 1
    assert entry in shown["Map"][0]["Addresses"]


def test_it_is_no_fault_of_the_state_and_no_user_of_its_network(made: str) -> None:
    assert "ethernet" not in str(consistency_rows(snapshot(made)))
    for given in ({"removeVipRange": "10.0.0.200"}, {"reserve": "10.0.0.200"}):
        with pytest.raises(DefinitionError) as caught:
            run(made, "set-cluster-network", **given)
        assert caught.value.code == "AddressLeased"
        assert MAC in caught.value.why and "--release" in caught.value.fix
    with open_store(made).write() as transaction:
        transaction.forget_cluster("demo")
    assert STRANGER in snapshot(made).leases
    run(made, "remove-cluster-network")
    assert (snapshot(made).networks, snapshot(made).leases) == ({}, ())
