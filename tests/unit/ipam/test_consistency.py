"""A state that does not agree with itself is found out, rule by rule."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aksprov.ipam.consistency import consistency_rows
from aksprov.model.cluster import Cluster, ClusterStatus, Node
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts
from aksprov.model.host import Host
from aksprov.model.network import AddressRange, Lease, Network, RouterId

NETWORK = Network(
    name="Lab",
    vswitch_name="eth0",
    ip_address_prefix="10.0.0.0/24",
    gateway="10.0.0.1",
    dns_servers=("10.0.0.2",),
    vip_pool=AddressRange(start="10.0.0.200", end="10.0.0.220"),
    node_pool=AddressRange(start="10.0.0.10", end="10.0.0.100"),
)
NODE = Node(host="web1", cluster="demo", role="worker", index=0, address="10.0.0.11", interface="eth0")
OWN = Lease(address="10.0.0.11", network="lab", purpose="node", owner="host/web1", cluster="demo")
VIP = Lease(address="10.0.0.200", network="lab", purpose="vip", owner="cluster/demo", cluster="demo")
ROUTER_ID = RouterId(site="", prefix="10.0.0.0/24", router_id=3, cluster="demo")
WHOLE = Snapshot(
    state_id="s",
    networks={"lab": NETWORK},
    clusters={"demo": Cluster(name="Demo", network="LAB", kubernetes_version="v1.36.4")},
    statuses={"demo": ClusterStatus()},
    hosts={"web1": Host(name="Web1", address="w", os="linux")},
    facts={"web1": Facts()},
    nodes=(NODE,),
    leases=(OWN, VIP),
    router_ids=(ROUTER_ID,),
    late={("demo", "ca"): "PEM"},
)


def test_a_state_that_agrees_with_itself_passes() -> None:
    assert {row.test_result for row in consistency_rows(WHOLE)} == {"Passed"}
    assert {row.test_result for row in consistency_rows(Snapshot())} == {"Passed"}


@pytest.mark.parametrize(
    ("broken", "names", "words"),
    [
        ({"networks": {}}, {"ClustersHaveNetworks", "LeasesInNetworks"}, "network LAB, which is not recorded"),
        ({"hosts": {}}, {"NodesHaveHosts", "LeasesHaveOwners", "NoOrphans"}, "host web1 of cluster demo"),
        ({"clusters": {}}, {"NodesHaveHosts", "LeasesHaveOwners", "NoOrphans"}, "cluster demo, which is not recorded"),
        ({"leases": (VIP,)}, {"NodesHaveHosts"}, "10.0.0.11, which is not leased to it"),
        (
            {"leases": (OWN, msgspec.structs.replace(VIP, address="10.0.1.200"))},
            {"LeasesInNetworks"},
            "10.0.1.200 is not in 10.0.0.0/24",
        ),
        ({"late": {("gone", "ca"): "PEM"}}, {"NoOrphans"}, "cluster gone"),
        ({"facts": {"gone": Facts()}}, {"NoOrphans"}, "host gone"),
    ],
)
def test_each_contradiction_is_in_its_row(broken: dict[str, Any], names: set[str], words: str) -> None:
    rows = consistency_rows(msgspec.structs.replace(WHOLE, **broken))
    failed = [row for row in rows if row.test_result == "Failed"]
    assert {row.test_name for row in failed} == names
    assert words in " ".join(row.details for row in failed)
    assert all(row.recommendation for row in failed)
