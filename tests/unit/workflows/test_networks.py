"""The network verbs, from their words to what is recorded and printed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from aksprov.cmdlets.binding import bind
from aksprov.cmdlets.catalog import find_verb
from aksprov.errors import AksprovError, ExitCode
from aksprov.events import EventStream
from aksprov.model.cluster import Cluster
from aksprov.model.desired import Snapshot
from aksprov.model.network import Lease
from aksprov.model.outcome import Outcome
from aksprov.state import open_store
from aksprov.workflows import (
    get_cluster_network,
    get_kubernetes_version,
    get_vm_size,
    new_cluster_network,
    new_load_balancer_setting,
    new_network_setting,
    remove_cluster_network,
    set_cluster_network,
)
from aksprov.workflows.session import Session

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
VERBS = {
    "get-cluster-network": get_cluster_network,
    "get-kubernetes-version": get_kubernetes_version,
    "get-vm-size": get_vm_size,
    "new-cluster-network": new_cluster_network,
    "new-load-balancer-setting": new_load_balancer_setting,
    "new-network-setting": new_network_setting,
    "remove-cluster-network": remove_cluster_network,
    "set-cluster-network": set_cluster_network,
}
Run = Callable[..., Outcome]
LAB = {
    "name": "Lab",
    "vswitchName": "External",
    "ipAddressPrefix": "10.0.0.0/24",
    "gateway": "10.0.0.1",
    "dnsServers": ["10.0.0.2", "10.0.0.3"],
    "vipPoolStart": "10.0.0.200",
    "vipPoolEnd": "10.0.0.220",
    "k8sNodeIpPoolStart": "10.0.0.10",
    "k8sNodeIpPoolEnd": "10.0.0.100",
}
SHOWN = {
    "Name": "Lab",
    "VswitchName": "External",
    "IpAddressPrefix": "10.0.0.0/24",
    "Gateway": "10.0.0.1",
    "DnsServers": ["10.0.0.2", "10.0.0.3"],
    "MacPoolName": None,
    "Vlanid": 0,
    "VipPoolStart": "10.0.0.200",
    "VipPoolEnd": "10.0.0.220",
    "K8snodeIPPoolStart": "10.0.0.10",
    "K8snodeIPPoolEnd": "10.0.0.100",
    "Site": None,
    "UpgradeReserve": 5,
    "VipPoolRanges": ["10.0.0.200-10.0.0.220"],
    "NodePoolRanges": ["10.0.0.10-10.0.0.100"],
    "ReservedRanges": [],
    "DhcpScope": None,
}


class Person:
    """Someone at a terminal who always says the same."""

    interactive = True

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def confirm(self, question: str) -> bool:
        """The same answer to every question."""
        self.asked.append(question)
        return self.answer


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a verb as the program would, on a state of the test's own."""

    def run(
        verb: str, given: dict[str, str | list[str]] | None = None, *, answer: bool = False, flags: tuple[str, ...] = ()
    ) -> Outcome:
        declared = find_verb(verb)
        assert declared is not None
        texts = {k: v if isinstance(v, list) else [v] for k, v in (given or {}).items()}
        request = bind(declared, texts)
        request = msgspec.structs.replace(request, values=request.values | dict.fromkeys(flags, True))
        session = Session(
            state_url=str(tmp_path / "state.db"),
            events=EventStream(lambda: NOW),
            clock=lambda: NOW,
            asker=Person(answer),
        )
        return VERBS[verb].run(request, session)

    return run


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[[], Snapshot]:
    """What the test's state has."""
    return lambda: open_store(str(tmp_path / "state.db")).snapshot()


def use(folder: Path, network: str = "Lab") -> None:
    """Let cluster Demo use the network."""
    with open_store(str(folder / "state.db")).write() as transaction:
        transaction.put_cluster(Cluster(name="Demo", network=network, kubernetes_version="v1.36.4"))
        transaction.add_leases(
            [Lease(address="10.0.0.200", network=network.lower(), purpose="vip", owner="cluster/demo", cluster="demo")]
        )


