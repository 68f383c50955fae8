"""Hosts that are no virgins: every row of what would be in Kubernetes' way, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aksprov.checks.preflight import preflight_rows
from aksprov.facts.parse import parse_observation
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts, Interface, Observed
from aksprov.model.node_settings import NodeSettings
from aksprov.model.row import Row
from aksprov.model.situation import Listener, Route, Service, Situation

RECORDED = Path(__file__).parents[1] / "facts" / "recorded"
RESOLVED = "/run/systemd/resolve/resolv.conf"
NGINX = Listener(address="*", port=6443, process="nginx (pid 8)")
PROXY = {"HTTPS_PROXY": "http://user:hidden@proxy.example:3128"}


@pytest.fixture
def desired(desired_of: Callable[..., Desired]) -> Desired:
    """One host of each role, and two workers."""
    return desired_of({"cp1": "control-plane", "lb1": "load-balancer", "w1": "worker", "w2": "worker"})


def rows_of(
    desired: Desired,
    situations: dict[str, Situation],
    facts: dict[str, Any] | None = None,
    *,
    starting: bool = True,
    certificate: str = "",
    ca: str = "",
) -> list[Row]:
    """Rows of a cluster whose hosts have nothing else that is wrong."""
    known = {
        n.host: Facts(
            **{"hostname": n.host, "machine_id": f"id-{n.host}", "cgroup": "v2"} | (facts or {}).get(n.host, {})
        )
        for n in desired.nodes
    }
    observed = {
        host: Observed(host=host, facts=known[host], situation=situation, ca_certificate=ca)
        for host, situation in situations.items()
    }
    return list(preflight_rows(desired, known, observed, certificate=certificate, starting=starting))


def with_settings(desired: Desired, **kubelet: object) -> Desired:
    settings = NodeSettings(kubelet=kubelet)
    return msgspec.structs.replace(desired, cluster=msgspec.structs.replace(desired.cluster, node_settings=settings))


FAILS = [
    ("cp1", {"cpus": 1, "memory_mb": 4000}, {}, "KubeadmMinimum", ("1 CPUs", "1700")),
    ("cp1", {"cpus": 4, "memory_mb": 1699}, {}, "KubeadmMinimum", ("1699",)),
    ("w1", {"disk_free_mb": 900}, {}, "DiskFree", ("900",)),
    ("w1", {"cgroup": "v1"}, {}, "CgroupVersion", ("v1", "1.36")),
    ("w1", {}, {"controllers": frozenset({"cpu", "cpuset", "pids"})}, "CgroupControllers", ("memory",)),
    ("w1", {}, {"swaps": ("/dev/zram0",)}, "SwapOff", ("zram0",)),
    ("cp1", {}, {"listeners": (NGINX,)}, "PortsFree", ("nginx (pid 8)", "6443")),
    ("w1", {}, {"listeners": (Listener(address="*", port=10250),)}, "PortsFree", ("10250", "kubelet")),
    ("w1", {}, {"kubelet_defaults": {"X": "--network-plugin=cni"}}, "KubeletFlags", ("--network-plugin",)),
    (
        "w1",
        {},
        {"services": {"containerd": Service(command=("containerd", "--config", "/srv/c.toml"))}},
        "ContainerdConfiguration",
        ("/srv/c.toml",),
    ),
    ("w1", {}, {"clock_off": -400.0}, "ClockSkew", ("400 s behind",)),
]  # fmt: skip


@pytest.mark.parametrize(("host", "facts", "situation", "test_name", "words"), FAILS)
def test_kubernetes_would_not_start(
    host: str,
    facts: dict[str, Any],
    situation: dict[str, Any],
    test_name: str,
    words: tuple[str, ...],
    desired: Desired,
) -> None:
    """Failed where it is to be started, a Warning where hosts are only configured."""
    for starting, result in ((True, "Failed"), (False, "Warning")):
        (row,) = rows_of(desired, {host: Situation(**situation)}, {host: facts}, starting=starting)
        assert (row.test_name, row.test_result, row.host) == (test_name, result, host)
        assert all(word in row.details for word in words), row.details
        assert row.recommendation


WARNS = [
    ({"disk_free_mb": 4000}, {}, "DiskFree", ("4000",)),
    ({}, {"modules": {"vxlan": "modprobe: FATAL: Module vxlan not found"}}, "KernelModules", ("vxlan", "FATAL")),
    ({}, {"swap_sources": ("/etc/fstab: /swapfile",)}, "SwapAfterReboot", ("/etc/fstab: /swapfile",)),
    ({}, {"listeners": (Listener(address="*", port=10256, process="x (pid 1)"),)}, "PortsFree", ("kube-proxy",)),
    ({"interfaces": (Interface(name="vxlan.calico"),)}, {}, "ClusterLeftovers", ("vxlan.calico",)),
    ({}, {"remains": ("chain KUBE-SERVICES of iptables",)}, "ClusterLeftovers", ("KUBE-SERVICES",)),
    ({}, {"cni_files": ("05-x.conflist", "99-loopback.conf")}, "CniFilesOfOthers", ("05-x.conflist comes before",)),
    ({}, {"routes": (Route(prefix="10.244.3.0/24", device="docker0"),)}, "ClusterCidrFree", ("docker0", "pods")),
    ({}, {"routes": (Route(prefix="10.100.0.0/16", device="virbr0"),)}, "ClusterCidrFree", ("virbr0", "services")),
    ({}, {"routes": (Route(prefix="10.240.0.0/12", device="eth1"),)}, "ClusterCidrFree", ("eth1",)),
    ({"resolver": "/etc/resolv.conf"}, {}, "NameResolution", ("names no server",)),
    ({"resolver": "/etc/resolv.conf"}, {"name_servers": ("127.0.0.1",)}, "NameResolution", ("127.0.0.1",)),
    ({}, {"kubelet_defaults": {"KUBELET_EXTRA_ARGS": "--v=4"}}, "KubeletFlags", ("--v",)),
    ({}, {"containerd_configuration": 'disabled_plugins = ["cri"]'}, "ContainerdConfiguration", ("CRI",)),
    ({}, {"containerd_configuration": 'imports = ["x"]'}, "ContainerdConfiguration", ("imports",)),
    ({}, {"containerd_configuration": "= no"}, "ContainerdConfiguration", ("cannot be read",)),
    (
        {},
        {"containerd_configuration": '[plugins."io.containerd.x".registry.mirrors."docker.io"]\nendpoint = []'},
        "ContainerdConfiguration",
        ("mirrors in io.containerd.x",),
    ),
    ({}, {"package_lock": "unattended-upgr (pid 812)"}, "PackageManagerBusy", ("unattended-upgr (pid 812)",)),
    ({}, {"environment": {"/etc/environment": PROXY}}, "ProxyInEnvironment", ("/etc/environment",)),
    ({}, {"clock_off": 40.0}, "ClockSkew", ("40 s ahead",)),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "situation", "test_name", "words"), WARNS)
def test_somebody_should_look_at_it(
    facts: dict[str, Any], situation: dict[str, Any], test_name: str, words: tuple[str, ...], desired: Desired
) -> None:
    (row,) = rows_of(desired, {"w1": Situation(**situation)}, {"w1": facts})
    assert (row.test_name, row.test_result, row.host) == (test_name, "Warning", "w1")
    assert all(word in row.details for word in words), row.details
    assert row.recommendation


@pytest.mark.parametrize(
    ("host", "facts", "situation"),
    [
        ("w1", {"cpus": 1, "memory_mb": 900}, {}),
        ("lb1", {"cpus": 1, "disk_free_mb": 500}, {"swaps": ("/dev/sda2",), "cni_files": ("x.conf",)}),
        ("w1", {}, {"listeners": (NGINX,)}),
        ("lb1", {}, {"listeners": (Listener(address="10.0.0.100", port=6443, process="haproxy (pid 8)"),)}),
        ("w1", {}, {"routes": (Route(prefix="10.0.0.0/8", device="eth0", gateway="10.0.0.1"),)}),
        ("w1", {}, {"routes": (Route(prefix="172.17.0.0/16", device="docker0"),)}),
        ("w1", {}, {"cni_files": ("10-calico.conflist",)}),
        ("lb1", {"resolver": "/etc/resolv.conf"}, {}),
        ("w1", {"resolver": RESOLVED}, {"name_servers": ("127.0.0.53",), "resolved": True}),
        ("w1", {"resolver": "/etc/resolv.conf"}, {"name_servers": ("127.0.0.1", "10.0.0.1")}),
        ("w1", {}, {"kubelet_defaults": {"KUBELET_EXTRA_ARGS": ""}}),
        ("w1", {}, {"containerd_configuration": "version = 2\n[plugins]\n"}),
        ("w1", {}, {"containerd_configuration": "disabled_plugins = 3\nplugins = 4"}),
        ("w1", {}, {"containerd_configuration": "[plugins]\nx = 1\n[plugins.y]\nregistry = 2\n"}),
        ("w1", {}, {"services": {"containerd": Service(command=("/usr/bin/containerd",))}}),
        ("w1", {}, {"clock_off": 3.0}),
    ],
)
def test_what_is_nobodys_concern(host: str, facts: dict[str, Any], situation: dict[str, Any], desired: Desired) -> None:
    """kubeadm asks its minimum of control planes alone, a load balancer runs no pods, a wider route gives way."""
    assert rows_of(desired, {host: Situation(**situation)}, {host: facts}) == []


def test_names_of_a_host_move_no_cursor(desired: Desired) -> None:
    (row,) = rows_of(desired, {"w1": Situation(package_lock="\x1b[2J\u202e (pid 1)")})
    assert "\x1b" not in row.details and "\u202e" not in row.details


def test_a_load_balancers_port_is_needed_to_configure_it(desired: Desired) -> None:
    taken = Situation(listeners=(NGINX,))
    (row,) = rows_of(desired, {"lb1": taken}, starting=False)
    assert (row.test_name, row.test_result) == ("PortsFree", "Failed")
    assert "nginx (pid 8)" in row.details and "HAProxy" in row.details


@pytest.mark.parametrize("path", ["/etc/kubernetes/kubelet.conf", "/var/lib/etcd/member"])
def test_another_clusters_host_is_not_even_configured(path: str, desired: Desired) -> None:
    """Its pods' containerd would be restarted."""
    for starting in (True, False):
        (row,) = rows_of(desired, {"w1": Situation(remains=(path,))}, starting=starting)
        assert (row.test_name, row.test_result, row.host) == ("HostInOtherCluster", "Failed", "w1")
        assert path in row.details and "reset" in row.recommendation


