"""The table of capabilities decides what a definition may ask of its network plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from aksprov.cmdlets.versions import OFFERED
from aksprov.cni.blocks import check_blocks
from aksprov.cni.capabilities import TABLE, check, warnings
from aksprov.cni.choice import Choice
from aksprov.cni.kube_proxy import kube_proxy_mode
from aksprov.errors import AksprovError, DefinitionError, ExitCode
from aksprov.model.cluster import Cluster, NodePool

FLANNEL = {"primary_network_plugin": "flannel"}
WINDOWS = {"node_pools": (NodePool(name="win", os_type="windows"),)}
PODS6 = {"pod_cidrs": ("10.244.0.0/16", "fd00::/56"), "service_cidrs": ("10.96.0.0/16", "fd01::/112")}
SERVICES6 = {"service_cidrs": ("fd01::/112",)}


def cluster(**fields: Any) -> Cluster:
    """A cluster of the newest version that all of it was tested with, with other values."""
    return Cluster(**{"name": "demo", "network": "net", "kubernetes_version": "v1.36.4", **fields})


@pytest.mark.parametrize(
    ("fields", "row", "words"),
    [
        ({**FLANNEL, **PODS6}, "IPv6", "flannel has no IPv6|podCidr"),
        ({**FLANNEL, **SERVICES6}, "IPv6", "flannel has no IPv6|IPv4 CIDRs only"),
        ({**WINDOWS, **PODS6}, "IPv6", "Windows nodes|osType|Linux nodes only"),
        ({**PODS6, "kubernetes_version": "v1.20.15"}, "IPv6", "Calico|3.23|get-kubernetes-version"),
        ({**FLANNEL, "calico_dataplane": "ebpf"}, "LinuxDataplanes", "calicoDataplane|leave --calico-dataplane out"),
        ({**WINDOWS, "calico_dataplane": "ebpf"}, "LinuxDataplanes", "without Windows nodes|osType"),
        ({**WINDOWS, "calico_dataplane": "nftables"}, "LinuxDataplanes", "without Windows nodes|osType"),
        ({"calico_dataplane": "ebpf", "kubernetes_version": "v1.21.14"}, "LinuxDataplanes", "1.22|kube-proxy"),
        ({"calico_dataplane": "nftables", "kubernetes_version": "v1.30.14"}, "LinuxDataplanes", "1.31|kube-proxy"),
        (
            {"calico_dataplane": "ebpf", **PODS6, "kubernetes_version": "v1.26.15"},
            "LinuxDataplanes",
            "3.27|IPv4 CIDRs only",
        ),
    ],
)
def test_what_the_plugin_cannot_do_is_refused_with_the_row_that_says_why(
    fields: dict[str, Any], row: str, words: str
) -> None:
    error = refusal(Choice(cluster=cluster(**fields)))
    assert (error.code, error.exit_code) == ("NetworkPluginCannot", ExitCode.DEFINITION)
    said = " ".join(map(str, error.to_dict().values()))
    assert [w for w in words.split("|") if w not in said] == []
    (why,) = [r for r in TABLE if r.name == row]
    assert f"get-network-plugin, {row}: {why.text}; flannel: {why.flannel}; calico: {why.calico}" == error.why
    assert error.fix and error.where


def test_the_first_windows_pool_of_a_running_cluster_is_for_calico() -> None:
    """Flannel has another VNI and port without Windows nodes, and pods that run would be cut off."""
    linux, wanted = cluster(**FLANNEL), cluster(**FLANNEL, **WINDOWS)
    error = refusal(Choice(cluster=wanted, running=linux))
    assert (error.code, error.where) == ("NetworkPluginCannot", "osType")
    assert "WindowsVxlan" in error.why
    check(Choice(cluster=wanted, running=wanted))
    check(Choice(cluster=wanted))
    check(Choice(cluster=cluster(**WINDOWS), running=cluster()))


def test_the_default_data_plane_is_refused_beside_flannel_when_it_is_given() -> None:
    """A parameter without effect is never ignored."""
    check(Choice(cluster=cluster(**FLANNEL)))
    error = refusal(Choice(cluster=cluster(**FLANNEL), given=frozenset({"calicoDataplane"})))
    assert error.code == "NetworkPluginCannot"


@pytest.mark.parametrize(
    ("cidr", "max_pods", "nodes", "words"),
    [
        ("10.244.0.0/24", 254, 1, "a block of /23|has 0|2 nodes"),
        ("10.244.0.0/24", 110, 2, "a block of /25|has 2|3 nodes"),
        ("10.244.0.0/16", 254, 128, "has 128|129 nodes"),
    ],
)
def test_calico_needs_a_block_for_each_node(cidr: str, max_pods: int, nodes: int, words: str) -> None:
    def definition(count: int) -> Cluster:
        return cluster(pod_cidrs=(cidr,), node_pools=(NodePool(name="p", count=count, max_pods=max_pods),))

    with pytest.raises(DefinitionError) as raised:
        check_blocks(definition(nodes))
    assert raised.value.code == "CalicoBlocksTooFew"
    assert [w for w in words.split("|") if w not in raised.value.why] == []
    check_blocks(msgspec.structs.replace(definition(nodes), **FLANNEL))
    if nodes > 1:
        check_blocks(definition(nodes - 1))


@pytest.mark.parametrize(
    ("fields", "networks", "code", "exit_code"),
    [
        (FLANNEL, 2, "NetworkPluginCannot", ExitCode.DEFINITION),
        ({}, 2, "NetworkPluginNotAvailable", ExitCode.NOT_AVAILABLE),
        ({**WINDOWS, "kubernetes_version": "v1.26.15"}, 1, "NetworkPluginNotAvailable", ExitCode.NOT_AVAILABLE),
    ],
)
def test_what_the_plugin_could_do_is_told_from_what_it_cannot(
    fields: dict[str, Any], networks: int, code: str, exit_code: ExitCode
) -> None:
    """Several networks: flannel would need a daemon each, calico can.  Calico's older releases are services."""
    error = refusal(Choice(cluster=cluster(**fields), networks=networks))
    assert (error.code, error.exit_code) == (code, exit_code)