def test_a_new_network_is_recorded_and_shown_with_akshcis_properties(
    run: Run, recorded: Callable[[], Snapshot]
) -> None:
    made = run("new-cluster-network", LAB)
    assert (made.objects, made.single, made.exit_code) == ((SHOWN,), True, ExitCode.OK)
    assert list(made.objects[0]) == list(SHOWN)
    assert "state.db" in made.notes[-1]
    assert list(recorded().networks) == ["lab"]
    assert run("get-cluster-network").objects == (SHOWN,)
    assert run("get-cluster-network", {"name": "LAB"}).objects == (SHOWN,)


def test_host_bits_are_told_and_not_kept(run: Run) -> None:
    made = run("new-cluster-network", LAB | {"ipAddressPrefix": "10.0.0.77/24", "vlanID": "7", "site": "Shop17"})
    assert made.notes[0] == "the prefix 10.0.0.77/24 is taken as its network, 10.0.0.0/24"
    assert made.objects[0] == SHOWN | {"Vlanid": 7, "Site": "Shop17"}


@pytest.mark.parametrize(
    "again",
    [
        LAB,
        LAB | {"name": "LAB", "ipAddressPrefix": "10.0.0.9/24"},
        {**LAB, "vlanID": "7"},
    ],
)
def test_the_same_command_again_has_nothing_to_change(
    run: Run, recorded: Callable[[], Snapshot], again: dict[str, str | list[str]]
) -> None:
    run("new-cluster-network", LAB | {"vlanID": "7"})
    before = recorded()
    outcome = run("new-cluster-network", again)
    assert (outcome.exit_code, outcome.objects) == (ExitCode.OK, (SHOWN | {"Vlanid": 7},))
    assert "nothing to change" in outcome.notes[-1]
    assert recorded() == before


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"gateway": "10.0.0.4"}, "gateway 10.0.0.1 10.0.0.4"),
        ({"dnsServers": ["10.0.0.2"]}, "dnsServers 10.0.0.2, 10.0.0.3"),
        ({"vipPoolEnd": "10.0.0.230", "vlanID": "3"}, "vipPoolEnd vlanID 10.0.0.230 3"),
        ({"site": "shop17"}, "site not given shop17"),
        ({"vswitchName": "Internal"}, "vswitchName Internal"),
        ({"k8sNodeIpPoolStart": "10.0.0.220"}, "PoolReversed"),
    ],
)
def test_the_same_name_with_other_values_is_refused(
    run: Run, recorded: Callable[[], Snapshot], values: dict[str, str | list[str]], words: str
) -> None:
    run("new-cluster-network", LAB)
    before = recorded()
    with pytest.raises(AksprovError) as caught:
        run("new-cluster-network", LAB | values)
    error = caught.value
    assert error.exit_code == ExitCode.DEFINITION
    if words != error.code:
        assert error.code == "NetworkExistsDifferently"
        assert "remove-cluster-network" in error.fix
        assert [word for word in words.split() if word not in f"{error.where} {error.why}"] == []
        assert len(error.where.split(", ")) == len(values)
    assert recorded() == before


def test_a_refused_network_leaves_no_state_behind(run: Run, tmp_path: Path) -> None:
    with pytest.raises(AksprovError, match="gateway"):
        run("new-cluster-network", LAB | {"gateway": "10.0.0.50"})
    with pytest.raises(AksprovError, match="no network"):
        run("remove-cluster-network", {"name": "Lab"}, flags=("yes",))
    assert run("get-cluster-network").objects == ()
    assert list(tmp_path.iterdir()) == []


def test_what_if_says_what_would_be_made_and_stores_nothing(run: Run, tmp_path: Path) -> None:
    outcome = run("new-cluster-network", LAB, flags=("whatIf",))
    assert outcome.exit_code == ExitCode.WOULD_CHANGE
    assert outcome.plan is not None and outcome.plan.objects == ("network/Lab",) and len(outcome.plan.hash) == 64
    assert list(tmp_path.iterdir()) == []
    run("new-cluster-network", LAB)
    assert run("new-cluster-network", LAB, flags=("whatIf",)).exit_code == ExitCode.OK


