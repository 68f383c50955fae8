"""What a network may be."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksprov.errors import AksprovError, ExitCode
from aksprov.ipam.cidrs import standard_overlaps
from aksprov.ipam.rules import check_network, network_users
from aksprov.model.cluster import Cluster
from aksprov.model.desired import Snapshot
from aksprov.model.network import AddressRange, Lease, Network


def range_(text: str) -> AddressRange:
    start, _, end = text.partition("-")
    return AddressRange(start=start, end=end)


GOOD = Network(
    name="lab",
    vswitch_name='Externer Switch, "1" [ü]',
    ip_address_prefix="10.0.0.0/24",
    gateway="10.0.0.1",
    dns_servers=("10.0.0.2", "192.0.2.53"),
    vip_pool=range_("10.0.0.200-10.0.0.220"),
    node_pool=range_("10.0.0.10-10.0.0.100"),
)
SMALLEST = {  # room for a gateway and one more
    "dns_servers": ("10.0.0.1",),
    "ip_address_prefix": "10.0.0.0/30",
    "vip_pool": range_("10.0.0.2-10.0.0.2"),
    "node_pool": range_("10.0.0.2-10.0.0.2"),
}


def network(**fields: Any) -> Network:
    """The good network with other values; pools as text."""
    pools = {name: range_(value) for name, value in fields.items() if name.endswith("_pool") and isinstance(value, str)}
    return msgspec.structs.replace(GOOD, **fields | pools)


def recorded(*networks: Network) -> Snapshot:
    return Snapshot(networks={n.key: n for n in networks})


REFUSED = [
    ({"ip_address_prefix": "10.0.0.0"}, "InvalidPrefix", "10.0.0.0"),
    ({"ip_address_prefix": "10.0.0/24"}, "InvalidPrefix", "10.0.0/24"),
    ({"ip_address_prefix": "10.0.0.0/33"}, "InvalidPrefix", "10.0.0.0/33"),
    ({"ip_address_prefix": "10.0.0.0/024"}, "InvalidPrefix", "10.0.0.0/024"),
    ({"ip_address_prefix": "10.0.0.0/24/16"}, "InvalidPrefix", "10.0.0.0/24/16"),
    ({"ip_address_prefix": "10.0.0.0/255.255.255.0"}, "InvalidPrefix", "10.0.0.0/255.255.255.0"),
    ({"ip_address_prefix": "10.0.0.0/0.0.0.255"}, "InvalidPrefix", "10.0.0.0/0.0.0.255"),
    ({"ip_address_prefix": "10.0.0.0/24\n"}, "InvalidPrefix", "10.0.0.0/24"),
    ({"ip_address_prefix": "010.0.0.0/24"}, "InvalidPrefix", "010.0.0.0/24"),
    ({"ip_address_prefix": "10.0.0.0/31"}, "PrefixTooSmall", "10.0.0.0/31"),
    ({"ip_address_prefix": "10.0.0.1/32"}, "PrefixTooSmall", "10.0.0.1/32"),
    ({"ip_address_prefix": "224.0.0.0/24"}, "PrefixReserved", "multicast"),
    ({"ip_address_prefix": "126.0.0.0/7"}, "PrefixReserved", "loopback 127.0.0.0/8"),
    ({"ip_address_prefix": "169.254.7.0/24"}, "PrefixReserved", "link-local"),
    ({"gateway": "10.0.0.256"}, "InvalidAddress", "10.0.0.256 gateway"),
    ({"gateway": "router"}, "InvalidAddress", "router"),
    ({"gateway": "10.0.1.1"}, "GatewayOutsidePrefix", "10.0.1.1 10.0.0.0/24"),
    ({"gateway": "10.0.0.0"}, "GatewayInvalid", "10.0.0.0/24"),
    ({"gateway": "10.0.0.255"}, "GatewayInvalid", "broadcast"),
    ({"gateway": "10.0.0.10"}, "AddressInPool", "gateway 10.0.0.10 10.0.0.10-10.0.0.100"),
    ({"gateway": "10.0.0.220"}, "AddressInPool", "VIP pool 10.0.0.220"),
    ({"dns_servers": ()}, "DnsServersCount", "none one to three"),
    ({"dns_servers": ("10.0.0.2",) * 2}, "DnsServersCount", "each once"),
    ({"dns_servers": tuple(f"10.0.0.{n}" for n in (2, 3, 4, 5))}, "DnsServersCount", "4"),
    ({"dns_servers": ("10.0.0.2,10.0.0.3",)}, "InvalidAddress", "dnsServers"),
    ({"dns_servers": ("127.0.0.53",)}, "DnsServerInvalid", "127.0.0.53 loopback"),
    ({"dns_servers": ("10.0.0.50",)}, "AddressInPool", "DNS server 10.0.0.50 node pool"),
    ({"vip_pool": "10.0.0.220-10.0.0.200"}, "PoolReversed", "10.0.0.220-10.0.0.200"),
    ({"vip_pool": "10.0.0.200-10.0.1.5"}, "PoolOutsidePrefix", "VIP pool 10.0.0.200-10.0.1.5 10.0.0.0/24"),
    ({"node_pool": "9.255.255.250-10.0.0.100"}, "PoolOutsidePrefix", "node pool 9.255.255.250"),
    ({"vip_pool": "10.0.0.200-10.0.0.255"}, "PoolHoldsNetworkAddress", "10.0.0.255"),
    ({"node_pool": "10.0.0.0-10.0.0.0"}, "PoolHoldsNetworkAddress", "10.0.0.0"),
    ({"vip_pool": "10.0.0.100-10.0.0.220"}, "PoolsOverlap", "10.0.0.100-10.0.0.220 10.0.0.10-10.0.0.100"),
    ({"vip_pool": "10.0.0.50-10.0.0.60"}, "PoolsOverlap", "10.0.0.50-10.0.0.60"),
    (SMALLEST, "PoolsOverlap", "10.0.0.2-10.0.0.2"),
    ({"vlan_id": 4095}, "VlanInvalid", "4095 4094"),
    ({"vlan_id": -1}, "VlanInvalid", "-1"),
    ({"vswitch_name": " "}, "SwitchNameInvalid", "empty"),
    ({"vswitch_name": "a\nb"}, "SwitchNameInvalid", "line break"),
    ({"vswitch_name": "a\x1b[31m"}, "SwitchNameInvalid", "control"),
]


@pytest.mark.parametrize(("fields", "code", "words"), REFUSED)
def test_a_network_that_breaks_a_rule_is_refused(fields: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(AksprovError) as caught:
        check_network(network(**fields), Snapshot())
    error = caught.value
    assert (error.code, error.exit_code) == (code, ExitCode.DEFINITION)
    text = f"{error.what} {error.where} {error.why} {error.fix}"
    assert [word for word in words.split(" ") if word not in text] == []
    assert error.why and error.fix


@pytest.mark.parametrize(
    "fields",
    [
        {"ip_address_prefix": "fd00::/64"},
        {"gateway": "fe80::1"},
        {"dns_servers": ("10.0.0.2", "2001:db8::53")},
        {"vip_pool": "fd00::1-fd00::2"},
    ],
)
def test_ipv6_is_not_available_yet(fields: dict[str, Any]) -> None:
    with pytest.raises(AksprovError) as caught:
        check_network(network(**fields), Snapshot())
    assert (caught.value.code, caught.value.exit_code) == ("Ipv6NotAvailable", ExitCode.NOT_AVAILABLE)


ACCEPTED = [
    {},
    {"vlan_id": 4094},
    {"dns_servers": ("10.0.0.1",)},  # the gateway may be the DNS server
    {"ip_address_prefix": "172.16.0.0/16", "gateway": "172.16.0.1", "vip_pool": "172.16.255.0-172.16.255.254",
     "node_pool": "172.16.4.0-172.16.5.255"},  # pools over octet borders; x.x.x.0 is an address here
    {"ip_address_prefix": "192.168.0.0/29", "gateway": "192.168.0.1", "dns_servers": ("192.168.0.1",),
     "vip_pool": "192.168.0.6-192.168.0.6", "node_pool": "192.168.0.2-192.168.0.5"},
    {"ip_address_prefix": "10.112.0.0/24", "gateway": "10.112.0.1", "vip_pool": "10.112.0.200-10.112.0.220",
     "node_pool": "10.112.0.10-10.112.0.100"},  # just after 10.96.0.0/12
]  # fmt: skip


@pytest.mark.parametrize("fields", ACCEPTED)
def test_a_network_that_keeps_the_rules_is_taken_as_it_is(fields: dict[str, Any]) -> None:
    wanted = network(**fields)
    assert check_network(wanted, Snapshot()) == wanted


def test_host_bits_of_the_prefix_are_dropped() -> None:
    assert check_network(network(ip_address_prefix="10.0.0.17/24"), Snapshot()) == GOOD


BESIDE = network(name="second", vip_pool="10.0.0.230-10.0.0.240", node_pool="10.0.0.110-10.0.0.150")
AT_ODDS = [
    (network(name="second"), "VIP pool 10.0.0.200-10.0.0.220 network lab"),
    (
        network(name="second", vip_pool="10.0.0.90-10.0.0.109", node_pool="10.0.0.110-10.0.0.150"),
        "VIP pool 10.0.0.90-10.0.0.109 node pool 10.0.0.10-10.0.0.100",
    ),
    (
        msgspec.structs.replace(BESIDE, node_pool=range_("10.0.0.3-10.0.0.7"), gateway="10.0.0.205"),
        "gateway 10.0.0.205 VIP pool 10.0.0.200-10.0.0.220",
    ),
    (
        msgspec.structs.replace(BESIDE, dns_servers=("10.0.0.99",)),
        "DNS server 10.0.0.99 node pool 10.0.0.10-10.0.0.100",
    ),
    (
        msgspec.structs.replace(BESIDE, gateway="10.0.0.9", node_pool=range_("10.0.0.1-10.0.0.1")),
        "node pool 10.0.0.1-10.0.0.1 gateway 10.0.0.1",
    ),
    (
        network(
            name="second",
            ip_address_prefix="10.0.0.0/16",
            vip_pool="10.0.7.1-10.0.7.9",
            node_pool="10.0.8.1-10.0.8.9",
        ),
        "10.0.0.0/16 overlaps 10.0.0.0/24 of network lab",
    ),
]


@pytest.mark.parametrize(("second", "words"), AT_ODDS)
def test_two_networks_at_odds_are_both_named(second: Network, words: str) -> None:
    with pytest.raises(AksprovError) as caught:
        check_network(second, recorded(GOOD))
    assert caught.value.code == "NetworksOverlap"
    text = f"{caught.value.what} {caught.value.where}"
    assert [word for word in words.split(" ") if word not in text] == []


def test_networks_may_share_a_subnet_when_their_pools_are_disjoint() -> None:
    assert check_network(BESIDE, recorded(GOOD)) == BESIDE


def test_another_site_may_have_the_same_addresses_and_one_site_is_one_in_any_case() -> None:
    first = network(name="one", site="Shop17")
    assert check_network(network(name="two", site="shop18"), recorded(GOOD, first))
    assert check_network(network(name="two"), recorded(first))
    with pytest.raises(AksprovError, match="overlaps"):
        check_network(network(name="two", site="SHOP17"), recorded(first))


STANDARD = [
    ({}, []),
    ({"ip_address_prefix": "10.95.0.0/16"}, []),
    ({"dns_servers": ("10.0.0.2", "10.100.14.70")}, ["10.100.14.70 10.96.0.0/12 --service-cidr"]),
    (
        {
            "ip_address_prefix": "10.244.7.0/24",
            "gateway": "10.244.7.1",
            "vip_pool": "10.244.7.200-10.244.7.220",
            "node_pool": "10.244.7.10-10.244.7.100",
        },
        ["10.244.7.0/24 10.244.0.0/16 --pod-cidr"],
    ),
    ({"ip_address_prefix": "10.0.0.0/8"}, ["10.0.0.0/8 10.244.0.0/16", "10.0.0.0/8 10.96.0.0/12"]),
]


@pytest.mark.parametrize(("fields", "words"), STANDARD)
def test_a_network_in_the_standard_ranges_is_taken_and_what_its_clusters_need_is_said(
    fields: dict[str, Any], words: list[str]
) -> None:
    notes = standard_overlaps(network(**fields))
    assert len(notes) == len(words)
    assert all(word in note for note, line in zip(notes, words, strict=True) for word in line.split())


def test_a_network_is_not_at_odds_with_itself() -> None:
    assert check_network(network(name="LAB"), recorded(GOOD)).name == "LAB"


@given(st.lists(st.integers(0, 255), min_size=4, max_size=4))
def test_pools_that_pass_share_no_address_with_each_other_or_anything_fixed(ends: list[int]) -> None:
    vip, node = ("-".join(f"10.0.0.{n}" for n in pair) for pair in (ends[:2], ends[2:]))
    try:
        checked = check_network(network(vip_pool=vip, node_pool=node), Snapshot())
    except AksprovError:
        return
    vips = set(range(ends[0], ends[1] + 1))
    nodes = set(range(ends[2], ends[3] + 1))
    assert vips and nodes and not vips & nodes
    assert not (vips | nodes) & {0, 1, 2, 255}
    assert (str(checked.vip_pool), str(checked.node_pool)) == (vip, node)


def test_users_of_a_network_are_found_by_definition_and_by_lease() -> None:
    lease = Lease(address="10.0.0.200", network="lab", purpose="vip", owner="cluster/old", cluster="old")
    demo = Cluster(name="demo", network="LAB", kubernetes_version="v1.36.4")
    snapshot = Snapshot(clusters={"demo": demo}, leases=(lease,))
    assert network_users("lab", snapshot) == ("demo", "old")
    assert network_users("other", snapshot) == ()
