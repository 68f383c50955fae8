"""The host's own networks beside those of pods and services.  Pure.

Sources: VXLAN takes 50 bytes of a packet over IPv4 (RFC 7348), and the plugins subtract them on each node by itself;
IPv6 needs 1,280 (RFC 8200); kubeadm's resolvConf ("Customizing the kubelet").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from aksprov.checks.preflight.case import Case
from aksprov.model.row import Row
from aksprov.model.situation import Route

_VXLAN: Final = 50
_LEAST_MTU: Final = 1280 + _VXLAN


def mtu_rows(cases: Sequence[Case]) -> Iterator[Row]:
    """The smallest host decides: pods of the others send what it cannot take."""
    found = {case.node.host: mtu for case in cases if case.runs_pods and (mtu := _mtu(case))}
    for case in cases if found else ():
        mtu, smallest = found.get(case.node.host, 0), min(found, key=lambda host: found[host])
        if mtu > found[smallest]:
            yield case.warns(
                "MtuForOverlay",
                f"{case.node.interface} has an MTU of {mtu}, so its pods send packets of {mtu - _VXLAN} bytes; "
                f"{smallest} has {found[smallest]} and takes {found[smallest] - _VXLAN}",
                f"give all hosts one MTU: ip link set {case.node.interface} mtu {found[smallest]}, and the same where "
                "the interface is configured",
            )
        elif 0 < mtu < _LEAST_MTU:
            yield case.warns(
                "MtuForOverlay",
                f"{case.node.interface} has an MTU of {mtu}; VXLAN leaves {mtu - _VXLAN} of it to pods, and IPv6 "
                "needs 1280",
                f"give {case.node.interface} an MTU of {_LEAST_MTU} or more",
            )


def _mtu(case: Case) -> int:
    return next((i.mtu for i in case.facts.interfaces if i.name == case.node.interface), 0)


def network_rows(case: Case) -> Iterator[Row]:
    """Routes and bridges of the host, and who answers for names there."""
    if case.runs_pods:
        yield from _routes(case)
        yield from _names(case)


def _routes(case: Case) -> Iterator[Row]:
    for what, cidrs in (("pods", case.cluster.pod_cidrs), ("services", case.cluster.service_cidrs)):
        ranges = [ip_network(cidr) for cidr in cidrs]
        routes = [] if case.ours else [r for r in case.situation.routes if any(_hides(r, cidr) for cidr in ranges)]
        if routes:
            yield case.warns(
                "ClusterCidrFree",
                f"the host has {', '.join(f'{r.prefix} on {r.device}' for r in routes)} inside the range of {what}, "
                f"{', '.join(cidrs)}",
                "move that network (for docker0: bip in /etc/docker/daemon.json), or give the cluster another range",
            )


def _hides(route: Route, cidr: IPv4Network | IPv6Network) -> bool:
    """Whether traffic to the range goes there; a route that is wider gives way to the plugin's own."""
    prefix = ip_network(route.prefix)
    if isinstance(prefix, IPv4Network) != isinstance(cidr, IPv4Network):
        return False
    return prefix.overlaps(cidr) and (not route.gateway or prefix.prefixlen >= cidr.prefixlen)


def _names(case: Case) -> Iterator[Row]:
    servers = case.situation.name_servers
    if case.facts.resolver and not servers and case.starts:
        yield case.warns(
            "NameResolution",
            "/etc/resolv.conf names no server; images that have to be pulled and names of other sites are not found",
            "name one there, unless every image is on the host and pods need no other names",
        )
    own = [s for s in servers if _is_loopback(s)]
    if own and not case.situation.resolved and len(own) == len(servers):
        yield case.warns(
            "NameResolution",
            f"/etc/resolv.conf names {', '.join(own)} alone, an address of the host itself, which no pod reaches",
            'name servers of the network in another file and give --node-settings {"KubeletConfiguration": '
            '{"resolvConf": "FILE"}}',
        )


def _is_loopback(server: str) -> bool:
    try:
        return ip_address(server.partition("%")[0]).is_loopback
    except ValueError:
        return False