def test_a_network_in_use_is_not_removed_and_its_users_are_named(
    run: Run, recorded: Callable[[], Snapshot], tmp_path: Path
) -> None:
    run("new-cluster-network", LAB)
    use(tmp_path)
    with pytest.raises(AksprovError) as caught:
        run("remove-cluster-network", {"name": "lab"}, flags=("yes",))
    assert (caught.value.code, caught.value.exit_code) == ("NetworkInUse", ExitCode.DEFINITION)
    assert "cluster Demo" in caught.value.why
    assert "lab" in recorded().networks


def test_removal_asks_first(run: Run, recorded: Callable[[], Snapshot]) -> None:
    run("new-cluster-network", LAB)
    run("remove-cluster-network", {"name": "lab"}, answer=False)
    assert run("remove-cluster-network", {"name": "lab"}, flags=("whatIf",)).exit_code == ExitCode.WOULD_CHANGE
    assert "lab" in recorded().networks
    run("remove-cluster-network", {"name": "lab"}, answer=True)
    assert recorded().networks == {}


def test_addresses_show_each_lease_and_what_is_free(run: Run, tmp_path: Path) -> None:
    run("new-cluster-network", LAB)
    use(tmp_path)
    [shown] = run("get-cluster-network", {"clusterName": "DEMO"}, flags=("addresses",)).objects
    addresses = shown.pop("Addresses")
    assert shown == SHOWN
    free = {"State": "Free", "Owner": "", "Cluster": ""}
    assert addresses == [
        {
            "Address": "10.0.0.200",
            "Count": 1,
            "Pool": "VIP",
            "State": "Leased",
            "Owner": "cluster/demo",
            "Cluster": "demo",
        },
        {"Address": "10.0.0.201-10.0.0.220", "Count": 20, "Pool": "VIP", **free},
        {"Address": "10.0.0.10-10.0.0.100", "Count": 91, "Pool": "Node", **free},
    ]


@pytest.mark.parametrize(
    ("given", "code"), [({"name": "other"}, "NetworkNotFound"), ({"clusterName": "other"}, "ClusterNotFound")]
)
def test_an_unknown_name_is_not_found(run: Run, given: dict[str, str | list[str]], code: str) -> None:
    run("new-cluster-network", LAB)
    with pytest.raises(AksprovError) as caught:
        run("get-cluster-network", given)
    assert (caught.value.code, caught.value.exit_code) == (code, ExitCode.NOT_FOUND)


def test_settings_are_printed_and_nothing_is_stored(run: Run, tmp_path: Path) -> None:
    network = run("new-network-setting", LAB)
    ours = ("Site", "UpgradeReserve", "VipPoolRanges", "NodePoolRanges", "ReservedRanges", "DhcpScope")
    assert (network.single, network.objects[0]) == (True, {k: v for k, v in SHOWN.items() if k not in ours})
    with pytest.raises(AksprovError, match="overlap"):
        run("new-network-setting", LAB | {"vipPoolStart": "10.0.0.50"})
    balancer = run("new-load-balancer-setting", {"name": "lb", "loadBalancerSku": "haproxy", "loadBalancerCount": "2"})
    assert balancer.objects == ({"Name": "lb", "Sku": "HAProxy", "Count": 2, "VMSize": "Standard_A4_v2"},)
    assert list(tmp_path.iterdir()) == []


def test_sizes_and_versions_have_the_properties_that_are_declared(run: Run) -> None:
    for verb in ("get-vm-size", "get-kubernetes-version"):
        declared = find_verb(verb)
        assert declared is not None
        rows = run(verb).objects
        assert rows and all(list(row) == [p.name for p in declared.outputs] for row in rows)
    sizes = {row["VmSize"]: row for row in run("get-vm-size").objects}
    assert sizes["Standard_A4_v2"] == {
        "VmSize": "Standard_A4_v2", "CPU": 4, "MemoryGB": 8, "GPU Type": None, "GPU Count": None,
    }  # fmt: skip
    assert (sizes["Standard_NK12"]["GPU Type"], sizes["Standard_NK12"]["GPU Count"]) == ("Tesla T4", 2)
