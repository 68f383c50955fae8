"""One of everything that a state records."""

from __future__ import annotations

from aksprov.model.cluster import Cluster, ClusterStatus, Node, NodePool, Taint
from aksprov.model.facts import Facts, Interface, Unit
from aksprov.model.host import Capacity, Host, Maintenance
from aksprov.model.network import AddressRange, Lease, Network, RouterId
from aksprov.model.offline_bundle import BundleKey, OfflineDownload
from aksprov.state import open_store

NETWORK = Network(
    name="Lab",
    vswitch_name='External "1"',
    ip_address_prefix="10.0.0.0/24",
    gateway="10.0.0.1",
    dns_servers=("10.0.0.2", "10.0.0.3"),
    vip_pool=AddressRange(start="10.0.0.200", end="10.0.0.220"),
    node_pool=AddressRange(start="10.0.0.10", end="10.0.0.100"),
    vlan_id=7,
    site="Shop17",
)
CLUSTER = Cluster(
    name="Demo",
    network="Lab",
    kubernetes_version="v1.36.4",
    node_pools=(NodePool(name="pool", taints=(Taint(key="a", value="b", effect="NoSchedule"),)),),
)
HOST = Host(
    name="Web1",
    address="10.0.0.11",
    os="linux",
    labels={"site": "Shop17", "rack": "ä"},
    roles=("worker",),
    capacity=Capacity(cpus=4, memory_gb=7.5),
    interfaces={'External "1"': "eth1"},
    maintenance=Maintenance(reason="disk", until="2027-01-31"),
)
FACTS = Facts(
    hostname="web1",
    cpus=4,
    interfaces=(Interface(name="eth1", altnames=("enp1s0",), addresses=("10.0.0.11/24",), up=True),),
    programs={"haproxy": "3.0"},
    units={"haproxy": Unit(active="active", enabled="enabled")},
)
NODE = Node(host="web1", cluster="demo", role="worker", index=0, address="10.0.0.11", interface="eth1", pool="pool")
VIP = Lease(address="10.0.0.200", network="lab", purpose="vip", owner="cluster/demo", cluster="demo")
BUNDLE_KEY = BundleKey(public_key="ssh-ed25519 AAAA", own=True)
OFFLINE_DOWNLOAD = OfflineDownload(staging_share="/srv/bundle", offsite_transfer_completed=True)
ROUTER_ID = RouterId(site="shop17", prefix="10.0.0.0/24", router_id=3, cluster="demo")


def fill(place: str) -> None:
    """Record all of it."""
    with open_store(place).write() as transaction:
        transaction.put_network(NETWORK)
        transaction.put_cluster(CLUSTER)
        transaction.put_status("demo", ClusterStatus(state="Configured", details="x"))
        transaction.put_host(HOST)
        transaction.put_facts("web1", FACTS)
        transaction.put_bundle_key("SHA256:x", BUNDLE_KEY)
        transaction.put_offline_download(OFFLINE_DOWNLOAD)
        transaction.add_nodes([NODE])
        transaction.add_leases([VIP])
        transaction.add_router_id(ROUTER_ID)
        transaction.put_late("demo", "ca", "-----BEGIN CERTIFICATE-----\n")
