"""What hosts lack of what their roles need."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from aksprov.checks.programs import program_rows
from aksprov.facts.lacking import lacking
from aksprov.facts.windows_programs import windows_lacking, windows_place, windows_programs
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts, Unit
from aksprov.model.offline_bundle import BundleFile, BundleKind
from aksprov.model.programs import NODE_PROGRAMS, ProgramSource

WHOLE = dict.fromkeys(NODE_PROGRAMS, "") | dict.fromkeys(("kubelet", "kubeadm", "kubectl"), "1.36.2")


@pytest.fixture
def desired(desired_of: Callable[..., Desired]) -> Desired:
    return desired_of({"cp1": "control-plane", "lb1": "load-balancer", "w1": "worker", "win1": "worker"})


def test_all_that_a_host_lacks_is_one_row(desired: Desired) -> None:
    """Of a node only once Kubernetes is to be started; a Windows host needs others."""
    less = {name: version for name, version in WHOLE.items() if name not in ("socat", "cni/loopback")}
    facts = {
        "cp1": Facts(programs=WHOLE),
        "lb1": Facts(programs={"keepalived": "2.2.7"}),
        "w1": Facts(programs=less),
        "win1": Facts(powershell="5.1"),
    }
    rows = program_rows(desired, facts, starting=True)
    assert [(row.host, row.details, row.test_result) for row in rows] == [
        ("lb1", "not installed: haproxy", "Failed"),
        ("w1", "not installed: socat, cni/loopback", "Failed"),
        ("win1", f"not installed: {', '.join(windows_programs(desired.cluster))}", "Failed"),
    ]
    assert [row.host for row in program_rows(desired, facts, starting=False)] == ["lb1"]


@pytest.mark.parametrize("source", ["packages", "bundle"])
def test_what_will_be_installed_is_no_row(desired: Desired, source: str) -> None:
    programs = msgspec.convert({"source": source}, ProgramSource)
    cluster = msgspec.structs.replace(desired.cluster, programs=programs)
    wanted = msgspec.structs.replace(desired, cluster=cluster)
    facts = {"lb1": Facts(), "w1": Facts(), "win1": Facts(powershell="5.1")}
    # Windows has no packages of Kubernetes
    assert [row.host for row in program_rows(wanted, facts, starting=True)] == {"packages": ["win1"], "bundle": []}[
        source
    ]


def test_what_a_windows_host_lacks_goes_by_version_and_network_plugin(desired: Desired) -> None:
    cluster = msgspec.structs.replace(desired.cluster, kubernetes_version="v1.36.4", primary_network_plugin="flannel")
    needed = dict.fromkeys(windows_programs(cluster), "") | {"kubelet": "1.36.2", "kubeadm": "1.36.2"}
    facts = Facts(powershell="5.1", programs=needed)
    assert windows_lacking(cluster, facts) == ()
    bundle = msgspec.structs.replace(cluster, programs=ProgramSource(source="bundle"))
    assert windows_lacking(bundle, facts)[0] == "kubelet 1.36.4 (it is 1.36.2)"
    running = msgspec.structs.replace(facts, units={"kubelet": Unit(active="active", enabled="enabled")})
    assert windows_lacking(bundle, running) == ()
    calico = msgspec.structs.replace(cluster, primary_network_plugin="calico", kubernetes_version="v1.25.16")
    assert set(windows_programs(cluster)) - set(windows_programs(calico)) == {
        "flanneld", "kube-log-runner", "cni/flannel", "cni/host-local", "cni/win-overlay"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "kind", "place"),
    [
        ("windows/bin/containerd-shim-runhcs-v1.exe", "program", "C:/Program Files/containerd"),
        ("windows/bin/ctr.exe", "program", "C:/Program Files/containerd"),
        ("windows/bin/kubelet.exe", "program", "C:/k"),
        ("windows/bin/flanneld.exe", "program", "C:/k"),
        ("windows/cni/win-overlay.exe", "cni", "C:/opt/cni/bin"),
        ("windows/images/pause.tar", "image", "C:/ProgramData/aksprov/images"),
    ],
)
def test_where_a_windows_host_has_the_files_of_a_bundle(path: str, kind: BundleKind, place: str) -> None:
    file = BundleFile(path=path, sha256="", size=0, kind=kind, os="windows", roles=("worker",))
    assert windows_place(file) == f"{place}/{file.name}"


def test_what_is_there_counts_where_no_kubelet_runs() -> None:
    facts = Facts(programs=WHOLE)
    running = Facts(programs={"kubelet": "1.36.2"}, units={"kubelet": Unit(active="active", enabled="enabled")})
    assert lacking("worker", facts, "v1.36.4", "preinstalled") == ()
    assert lacking("worker", facts, "v1.35.4", "preinstalled")[0] == "kubelet 1.35.4 (it is 1.36.2)"
    assert [text.split()[0] for text in lacking("worker", facts, "v1.36.4", "bundle")] == [
        "kubelet",
        "kubeadm",
        "kubectl",
    ]
    assert lacking("worker", running, "v1.35.4", "packages") == ()


def test_a_unit_that_a_killed_preparation_left_off_is_put_right() -> None:
    facts = Facts(
        programs={"haproxy": "2.6.12", "keepalived": "2.2.7"}, units={"haproxy": Unit(enabled="masked-runtime")}
    )
    assert lacking("load-balancer", facts, "v1.36.4", "packages") == ("the unit haproxy",)
