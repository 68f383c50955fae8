"""What a cluster may be, and what its CIDRs may be on its network."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksprov.errors import AksprovError, ExitCode
from aksprov.ipam.cluster_rules import check_cluster
from aksprov.model.cluster import Cluster, LoadBalancerSettings, NodePool, Taint
from aksprov.model.network import AddressRange, Network

NETWORK = Network(
    name="lab",
    vswitch_name="External",
    ip_address_prefix="10.0.0.0/24",
    gateway="10.0.0.1",
    dns_servers=("10.0.0.2", "192.0.2.53"),
    vip_pool=AddressRange(start="10.0.0.200", end="10.0.0.220"),
    node_pool=AddressRange(start="10.0.0.10", end="10.0.0.100"),
)
CLUSTER = Cluster(
    name="demo",
    network="lab",
    kubernetes_version="v1.36.4",
    node_pools=(NodePool(name="pool"), NodePool(name="second")),
)
DUAL = {"pod_cidrs": ("10.244.0.0/16", "fd00:10:244::/56"), "service_cidrs": ("10.96.0.0/12", "fd00:10:96::/112")}


def cluster(**fields: Any) -> Cluster:
    return msgspec.structs.replace(CLUSTER, **fields)


def pool(**fields: Any) -> dict[str, Any]:
    """The fields of a cluster with one more pool."""
    return {"node_pools": (*CLUSTER.node_pools, NodePool(**{"name": "b", **fields}))}


def dual(**fields: Any) -> dict[str, Any]:
    return {**DUAL, **fields}


TAINTS = (Taint(key="a", value="1", effect="NoSchedule"), Taint(key="a", value="2", effect="NoSchedule"))
REFUSED = [
    # families
    ({"pod_cidrs": ()}, "CidrFamilies", "podCidr one"),
    ({"pod_cidrs": ("10.244.0.0/16", "10.245.0.0/16")}, "CidrFamilies", "10.244.0.0/16, 10.245.0.0/16 comma"),
    (dual(service_cidrs=("10.96.0.0/12", "10.112.0.0/12")), "CidrFamilies", "10.96.0.0/12, 10.112.0.0/12 serviceCidr"),
    (dual(pod_cidrs=(*DUAL["pod_cidrs"], "10.9.0.0/16")), "CidrFamilies", "10.9.0.0/16"),
    (dual(service_cidrs=("10.96.0.0/12",)), "CidrFamiliesDiffer", "10.244.0.0/16,fd00:10:244::/56 10.96.0.0/12 IPv6"),
    (dual(service_cidrs=DUAL["service_cidrs"][::-1]), "CidrFamiliesDiffer", "fd00:10:96::/112,10.96.0.0/12"),
    # overlaps
    ({"pod_cidrs": ("10.96.0.0/16",)}, "CidrsOverlap", "10.96.0.0/16 10.96.0.0/12"),
    (dual(service_cidrs=("10.96.0.0/12", "fd00:10:244:80::/112")), "CidrsOverlap",
     "fd00:10:244::/56 fd00:10:244:80::/112"),
    ({"pod_cidrs": ("10.0.0.0/16",)}, "ClusterRangeOverlap", "10.0.0.0/24 10.0.0.0/16 pod --pod-cidr network lab"),
    ({"service_cidrs": ("10.0.0.128/25",)}, "ClusterRangeOverlap", "10.0.0.0/24 10.0.0.128/25 --service-cidr"),
    ({"pod_cidrs": ("192.0.0.0/16",)}, "ClusterRangeOverlap", "192.0.2.53 192.0.0.0/16 DNS"),
    ({"pod_cidrs": ("224.0.0.0/16",)}, "CidrReserved", "224.0.0.0/16 multicast podCidr"),
    (dual(service_cidrs=("10.96.0.0/12", "fe80::/112")), "CidrReserved", "fe80::/112 link-local serviceCidr"),
    # sizes
    ({"service_cidrs": ("10.96.0.0/29",)}, "ServiceCidrTooSmall", "10.96.0.0/29 8 10 /28"),
    (dual(service_cidrs=("10.96.0.0/12", "fd00:10:96::/125")), "ServiceCidrTooSmall", "fd00:10:96::/125 8 /124"),
    ({"service_cidrs": ("11.0.0.0/11",)}, "ServiceCidrTooLarge", "11.0.0.0/11 21 20 /12"),
    (dual(service_cidrs=("10.96.0.0/12", "fd00:10:96::/107")), "ServiceCidrTooLarge", "fd00:10:96::/107 21 /108"),
    ({"pod_cidrs": ("12.0.0.0/7",)}, "PodCidrTooLarge", "12.0.0.0/7 17 /24 16 /8"),
    (dual(pod_cidrs=("10.244.0.0/16", "fd00::/47")), "PodCidrTooLarge", "fd00::/47 17 /64 16 /48"),
    ({"pod_cidrs": ("10.244.0.0/23",)}, "CidrTooSmall", "10.244.0.0/23 2 3 /24 /22"),
    ({"pod_cidrs": ("10.244.0.0/25",)}, "CidrTooSmall", "10.244.0.0/25 0 3"),
    (dual(pod_cidrs=("10.244.0.0/16", "fd00:10:244::/63")), "CidrTooSmall", "fd00:10:244::/63 2 3 /64 /62"),
    ({"control_plane_node_count": 1, **pool(count=254)}, "CidrTooSmall", "10.244.0.0/16 256 257"),
    # counts, pools
    ({"control_plane_node_count": 0}, "NodeCountInvalid", "0 control plane"),
    ({"load_balancer": LoadBalancerSettings(count=0)}, "NodeCountInvalid", "load balancers"),
    (pool(count=-1), "NodeCountInvalid", "-1 pool b 0"),
    (pool(name="POOL"), "NodePoolTwice", "pool"),
    (pool(max_pods=50), "MaxPodsInvalid", "50 254 pool b"),
    (pool(max_pods=255), "MaxPodsInvalid", "255 /24 254"),
    (pool(max_pods=252, os_type="windows"), "MaxPodsInvalid", "252 /24 Windows 251"),
    (pool(vm_size="Huge"), "VmSizeUnknown", "Huge pool b Standard_A4_v2"),
    ({"control_plane_vm_size": "Huge"}, "VmSizeUnknown", "Huge controlPlaneVmSize"),
    ({"load_balancer": LoadBalancerSettings(vm_size="Huge")}, "VmSizeUnknown", "Huge loadBalancerVmSize"),
    (pool(vm_size="Standard_NK6", os_type="windows"), "GpuOnWindows", "Standard_NK6 pool b Tesla Linux"),
    (pool(os_sku="Windows2022"), "OsSkuMismatch", "Windows2022 Linux pool b"),
    (pool(os_sku="CBLMariner", os_type="windows"), "OsSkuMismatch", "CBLMariner Windows"),
    (pool(taints=TAINTS), "TaintTwice", "a:NoSchedule pool b"),
]  # fmt: skip
LATER = [
    ({"load_balancer": LoadBalancerSettings(sku="none")}, "LoadBalancerNotAvailable", "HAProxy"),
    ({"pod_cidrs": ("fd00:1::/56",), "service_cidrs": ("fd00:2::/112",)}, "Ipv6NotAvailable", "IPv6 IPv4 first"),
    ({k: v[::-1] for k, v in DUAL.items()}, "Ipv6NotAvailable", "IPv6 and then IPv4"),
]


@pytest.mark.parametrize(
    ("fields", "code", "exit_code", "words"),
    [
        *((fields, code, ExitCode.DEFINITION, words) for fields, code, words in REFUSED),
        *((fields, code, ExitCode.NOT_AVAILABLE, words) for fields, code, words in LATER),
        # what is wrong is said before what is not built
        ({**LATER[0][0], "pod_cidrs": ("10.0.0.0/16",)}, "ClusterRangeOverlap", ExitCode.DEFINITION, "10.0.0.0/16"),
    ],
)
def test_a_cluster_that_breaks_a_rule_is_refused(
    fields: dict[str, Any], code: str, exit_code: ExitCode, words: str
) -> None:
    with pytest.raises(AksprovError) as caught:
        check_cluster(cluster(**fields), NETWORK)
    error = caught.value
    assert (error.code, error.exit_code) == (code, exit_code)
    text = f"{error.what} {error.where} {error.why} {error.fix}"
    assert [word for word in words.split(" ") if word not in text] == []
    assert error.where and error.why and error.fix


@pytest.mark.parametrize(
    "fields",
    [
        {},
        DUAL,
        {"pod_cidrs": ("11.0.0.0/8",)},
        {"service_cidrs": ("10.96.0.0/28",)},
        {"pod_cidrs": ("10.244.0.0/22",)},
        {"pod_cidrs": ("10.1.0.0/16",), "service_cidrs": ("10.2.0.0/16",)},
        dual(pod_cidrs=("10.244.0.0/16", "2001:db8::/48"), service_cidrs=("10.96.0.0/12", "2001:db8:1::/124")),
        pool(count=253),
        pool(count=0, max_pods=254),
        pool(max_pods=251, os_type="windows", os_sku="Windows2022"),
        pool(os_sku="CBLMariner", vm_size="standard_nk12"),
        pool(taints=(TAINTS[0], Taint(key="a", value="1", effect="NoExecute"))),
    ],
)
def test_a_cluster_that_keeps_the_rules_is_taken(fields: dict[str, Any]) -> None:
    check_cluster(cluster(**fields), NETWORK)


@given(pods=st.integers(0, 32), services=st.integers(0, 32), nodes=st.integers(0, 300))
def test_cidrs_that_pass_have_room_for_everyone(pods: int, services: int, nodes: int) -> None:
    """Of ranges of any size, those that pass hold a /24 for every node, and are disjoint from all else."""
    pod = ip_network(f"172.16.0.0/{pods}", strict=False)
    service = ip_network(f"100.64.0.0/{services}", strict=False)
    what = cluster(pod_cidrs=(str(pod),), service_cidrs=(str(service),), **pool(count=nodes))
    try:
        check_cluster(what, NETWORK)
    except AksprovError:
        return
    assert pods <= 24 and 2 ** (24 - pods) >= nodes + 3
    assert 10 <= service.num_addresses <= 2**20
    assert not pod.overlaps(service)
    assert not any(cidr.overlaps(ip_network("10.0.0.0/24")) for cidr in (pod, service))
