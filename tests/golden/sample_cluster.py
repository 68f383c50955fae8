"""A cluster as placement would hand it over, in the sizes that tests ask for."""

from __future__ import annotations

import msgspec

from aksprov.model.cluster import Cluster, LoadBalancerSettings, Node, NodePool, Taint
from aksprov.model.desired import Desired
from aksprov.model.host import Role
from aksprov.model.network import AddressRange, Lease, Network

VIP = "10.77.0.200"
NETWORK = Network(
    name="LabNet",
    vswitch_name="External Switch",
    ip_address_prefix="10.77.0.0/24",
    gateway="10.77.0.1",
    dns_servers=("10.77.0.1", "10.77.0.2"),
    vip_pool=AddressRange(start=VIP, end="10.77.0.220"),
    node_pool=AddressRange(start="10.77.0.11", end="10.77.0.99"),
)
# One pool as AksHci makes it, and one that departs from every default that reaches a file.
POOLS = (
    NodePool(name="linuxpool"),
    NodePool(
        name="Tainted",
        max_pods=200,
        taints=(
            Taint(key="sku", value="gpu", effect="NoSchedule"),
            Taint(key="example.com/on", value="", effect="NoExecute"),
        ),
    ),
)


def desired(
    *,
    name: str = "Demo",
    control_planes: int = 3,
    load_balancers: int = 2,
    pools: tuple[NodePool, ...] = POOLS,
    interface: str = "eth0",
) -> Desired:
    """A desired cluster: hosts cp1.., lb1.., and one worker w1.. for each pool.

    Hosts have 10.77.0.11 and up in the order control planes, load balancers, workers.
    """
    hosts: list[tuple[Role, str, int, str]] = [
        *(("control-plane", f"cp{i + 1}", i, "") for i in range(control_planes)),
        *(("load-balancer", f"lb{i + 1}", i, "") for i in range(load_balancers)),
        *(("worker", f"w{i + 1}", i, pool.name) for i, pool in enumerate(pools)),
    ]
    cluster = Cluster(
        name=name,
        network=NETWORK.name,
        kubernetes_version="v1.36.4",
        control_plane_node_count=control_planes,
        load_balancer=LoadBalancerSettings(count=load_balancers),
        node_pools=pools,
    )
    nodes = tuple(
        Node(
            host=host,
            cluster=cluster.key,
            role=role,
            index=index,
            address=f"10.77.0.{11 + n}",
            interface=interface,
            pool=pool,
        )
        for n, (role, host, index, pool) in enumerate(hosts)
    )
    vip = Lease(address=VIP, network="labnet", purpose="vip", owner=f"cluster/{cluster.key}", cluster=cluster.key)
    own = (
        Lease(address=n.address, network="labnet", purpose="node", owner=f"host/{n.host}", cluster=cluster.key)
        for n in nodes
    )
    return Desired(cluster=cluster, network=NETWORK, nodes=nodes, vip=VIP, router_id=51, leases=(vip, *own))


def windows_cluster(plugin: str = "calico", version: str = "v1.36.4") -> Desired:
    """One worker of each operating system: w1 with Linux, w2 with Windows."""
    windows = NodePool(
        name="WinPool",
        os_type="windows",
        os_sku="Windows2022",
        max_pods=60,
        taints=(Taint(key="sku", value="Windows", effect="NoSchedule"),),
    )
    what = desired(pools=(POOLS[0], windows))
    fields = {"primary_network_plugin": plugin, "kubernetes_version": version}
    return msgspec.structs.replace(what, cluster=msgspec.structs.replace(what.cluster, **fields))
