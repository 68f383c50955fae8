"""What facts and a definition tell before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from aksprov.checks.preflight import preflight_rows
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts, Interface

VIP = "10.0.0.100"
PROGRAMS = {"haproxy": "2.6.12", "keepalived": "2.2.7", "containerd": "2.2.0"}
HOLDS_VIP = (Interface(name="eth0", addresses=("10.0.0.9/24", f"{VIP}/32")),)


@pytest.fixture
def desired(desired_of: Callable[..., Desired]) -> Desired:
    """One host of each role."""
    return desired_of({"cp1": "control-plane", "lb1": "load-balancer", "w1": "worker"})


def good(host: str, **other: Any) -> Facts:
    """Facts of a host that has all it needs."""
    return Facts(**{"hostname": host, "machine_id": f"id-{host}", "cgroup": "v2", "programs": PROGRAMS} | other)


def test_a_sound_cluster_has_no_rows(desired: Desired) -> None:
    """Nor has one whose hosts are not known yet, or whose load balancer holds the VIP already."""
    facts = {h: good(h) for h in ("cp1", "w1")} | {"lb1": good("lb1", interfaces=HOLDS_VIP)}
    assert preflight_rows(desired, facts) == preflight_rows(desired, {}) == ()


@pytest.mark.parametrize(
    ("host", "facts", "test_name", "result", "words"),
    [
        ("cp1", {"programs": {"containerd": "1.7.24"}}, "ContainerdVersion", "Warning", ("1.7.24", "2.2", "v1.36.4")),
        ("cp1", {"programs": {"containerd": "2.1.9"}}, "ContainerdVersion", "Warning", ("2.1.9",)),
        ("w1", {"cgroup": "v1"}, "CgroupVersion", "Warning", ("cgroup v1", "v1.36.4")),
        ("w1", {"hostname": "ubuntu"}, "HostNameMatches", "Warning", ("ubuntu", "w1")),
        ("w1", {"machine_id": "id-cp1"}, "UniqueMachineId", "Warning", ("id-cp1", "cp1")),
        ("w1", {"interfaces": HOLDS_VIP}, "NoForeignHolder", "Failed", ("eth0", VIP)),
        ("other", {"interfaces": HOLDS_VIP}, "NoForeignHolder", "Failed", ("eth0", VIP)),
    ],
)
def test_what_is_wrong_with_a_host(
    host: str, facts: dict[str, Any], test_name: str, result: str, words: tuple[str, ...], desired: Desired
) -> None:
    """Each with its host, the two values, and what to do."""
    rows = preflight_rows(desired, {h: good(h) for h in ("cp1", "lb1", "w1")} | {host: good(host, **facts)})
    row = next(r for r in rows if r.host == host)
    assert (row.test_name, row.test_result, row.cluster) == (test_name, result, "demo")
    assert all(word in row.details for word in words)
    assert row.recommendation


@pytest.mark.parametrize(
    ("host", "facts"),
    [
        ("cp1", {"programs": {}}),
        ("cp1", {"programs": {"containerd": ""}}),
        ("cp1", {"programs": {"containerd": "2.10.1"}}),
        ("lb1", {"cgroup": "v1"}),
        ("w1", {"hostname": "W1.shop.example"}),
    ],
)
def test_what_is_not_wrong(host: str, facts: dict[str, Any], desired: Desired) -> None:
    """Not installed is not too old, an unknown version neither, 2.10 is newer than 2.2, a load balancer runs no
    kubelet, and a host may know its domain.
    """
    assert preflight_rows(desired, {host: good(host, **facts)}) == ()


def test_cloned_hosts_each_get_a_row(desired: Desired) -> None:
    rows = preflight_rows(desired, {h: good(h, hostname="debian", machine_id="same") for h in ("cp1", "w1")})
    assert {(r.test_name, r.host) for r in rows} == {
        (name, host) for name in ("HostNameMatches", "UniqueHostName", "UniqueMachineId") for host in ("cp1", "w1")
    }


def test_older_kubernetes_asks_for_less(desired_of: Callable[..., Desired]) -> None:
    """1.34 starts on cgroup v1 and with containerd 1.7."""
    old = desired_of({"cp1": "control-plane"}, version="v1.34.2")
    assert preflight_rows(old, {"cp1": good("cp1", cgroup="v1", programs={"containerd": "1.7.28"})}) == ()


def test_an_old_kubelet_hardly_knows_cgroup_v2(desired_of: Callable[..., Desired]) -> None:
    old = desired_of({"cp1": "control-plane"}, version="v1.20.15")
    assert [r.test_name for r in preflight_rows(old, {"cp1": good("cp1", cgroup="v1", programs={})})] == []
    (row,) = preflight_rows(old, {"cp1": good("cp1", programs={})})
    assert (row.test_name, row.test_result) == ("CgroupVersion", "Warning")


def test_an_old_kubelet_cannot_talk_to_a_new_containerd(desired_of: Callable[..., Desired]) -> None:
    """containerd 2.0 dropped what a kubelet before 1.23 speaks."""
    old = desired_of({"cp1": "control-plane"}, version="v1.22.17")
    (row,) = preflight_rows(old, {"cp1": good("cp1", programs={"containerd": "2.1.9"})})
    assert (row.test_name, row.test_result) == ("ContainerdVersion", "Warning")
    assert "2.1.9" in row.details and "1.5 to 1.7" in row.details and "1.5 to 1.7" in row.recommendation


def test_another_site_may_have_the_same_addresses(desired_of: Callable[..., Desired]) -> None:
    shop = desired_of({"lb1": "load-balancer"}, site="shop17")
    assert preflight_rows(shop, {"elsewhere": good("elsewhere", interfaces=HOLDS_VIP)}) == ()


@pytest.mark.parametrize(
    ("dataplane", "kernel", "asked"),
    [
        ("ebpf", "4.19.0-27-amd64", "5.10"),
        ("nftables", "5.10.0-35-amd64", "5.13"),
        ("ebpf", "5.10.0-35-amd64", ""),
        ("nftables", "6.1.0-18-amd64", ""),
        ("ebpf", "", ""),
        ("iptables", "4.19.0-27-amd64", ""),
    ],
)
def test_a_data_plane_asks_for_a_kernel(dataplane: str, kernel: str, asked: str, desired: Desired) -> None:
    """Of nodes only: load balancers run nothing of it."""
    what = msgspec.structs.replace(
        desired, cluster=msgspec.structs.replace(desired.cluster, calico_dataplane=dataplane)
    )
    rows = preflight_rows(what, {host: good(host, kernel=kernel) for host in ("w1", "lb1")})
    assert [(r.test_name, r.test_result, r.host) for r in rows] == [("KernelVersion", "Warning", "w1")] * bool(asked)
    assert all(asked in r.details and asked in r.recommendation and kernel in r.details for r in rows)
