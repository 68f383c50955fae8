"""From the words of new-cluster to the cluster that they define."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aksprov.cmdlets.binding import bind
from aksprov.cmdlets.cluster import NEW_CLUSTER
from aksprov.errors import AksprovError
from aksprov.ipam.cluster_rules import check_cluster
from aksprov.model.cluster import Cluster, LoadBalancerSettings, NodePool, Taint
from aksprov.model.desired import Snapshot
from aksprov.model.network import AddressRange, Network
from aksprov.model.request import Request
from aksprov.workflows.cluster_definition import definition_notes, read_cluster

NETWORK = Network(
    name="Lab",
    vswitch_name="External",
    ip_address_prefix="10.0.0.0/24",
    gateway="10.0.0.1",
    dns_servers=("10.0.0.2",),
    vip_pool=AddressRange(start="10.0.0.200", end="10.0.0.220"),
    node_pool=AddressRange(start="10.0.0.10", end="10.0.0.100"),
)


def request(**given: Any) -> Request:
    """What the command line would bind: every value as text, lists as they are."""
    texts = {name: value if isinstance(value, list) else [str(value)] for name, value in given.items()}
    return bind(NEW_CLUSTER, {"name": ["Demo"], **texts})


def define(*recorded: Cluster, **given: Any) -> Cluster:
    snapshot = Snapshot(networks={"lab": NETWORK}, clusters={c.key: c for c in recorded})
    found, network = read_cluster(request(**given), snapshot)
    check_cluster(found, network)
    return found


def pools(cluster: Cluster) -> list[tuple[str, int, str]]:
    """Name, count and size of each; the name says the operating system."""
    assert all(p.os_type == p.name.rpartition("-")[2] for p in cluster.node_pools)
    return [(p.name, p.count, p.vm_size) for p in cluster.node_pools]


def test_defaults_are_the_documented_ones() -> None:
    found = define(kubernetesVersion="v1.36.4")
    assert found == Cluster(
        name="Demo",
        network="Lab",
        kubernetes_version="v1.36.4",
        primary_network_plugin="calico",
        control_plane_node_count=1,
        control_plane_vm_size="Standard_A4_v2",
        load_balancer=LoadBalancerSettings(sku="HAProxy", vm_size="Standard_A4_v2", count=1),
        node_pools=(NodePool(name="Demo-linux", count=1, vm_size="Standard_K8S3_v1", max_pods=110),),
        pod_cidrs=("10.244.0.0/16",),
        service_cidrs=("10.96.0.0/12",),
        calico_dataplane="iptables",
    )


# --- pools


def test_a_described_pool_is_the_only_one() -> None:
    found = define(
        nodePoolName="pool",
        nodeCount=3,
        osType="windows",
        osSku="windows2022",
        nodeVmSize="default",
        nodeMaxPodCount=60,
        taints="a=1:noschedule,b:NoExecute",
    )
    assert found.node_pools == (
        NodePool(
            name="pool",
            count=3,
            os_type="windows",
            os_sku="Windows2022",
            vm_size="Default",
            max_pods=60,
            taints=(Taint(key="a", value="1", effect="NoSchedule"), Taint(key="b", value="", effect="NoExecute")),
        ),
    )


K8S3 = "Standard_K8S3_v1"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [("Demo-linux", 1, K8S3)]),
        ({"linuxNodeCount": 3}, [("Demo-linux", 3, K8S3)]),
        ({"linuxNodeCount": 0, "windowsNodeCount": 2}, [("Demo-linux", 0, K8S3), ("Demo-windows", 2, K8S3)]),
        ({"windowsNodeCount": 0}, [("Demo-linux", 1, K8S3)]),
        ({"windowsNodeVmSize": "Default"}, [("Demo-linux", 1, K8S3), ("Demo-windows", 0, "Default")]),
        ({"linuxNodeVmSize": "default"}, [("Demo-linux", 1, "Default")]),
    ],
)  # fmt: skip
def test_names_of_older_releases_make_the_pools_of_older_releases(
    given: dict[str, Any], expected: list[tuple[str, int, str]]
) -> None:
    assert pools(define(**given)) == expected
    notes = " ".join(definition_notes(request(**given)))
    assert notes.count("older releases") == len(given)
    assert not given or ("--node-pool-name" in notes and "--os-type" in notes)


def test_what_is_said_of_every_node_holds_for_both_pools_of_older_releases() -> None:
    found = define(windowsNodeCount=1, taints="a=1:NoSchedule", nodeMaxPodCount=80)
    assert [(p.max_pods, len(p.taints)) for p in found.node_pools] == [(80, 1)] * 2


def test_names_of_pools_keep_inside_their_limit() -> None:
    name = "x" * 55 + "-" * 7 + "y"
    found = define(name=name, windowsNodeCount=1)
    assert [p.name for p in found.node_pools] == ["x" * 55 + "-linux", "x" * 55 + "-windows"]


def test_both_ways_to_describe_pools_are_not_mixed() -> None:
    with pytest.raises(AksprovError) as caught:
        define(nodePoolName="pool", linuxNodeCount=1)
    assert caught.value.code == "ParameterSetsMixed"
    assert "NodePool" in caught.value.why and "LegacyNodeCounts" in caught.value.why


# --- CIDRs and data plane

DUAL_PODS, DUAL_SERVICES = ("10.244.0.0/16", "fd00:10:244::/56"), ("10.96.0.0/12", "fd00:10:96::/112")


@pytest.mark.parametrize(
    ("given", "pods", "services"),
    [
        ({"podCidr": "10.1.0.0/16"}, ("10.1.0.0/16",), ("10.96.0.0/12",)),
        ({"serviceCidr": "10.1.0.0/16"}, ("10.244.0.0/16",), ("10.1.0.0/16",)),
        ({"podCidr": "10.244.0.0/16,fd00:10:244::/56"}, DUAL_PODS, DUAL_SERVICES),
        ({"podCidr": ["10.1.0.0/16", "fd00:1::/56"]}, ("10.1.0.0/16", "fd00:1::/56"), DUAL_SERVICES),
        ({"serviceCidr": "10.9.0.0/16,FD00:0:0:9::/112"}, DUAL_PODS, ("10.9.0.0/16", "fd00:0:0:9::/112")),
    ],
)
def test_the_range_that_is_left_out_has_the_families_of_the_other(
    given: dict[str, Any], pods: tuple[str, ...], services: tuple[str, ...]
) -> None:
    found = define(**given)
    assert (found.pod_cidrs, found.service_cidrs) == (pods, services)


def test_ranges_with_host_bits_are_taken_as_their_networks_and_that_is_said() -> None:
    given = {"podCidr": "10.244.7.1/16,fd00:10:244::7/56"}
    assert define(**given).pod_cidrs == DUAL_PODS
    assert definition_notes(request(**given)) == (
        "the range 10.244.7.1/16 is taken as its network, 10.244.0.0/16",
        "the range fd00:10:244::7/56 is taken as its network, fd00:10:244::/56",
        "--service-cidr is 10.96.0.0/12,fd00:10:96::/112, in the families of the other one",
    )
    assert definition_notes(request(podCidr="10.244.0.0/16")) == ()


def test_a_data_plane_is_taken_in_any_case() -> None:
    assert define(calicoDataplane="EBPF").calico_dataplane == "ebpf"


# --- load balancer and network objects

SETTINGS = '{"Name": "lb", "Sku": "haproxy", "Count": 2, "VMSize": "standard_a2_v2"}'


def test_a_settings_object_says_all_of_the_load_balancer() -> None:
    found = define(loadBalancerSettings=SETTINGS).load_balancer
    assert found == LoadBalancerSettings(name="lb", sku="HAProxy", vm_size="Standard_A2_v2", count=2)
    for beside in ("loadBalancerCount", "loadBalancerVmSize"):
        with pytest.raises(AksprovError) as caught:
            define(loadBalancerSettings=SETTINGS, **{beside: 2 if "Count" in beside else "Default"})
        assert caught.value.code == "LoadBalancerGivenTwice" and beside in caught.value.where


def test_a_network_object_says_what_is_recorded_or_is_refused() -> None:
    assert define(vnet='{"name": "LAB", "Gateway": "10.0.0.1", "DnsServers": ["10.0.0.2"]}').network == "Lab"
    with pytest.raises(AksprovError) as caught:
        define(vnet='{"Name": "lab", "Gateway": "10.0.0.9", "Vlanid": 0}')
    error = caught.value
    assert (error.code, error.where) == ("NetworkExistsDifferently", "vnet: Gateway")
    assert "10.0.0.1" in error.why and "10.0.0.9" in error.why


# --- the same cluster again

DESCRIBED = {"nodePoolName": "pool", "nodeCount": 2, "kubernetesVersion": "v1.36.4"}
LEGACY = {"linuxNodeCount": 2, "windowsNodeCount": 1, "kubernetesVersion": "v1.36.4"}
AGAIN = [
    (DESCRIBED, {}),
    (DESCRIBED, DESCRIBED),
    (DESCRIBED, {"nodePoolName": "POOL"}),
    (DESCRIBED, {"nodePoolName": "pool", "osType": "LINUX"}),
    (DESCRIBED, {"podCidr": "10.244.3.0/16", "calicoDataplane": "iptables"}),
    (DESCRIBED, {"loadBalancerSettings": '{"Name": "any", "Count": 1}'}),
    ({}, {"windowsNodeCount": 0}),
    (DESCRIBED, {"nodeMaxPodCount": 110}),
    (LEGACY, {}),
    (LEGACY, LEGACY),
    (LEGACY, {"windowsNodeVmSize": "standard_k8s3_v1"}),
    (LEGACY, {"nodePoolName": "demo-LINUX", "nodeCount": 2}),
    ({"podCidr": "10.1.0.0/16,fd00:1::/56"}, {"serviceCidr": "10.96.0.0/12,fd00:10:96::/112"}),
]


@pytest.mark.parametrize(("first", "again"), AGAIN)
def test_the_same_values_again_are_the_same_cluster(first: dict[str, Any], again: dict[str, Any]) -> None:
    recorded = define(**first)
    assert define(recorded, **again) == recorded


OTHERS = [
    (DESCRIBED, {"nodePoolName": "pool", "nodeCount": 3}, "nodeCount is 2, asked for was 3", "Set-AksHciNodePool"),
    (DESCRIBED, {"nodePoolName": "other"}, "nodePoolName is pool, asked for was other", "cannot be changed"),
    (DESCRIBED, {"linuxNodeCount": 3}, "linuxNodeCount is not given, asked for was 3", "Set-AksHciNodePool"),
    (DESCRIBED, {"taints": "a=1:NoSchedule"}, "taints is not given, asked for was a=1:NoSchedule", "cannot be changed"),
    (DESCRIBED, {"podCidr": "10.1.0.0/16"}, "podCidr is 10.244.0.0/16, asked for was 10.1.0.0/16", "cannot be changed"),
    (DESCRIBED, {"calicoDataplane": "ebpf"}, "calicoDataplane is iptables, asked for was ebpf", "cannot be changed"),
    (DESCRIBED, {"loadBalancerCount": 2}, "loadBalancerCount is 1, asked for was 2", "Set-AksHciLoadBalancer"),
    (DESCRIBED, {"loadBalancerSettings": SETTINGS}, "loadBalancerVmSize is Standard_A4_v2", "Set-AksHciLoadBalancer"),
    (LEGACY, {"windowsNodeCount": 2}, "windowsNodeCount is 1, asked for was 2", "Set-AksHciNodePool"),
    (LEGACY, {"linuxNodeVmSize": "Default"}, "linuxNodeVmSize is Standard_K8S3_v1, asked for was Default",
     "Set-AksHciNodePool"),
    (LEGACY, {"nodeMaxPodCount": 90}, "nodeMaxPodCount is 110, asked for was 90", "cannot be changed"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "again", "why", "cure"), OTHERS)
def test_other_values_are_refused_with_both_named_and_the_verb_that_changes_them(
    first: dict[str, Any], again: dict[str, Any], why: str, cure: str
) -> None:
    recorded = define(**first)
    with pytest.raises(AksprovError) as caught:
        define(recorded, **again)
    error = caught.value
    assert error.code == "ClusterExistsDifferently"
    assert why in error.why and cure in error.fix


def test_further_pools_of_a_recorded_cluster_stay() -> None:
    """Pools that New-AksHciNodePool will add are none of new-cluster's business."""
    first = define(**DESCRIBED)
    grown = msgspec.structs.replace(first, node_pools=(*first.node_pools, NodePool(name="later")))
    assert define(grown, **DESCRIBED) == define(grown) == grown