def test_modules_that_our_own_files_load_must_be_there(desired: Desired) -> None:
    off = Situation(modules={"overlay": "install /bin/false"})
    (row,) = rows_of(desired, {"w1": off}, starting=False)
    assert (row.test_name, row.test_result) == ("KernelModules", "Failed")


def test_what_the_kubelet_is_told_to_live_with_is_no_row(desired: Desired) -> None:
    swap = Situation(swaps=("/dev/sda2",), swap_sources=("/etc/fstab: /dev/sda2",))
    assert rows_of(with_settings(desired, failSwapOn=False), {"w1": swap}) == []
    assert rows_of(with_settings(desired, failCgroupV1=False), {}, {"w1": {"cgroup": "v1"}}) == []


def test_a_cluster_of_ours_that_runs_is_not_in_its_own_way(desired: Desired) -> None:
    """By the host's own record, or by the CA where that was lost; the CA alone is what configuring makes."""
    busy: dict[str, Any] = {
        "listeners": (Listener(address="*", port=6443, process="kube-apiserver (pid 8)"),),
        "remains": ("/etc/kubernetes/admin.conf",),
    }
    facts = {"cp1": {"interfaces": (Interface(name="cni0"),), "resolver": "/etc/resolv.conf"}}
    assert rows_of(desired, {"cp1": Situation(begun="done", **busy)}, facts) == []
    assert rows_of(desired, {"cp1": Situation(**busy)}, facts, certificate="PEM", ca="PEM\n") == []
    other = rows_of(desired, {"cp1": Situation(**busy)}, facts, certificate="PEM", ca="OTHER")
    named = {r.test_name for r in other} - {"NameResolution"}
    assert named == {"PortsFree", "HostInOtherCluster", "ClusterLeftovers"}
    taken = Situation(listeners=busy["listeners"])
    assert [r.test_result for r in rows_of(desired, {"cp1": taken}, certificate="PEM", ca="PEM")] == ["Failed"]


