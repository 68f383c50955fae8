"""Which hosts of the inventory can join a network, at which address, and why the others cannot."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable
from ipaddress import IPv4Interface, IPv4Network
from typing import Final

from aksprov.ipam.allocate import at_site, leases_beside, same_subnet
from aksprov.ipam.capacity import Capacity, capacity_of
from aksprov.ipam.dual_stack import node_ipv6
from aksprov.ipam.ranges import holds, in_prefix, natural
from aksprov.model.base import Value
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts, Interface
from aksprov.model.host import Host, OperatingSystem
from aksprov.model.network import Network
from aksprov.model.row import Result, Row

# Linux allows more (net/core/dev.c, dev_valid_name), but these need no quoting in any file.
# Windows: an alias without the characters that its own tools refuse (Rename-NetAdapter).
_INTERFACE_NAMES: Final[dict[OperatingSystem, re.Pattern[str]]] = {
    "linux": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,14}"),
    "windows": re.compile(r"[^\s\\/:*?\"<>|\x00-\x1f][^\\/:*?\"<>|\x00-\x1f]{0,254}"),
}
NOT_YET: Final = "HostNotAvailableYet"


class OwnAddress(Value, frozen=True, kw_only=True):
    """A host's own address on a network, and the interface that has it.

    Args:
        address: "" where the host has none, and is given one of the node pool.
        subnet: what the host reaches without a router there, in CIDR form; "" when unknown.
    """

    address: str
    interface: str
    subnet: str = ""


class Reason(Value, frozen=True, kw_only=True):
    """Why a host is kept out.

    Args:
        test_name: of the row; docs/checks.md lists them.
        result: Skipped where nothing is wrong with the host, Warning where its owner should look at it.
    """

    test_name: str
    details: str
    recommendation: str
    result: Result = "Skipped"

    def row(self, host: str, cluster: str) -> Row:
        """The row that says so."""
        return Row(
            test_name=self.test_name,
            category="Placement",
            test_result=self.result,
            details=f"kept out: {self.details}",
            recommendation=self.recommendation,
            host=host,
            cluster=cluster,
        )


class Candidate(Value, frozen=True, kw_only=True):
    """A host that can join."""

    host: Host
    own: OwnAddress
    capacity: Capacity


def find_candidates(
    network: Network, snapshot: Snapshot, *, offline: bool, dual_stack: bool = False
) -> tuple[dict[str, Candidate], dict[str, Reason]]:
    """Hosts of the network's site that are in no cluster: those that can join, and why each of the others cannot.

    Args:
        network: the cluster's network.
        snapshot: what is recorded.
        offline: no host is contacted, so one without facts is taken by its inventory entry, and how
            it is connected to does not matter.
        dual_stack: every host needs an IPv6 address, too.

    Returns:
        Both by host key, in the natural order of names.
    """
    busy = {node.host for node in snapshot.nodes}
    same_machine = _same_machines(busy, snapshot)
    beside = leases_beside(network, snapshot)
    vips = {lease.address for lease in beside if lease.purpose == "vip"}
    holders = {lease.address: lease.owner for lease in beside}
    subnet = [other for other in (network, *snapshot.networks.values()) if same_subnet(network, other)]
    found: dict[str, Candidate] = {}
    reasons: dict[str, Reason] = {}
    free = (key for key, host in snapshot.hosts.items() if key not in busy and at_site(host, network))
    for key in sorted(free, key=natural):
        host, facts = snapshot.hosts[key], snapshot.facts.get(key)
        answer = (
            _not_now(host, offline=offline)
            or same_machine.get(key)
            or own_address(host, facts, network, vips, offline=offline)
        )
        if isinstance(answer, OwnAddress) and answer.address:
            answer = _at_odds(key, answer, subnet, holders) or answer
        if dual_stack and facts is not None and isinstance(answer, OwnAddress):
            answer = _without_ipv6(facts, answer) or answer
        if isinstance(answer, Reason):
            reasons[key] = answer
        else:
            holders[answer.address] = f"host/{key}"
            found[key] = Candidate(host=host, own=answer, capacity=capacity_of(host, facts))
    return found, reasons


def own_address(
    host: Host, facts: Facts | None, network: Network, vips: Container[str], *, offline: bool = False
) -> OwnAddress | Reason:
    """The address that a host has in a network's prefix, or why it has none.

    Where there are several, the interface that its entry names for the switch decides, else
    the kernel's order.

    Args:
        host: the inventory entry.
        facts: None where the host was never contacted.
        network: the network to join.
        vips: addresses that are leased as VIPs; never a host's own one.
        offline: an entry's own IP address will do where there are no facts.
    """
    if facts is None:
        return (
            _address_by_entry(host, network)
            if offline
            else Reason(
                test_name="HostNotContacted",
                details="nothing is known of it, as it never answered",
                recommendation=f"run test-host --name {host.name}",
            )
        )
    named = host.interfaces.get(network.vswitch_name)
    interfaces = [i for i in facts.interfaces if i.name != "lo" and named in (None, i.name, *i.altnames)]
    if named is not None and not interfaces:
        return Reason(
            test_name="InterfaceMissing",
            details=f"it has no interface {named}, which its entry names for switch {network.vswitch_name}",
            recommendation="correct 'interfaces' in its inventory entry, or run test-host if the host has changed",
            result="Warning",
        )
    return _first_address(interfaces, network, vips) or _to_be_given(host, facts, interfaces, network)


def _first_address(interfaces: list[Interface], network: Network, vips: Container[str]) -> OwnAddress | None:
    prefix = IPv4Network(network.ip_address_prefix)
    for interface in interfaces:
        for cidr in interface.addresses:
            address = cidr.partition("/")[0]
            if in_prefix(address, prefix) and address not in vips:
                subnet = str(IPv4Interface(cidr).network)
                return OwnAddress(address=address, interface=interface.name, subnet=subnet)
    return None


def _to_be_given(host: Host, facts: Facts, interfaces: list[Interface], network: Network) -> OwnAddress | Reason:
    """That the interface which its entry names gets an address, or why it gets none.

    One that has an address already may be the one that the host is reached by: it is never changed.
    """
    named = host.interfaces.get(network.vswitch_name)
    where = f"it has no address in {network.ip_address_prefix}" + (f" on {named}" if named else "")
    managed = facts.units.get("systemd-networkd")
    having = [a for i in interfaces for a in i.addresses if ":" not in a and not a.startswith("169.254.")]
    if named is None:
        why = ""
        cure = f"give it one, or name the interface that is to get one: --interfaces {network.vswitch_name}=eth1"
    elif host.os == "windows" or not network.node_ranges:
        why, cure = "", "give it one there, then run test-host"
    elif having:
        why = f", and has {having[0]} there, which is left as it is"
        cure = "give it one there, or name another interface"
    elif managed is None or managed.active != "active":
        why = ", and systemd-networkd, which would set one, does not run"
        cure = "give it one there, or systemctl enable --now systemd-networkd; then run test-host"
    elif not _INTERFACE_NAMES["linux"].fullmatch(interfaces[0].name):
        why = f", and {interfaces[0].name!r} is no name that its file could have"
        cure = "give it one there, or rename the interface"
    else:
        return OwnAddress(address="", interface=interfaces[0].name, subnet=network.ip_address_prefix)
    return Reason(test_name="HostOutsideNetwork", details=where + why, recommendation=cure)


def _address_by_entry(host: Host, network: Network) -> OwnAddress | Reason:
    if not in_prefix(host.address, IPv4Network(network.ip_address_prefix)):
        return Reason(
            test_name="HostOutsideNetwork",
            details=f"its address {host.address} is not one in {network.ip_address_prefix}, and nothing else is known",
            recommendation=f"run test-host --name {host.name}, or give its IP address in the prefix",
        )
    interface = host.interfaces.get(network.vswitch_name, network.vswitch_name)
    if not _INTERFACE_NAMES[host.os].fullmatch(interface):
        return Reason(
            test_name="InterfaceUnknown",
            details=f"{interface!r} is not the name of a network interface, and nothing else is known",
            recommendation=f"name its interface: interfaces: {{{network.vswitch_name}: eth0}}",
            result="Warning",
        )
    return OwnAddress(address=host.address, interface=interface)


def _without_ipv6(facts: Facts, own: OwnAddress) -> Reason | None:
    if node_ipv6(facts, own.interface):
        return None
    return Reason(
        test_name="HostWithoutIpv6",
        details=f"it has no IPv6 address on {own.interface} that others reach, and the cluster has both families",
        recommendation="give it one there, then run test-host; or give one CIDR for pods and one for Services",
        result="Warning",
    )


def _not_now(host: Host, *, offline: bool) -> Reason | None:
    """What the inventory entry alone says."""
    if host.maintenance is not None:
        until = f" until {host.maintenance.until}" if host.maintenance.until else ""
        return Reason(
            test_name="HostInMaintenance",
            details=f"in maintenance{until}: {host.maintenance.reason}",
            recommendation="end it with set-host when the host may be used again",
        )
    missing = "" if offline else _not_built(host)
    if missing:
        return Reason(
            test_name=NOT_YET,
            details=f"{missing} not available yet",
            recommendation="write its files to a folder with --output-dir, or give the host connection psrp",
        )
    return None


def _not_built(host: Host) -> str:
    if host.os == "windows" and host.connection not in ("psrp", "winrm"):
        return f"Windows hosts by {host.connection} are"
    return ""


def _same_machines(busy: Container[str], snapshot: Snapshot) -> dict[str, Reason]:
    """Further names of a machine that has a name already: one in a cluster, else the first by name."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for key in snapshot.hosts:
        facts = snapshot.facts.get(key)
        if facts is not None and facts.machine_id:
            names[facts.machine_id].append(key)
    again: dict[str, Reason] = {}
    for machine_id, keys in names.items():
        if len(keys) > 1:
            first, *others = sorted(keys, key=lambda key: (key not in busy, natural(key)))
            reason = Reason(
                test_name="UniqueMachineId",
                details=f"it is the same machine as {snapshot.hosts[first].name} (machine-id {machine_id})",
                recommendation="remove one of the two entries; if the disk was cloned, give the clone a machine-id "
                "of its own",
                result="Warning",
            )
            again |= dict.fromkeys(others, reason)
    return again


def _at_odds(key: str, own: OwnAddress, subnet: Iterable[Network], holders: dict[str, str]) -> Reason | None:
    """What the definitions of a subnet's networks, and who has which address, say against a host's own one."""
    for other in subnet:
        pool = next((run for run in other.vip_ranges if holds(run, own.address)), None)
        if pool is not None:
            return Reason(
                test_name="HostInVipPool",
                details=f"its own address {own.address} is in the VIP pool {pool} of network {other.name}",
                recommendation="give the host another address, then run test-host",
                result="Warning",
            )
    holder = holders.get(own.address, f"host/{key}")
    if holder != f"host/{key}":
        return Reason(
            test_name="AddressTwice",
            details=f"its own address {own.address} is also that of {holder.replace('/', ' ')}",
            recommendation="give one of the two another address, then run test-host",
            result="Warning",
        )
    return None
