"""The state on real databases: what goes in comes out, and nothing is half-written."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from msgspec.structs import replace
from state_samples import BUNDLE_KEY, CLUSTER, FACTS, HOST, NETWORK, NODE, OFFLINE_DOWNLOAD, ROUTER_ID, VIP, fill

from aksprov.errors import AksprovError, ExitCode
from aksprov.model.cluster import ClusterStatus, LoadBalancerSettings, Node
from aksprov.model.desired import Snapshot
from aksprov.model.host import Host, Role
from aksprov.model.network import AddressRange, Lease, Network, RouterId
from aksprov.state import TakenError, open_store

# From 3.12 on Python warns of a fork beside threads, which other tests may have left; these children need none of them.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def test_what_goes_in_comes_out(place: str) -> None:
    fill(place)
    found = open_store(place).snapshot()
    assert found == Snapshot(
        state_id=found.state_id,
        revision=found.revision,
        networks={"lab": NETWORK},
        clusters={"demo": CLUSTER},
        statuses={"demo": ClusterStatus(state="Configured", details="x")},
        hosts={"web1": HOST},
        facts={"web1": FACTS},
        bundle_keys={"SHA256:x": BUNDLE_KEY},
        offline_downloads={"default": OFFLINE_DOWNLOAD},
        nodes=(NODE,),
        leases=(VIP,),
        router_ids=(ROUTER_ID,),
        late={("demo", "ca"): "-----BEGIN CERTIFICATE-----\n"},
    )
    assert len(found.state_id) == 32


def test_putting_again_replaces_and_removing_forgets(place: str) -> None:
    fill(place)
    store = open_store(place)
    with store.write() as transaction:
        transaction.put_status("demo", ClusterStatus(state="Failed"))
        transaction.put_late("demo", "ca", "other")
        transaction.remove_host("web1")
        transaction.remove_network("lab")
        inside = transaction.snapshot()
    found = open_store(place).snapshot()
    assert found == inside
    assert (found.statuses, found.late) == ({"demo": ClusterStatus(state="Failed")}, {("demo", "ca"): "other"})
    assert (found.hosts, found.facts, found.networks) == ({}, {}, {})
    assert (found.clusters, found.nodes) == ({"demo": CLUSTER}, (NODE,))


def test_a_missing_state_reads_as_empty_and_is_not_made(place: str) -> None:
    store = open_store(place)
    assert store.snapshot() == Snapshot()
    assert store.journal.completed("r") == set()
    assert store.journal.runs(["r"]) == {}
    assert store.host_leases() == ()
    store.check_free(["web1"])
    assert not store.created
    assert store.snapshot() == Snapshot()  # nothing was made by reading


def test_a_failed_transaction_leaves_nothing(place: str) -> None:
    fill(place)
    before = open_store(place).snapshot()
    store = open_store(place)
    with pytest.raises(RuntimeError, match="in the middle"), store.write() as transaction:
        transaction.remove_host("web1")
        transaction.put_network(NETWORK)
        raise RuntimeError("in the middle")
    assert store.snapshot() == before


def killed_in_the_middle(place: str) -> None:
    with open_store(place).write() as transaction:
        transaction.remove_host("web1")
        transaction.put_late("demo", "ca", "x" * 10_000_000)  # larger than any cache: it reaches the log
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_kill_in_a_write_transaction_leaves_the_old_state(place: str) -> None:
    fill(place)
    before = open_store(place).snapshot()
    child = multiprocessing.get_context("fork").Process(target=killed_in_the_middle, args=(place,))
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    store = open_store(place)
    assert store.snapshot() == before
    with store.write() as transaction:
        transaction.put_status("demo", ClusterStatus(state="Failed"))
    assert store.snapshot().statuses["demo"].state == "Failed"


def test_makers_at_the_same_moment_agree_on_one_state(place: str) -> None:
    context = multiprocessing.get_context("fork")
    barrier, ids = context.Barrier(8), context.SimpleQueue()

    def make(number: int) -> None:
        store = open_store(place)
        barrier.wait(30)
        with store.write() as transaction:
            transaction.put_host(Host(name=f"h{number}", address="h", os="linux"))
            ids.put((transaction.snapshot().state_id, store.created))

    children = [context.Process(target=make, args=(number,)) for number in range(8)]
    for child in children:
        child.start()
    answers = [ids.get() for _ in children]
    for child in children:
        child.join(30)
    assert len({state_id for state_id, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1
    assert len(open_store(place).snapshot().hosts) == 8
    if not place.startswith("postgresql:"):
        assert {p.name for p in Path(place).parent.iterdir()} <= {"state.db", "state.db-wal", "state.db-shm"}


def test_a_write_that_another_command_holds_up_ends_as_busy(place: str) -> None:
    fill(place)
    with (
        open_store(place).write(),
        pytest.raises(AksprovError) as caught,
        open_store(place, patience=0.05).write(),
    ):
        raise AssertionError("two writers at once")
    assert (caught.value.code, caught.value.exit_code) == ("StateBusy", ExitCode.BUSY)
    open_store(place).snapshot()


def test_a_reader_is_never_held_up_and_sees_one_moment(place: str) -> None:
    fill(place)
    with open_store(place).write() as transaction:
        transaction.remove_host("web1")
        assert "web1" in open_store(place, patience=0.05).snapshot().hosts
    assert "web1" not in open_store(place).snapshot().hosts


def test_what_is_recorded_already_may_be_added_again(place: str) -> None:
    fill(place)
    with open_store(place).write() as transaction:
        transaction.add_nodes([NODE])
        transaction.add_leases([VIP])
        transaction.add_router_id(ROUTER_ID)
        assert len(transaction.snapshot().leases) == 1


SHARING = replace(CLUSTER, load_balancer=LoadBalancerSettings(shared=True))
BALANCER = replace(NODE, role="load-balancer", pool="")
OWN_ADDRESS = Lease(address=NODE.address, network="lab", purpose="node", owner="host/web1", cluster="demo")


@pytest.mark.parametrize(
    ("mine", "theirs", "role"),
    [(False, True, "load-balancer"), (True, False, "load-balancer"), (True, True, "worker")],
)
def test_a_host_has_two_clusters_only_as_the_load_balancer_of_clusters_that_share(
    place: str, mine: bool, theirs: bool, role: Role
) -> None:
    both = {True: SHARING, False: CLUSTER}
    with open_store(place).write() as transaction:
        transaction.put_cluster(both[mine])
        transaction.put_cluster(replace(both[theirs], name="other"))
        transaction.add_nodes([BALANCER])
    with pytest.raises(TakenError, match="host web1 is taken"), open_store(place).write() as transaction:
        transaction.add_nodes([replace(BALANCER, cluster="other", role=role)])


def test_a_shared_hosts_address_stays_leased_until_the_last_cluster_has_left(place: str) -> None:
    store = open_store(place)
    with store.write() as transaction:
        transaction.put_network(NETWORK)
        for name in ("demo", "other"):
            transaction.put_cluster(replace(SHARING, name=name))
            transaction.add_nodes([replace(BALANCER, cluster=name)])
            transaction.add_leases([OWN_ADDRESS])
    with store.write() as transaction:
        transaction.forget_cluster("demo")
    assert store.snapshot().leases == (replace(OWN_ADDRESS, cluster="other"),)
    with store.write() as transaction:
        transaction.forget_cluster("other")
    assert (store.snapshot().leases, store.snapshot().nodes) == ((), ())


TAKEN = [
    ("HostTaken", "add_nodes", replace(NODE, cluster="other")),
    ("HostTaken", "add_nodes", replace(NODE, cluster="other", role="load-balancer")),
    ("HostTaken", "add_nodes", replace(NODE, address="10.0.0.12")),
    ("AddressTaken", "add_leases", replace(VIP, owner="cluster/other", cluster="other")),
    ("AddressTaken", "add_leases", replace(VIP, network="beside", owner="cluster/other", cluster="other")),
]


@pytest.mark.parametrize(("code", "method", "value"), TAKEN)
def test_a_second_taker_is_refused_in_the_transaction(place: str, code: str, method: str, value: Node | Lease) -> None:
    fill(place)
    store = open_store(place)
    with store.write() as transaction:
        transaction.put_network(
            Network(
                name="Beside",
                vswitch_name="x",
                ip_address_prefix="10.0.0.0/24",
                gateway="10.0.0.1",
                dns_servers=("10.0.0.2",),
                vip_pool=AddressRange(start="10.0.0.230", end="10.0.0.240"),
                node_pool=AddressRange(start="10.0.0.110", end="10.0.0.120"),
                site="shop17",
            )
        )
    before = store.snapshot()
    with pytest.raises(TakenError) as caught, store.write() as transaction:
        transaction.put_status("other", ClusterStatus())
        getattr(transaction, method)([value])
    assert (caught.value.code, caught.value.exit_code) == (code, ExitCode.BUSY)
    assert "demo" in caught.value.why
    assert store.snapshot() == before


def test_a_router_id_has_one_cluster_in_a_subnet(place: str) -> None:
    fill(place)
    store = open_store(place)
    with pytest.raises(TakenError), store.write() as transaction:
        transaction.add_router_id(RouterId(site="shop17", prefix="10.0.0.0/24", router_id=3, cluster="other"))
    with store.write() as transaction:
        transaction.add_router_id(RouterId(site="", prefix="10.0.0.0/24", router_id=3, cluster="other"))


def test_a_site_may_repeat_the_addresses_of_another(place: str) -> None:
    fill(place)
    with open_store(place).write() as transaction:
        transaction.put_network(replace(NETWORK, name="Lab18", site="Shop18"))
        transaction.add_leases([replace(VIP, network="lab18", cluster="b", owner="cluster/b")])
        assert len(transaction.snapshot().leases) == 2


def test_a_proposal_holds_while_the_definitions_are_the_same(place: str) -> None:
    """Whatever else is leased meanwhile: its rows are refused by themselves.  The cluster must be new."""
    fill(place)
    store = open_store(place)
    with store.write() as transaction:
        transaction.put_host(HOST)  # as it is already
        transaction.put_all_facts({"web1": FACTS})
        seen = transaction.snapshot()
        assert transaction.proposes_the_same(seen, "new") and not transaction.proposes_the_same(seen, "demo")
    with store.write() as transaction:
        transaction.add_leases([replace(VIP, address="10.0.0.201", owner="cluster/b", cluster="b")])
        transaction.put_status("b", ClusterStatus())
        assert transaction.proposes_the_same(seen, "new")
    with pytest.raises(TakenError), store.write() as transaction:
        transaction.add_cluster(replace(CLUSTER, name="New"))
        transaction.add_cluster(replace(CLUSTER, name="New"))
    assert "new" not in store.snapshot().clusters
    changes = (
        lambda t: t.put_host(replace(HOST, name="web2")),
        lambda t: t.put_network(replace(NETWORK, vlan_id=8)),
        lambda t: t.put_facts("web1", replace(FACTS, cpus=8)),
        lambda t: t.put_all_facts({"web1": replace(FACTS, cpus=9)}),
        lambda t: t.remove_host("web2"),
    )
    for change in changes:
        seen = store.snapshot()
        with store.write() as transaction:
            assert transaction.proposes_the_same(seen, "another")
            change(transaction)
            assert not transaction.proposes_the_same(seen, "another")