@pytest.mark.parametrize(
    ("offs", "named"),
    [
        ({"cp1": 0.0, "w1": 60.0, "w2": 1.0}, {"w1": "the other hosts'"}),
        ({"cp1": 0.0, "w1": 60.0}, {"w1": "the other hosts'"}),
        (
            {"cp1": 60.0, "w1": 61.0, "w2": 60.0},
            dict.fromkeys(("cp1", "w1", "w2"), "this machine's, as the other hosts'"),
        ),
        ({"cp1": 60.0, "w1": 61.0, "w2": 0.0}, {"cp1": "the other hosts'", "w1": "the other hosts'"}),
        ({"cp1": 4.0, "w1": -0.5}, {}),
    ],
)
def test_the_clock_that_is_off_is_named(offs: dict[str, float], named: dict[str, str], desired: Desired) -> None:
    """The controller's own, too, when the hosts agree with one another."""
    rows = rows_of(desired, {host: Situation(clock_off=off) for host, off in offs.items()})
    assert {r.host for r in rows} == set(named)
    assert all(r.test_name == "ClockSkew" and named[r.host] in r.details for r in rows)


def test_the_smallest_mtu_decides(desired: Desired) -> None:
    facts = {
        h: {"interfaces": (Interface(name="eth0", mtu=mtu),)} for h, mtu in (("cp1", 9000), ("w1", 1500), ("w2", 1500))
    }
    (row,) = rows_of(desired, {}, facts)
    assert (row.test_name, row.test_result, row.host) == ("MtuForOverlay", "Warning", "cp1")
    assert "8950" in row.details and "1450" in row.details
    small = {"w1": {"interfaces": (Interface(name="eth0", mtu=1300),)}}
    assert [(r.test_name, r.host) for r in rows_of(desired, {}, small)] == [("MtuForOverlay", "w1")]
    load_balancer = facts | {"lb1": facts["cp1"], "cp1": facts["w1"]}
    assert rows_of(desired, {}, load_balancer) == []