def test_what_is_possible_is_let_through() -> None:
    """Every version with calico and flannel; Windows and both families where the plugin has them."""
    for offered in OFFERED:
        for fields in ({}, FLANNEL, {**FLANNEL, **WINDOWS}):
            check(Choice(cluster=cluster(kubernetes_version=offered.version, **fields)))
    for fields in (WINDOWS, PODS6, SERVICES6, {"calico_dataplane": "nftables"}, {"calico_dataplane": "ebpf", **PODS6}):
        check(Choice(cluster=cluster(**fields)))


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, []),
        (FLANNEL, ["NetworkPluginRetired"]),
        ({"kubernetes_version": "v1.37.1"}, ["CalicoUntested"]),
        ({**FLANNEL, "kubernetes_version": "v1.37.1"}, ["NetworkPluginRetired"]),
        ({"calico_dataplane": "nftables"}, []),
        ({"calico_dataplane": "nftables", "kubernetes_version": "v1.31.14"}, ["CalicoDataplanePreview"]),
    ],
)
def test_what_works_and_should_be_known_is_a_warning(fields: dict[str, Any], names: list[str]) -> None:
    rows = list(warnings(Choice(cluster=cluster(**fields))))
    assert [r.test_name for r in rows] == names
    assert {r.test_result for r in rows} <= {"Warning"}
    assert all(r.recommendation and r.cluster == "demo" for r in rows)


def test_flannels_warning_names_the_way_to_calico() -> None:
    """As documented: the plugin of a cluster stays, so it is a new cluster."""
    (row,) = warnings(Choice(cluster=cluster(**FLANNEL)))
    assert "December 2023" in row.details
    assert "new cluster with calico" in row.recommendation


@pytest.mark.parametrize(
    ("fields", "mode"),
    [
        ({}, "iptables"),
        (FLANNEL, "iptables"),
        (WINDOWS, "iptables"),
        ({"calico_dataplane": "nftables"}, "nftables"),
        ({"calico_dataplane": "ebpf"}, None),
    ],
)
def test_kube_proxy_goes_with_the_data_plane(fields: dict[str, Any], mode: str | None) -> None:
    assert kube_proxy_mode(cluster(**fields)) == mode


def refusal(choice: Choice) -> AksprovError:
    """What the table says against a definition."""
    with pytest.raises(AksprovError) as caught:
        check(choice)
    return caught.value


def test_the_documentation_has_the_table() -> None:
    page = (Path(__file__).parents[3] / "docs/network-plugins.md").read_text()
    assert [r.name for r in TABLE if f"\n| {r.text} | {r.flannel} | {r.calico} |\n" not in page] == []