@pytest.mark.parametrize(
    ("environment", "through"),
    [
        (PROXY, True),
        ({**PROXY, "NO_PROXY": "localhost,.example"}, True),
        ({**PROXY, "no_proxy": "localhost, 10.0.0.0/24"}, False),
        ({**PROXY, "NO_PROXY": "10.0.0.100"}, False),
        ({**PROXY, "NO_PROXY": "*"}, False),
    ],
)
def test_a_proxy_that_the_kubelet_would_ask_the_vip_through(
    environment: dict[str, str], through: bool, desired: Desired
) -> None:
    """Its password is in no row."""
    (row,) = rows_of(desired, {"w1": Situation(services={"kubelet": Service(environment=environment)})})
    assert (row.test_name, row.test_result) == ("ProxyInEnvironment", "Warning")
    assert ("10.0.0.100" in row.details) == through == ("no_proxy" in row.recommendation)
    assert "hidden" not in row.details + row.recommendation


def test_a_host_that_others_have_used_has_all_its_rows_at_once(desired: Desired) -> None:
    """As a lab host answered; no value that may be a secret is in them."""
    seen = parse_observation((RECORDED / "dirty.txt").read_text(), host="w1")
    facts = msgspec.structs.replace(seen.facts, hostname="w1")
    rows = preflight_rows(desired, {"w1": facts}, {"w1": seen}, starting=True)
    results = {r.test_name: r.test_result for r in rows}
    assert results == {
        "PortsFree": "Failed",
        "HostInOtherCluster": "Failed",
        "ClusterLeftovers": "Warning",
        "SwapAfterReboot": "Warning",
        "CniFilesOfOthers": "Warning",
        "ClusterCidrFree": "Warning",
        "NameResolution": "Warning",
        "KubeletFlags": "Warning",
        "ContainerdConfiguration": "Warning",
        "PackageManagerBusy": "Warning",
        "ProxyInEnvironment": "Warning",
    }
    assert "hidden" not in str(rows) and "10.9.9.9" not in str(rows)
