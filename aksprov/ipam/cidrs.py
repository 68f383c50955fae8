"""What the pod and service CIDRs of a cluster may be.

Sources: AKS hybrid documentation, "Tested resource limits" (10.244.0.0/16, a /24 for each node);
kubeadm, cmd/kubeadm/app/apis/kubeadm/validation (10 addresses at least, 20 host bits at most in a
service subnet, 16 bits at most between a pod subnet and the nodes' mask); kube-controller-manager
(node masks 24 and 64); kube-apiserver (the first service CIDR has the family of its own address).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_interface, ip_network
from itertools import product
from typing import Final, Literal

from aksprov.errors import DefinitionError, NotAvailableError
from aksprov.model.cluster import Cluster
from aksprov.model.network import Network

Cidr = IPv4Network | IPv6Network
Family = Literal[4, 6]
FAMILIES: Final[dict[Family, str]] = {4: "IPv4", 6: "IPv6"}
# AksHci's for IPv4; for IPv6 those that kind gives its dual-stack clusters (kind.sigs.k8s.io, Networking).
POD_CIDRS: Final[dict[Family, str]] = {4: "10.244.0.0/16", 6: "fd00:10:244::/56"}
SERVICE_CIDRS: Final[dict[Family, str]] = {4: "10.96.0.0/12", 6: "fd00:10:96::/112"}
NODE_MASKS: Final[dict[Family, int]] = {4: 24, 6: 64}

_LEAST_SERVICES: Final = 10
_SERVICE_HOST_BITS: Final = 20
_NODE_BITS: Final = 16
# What neither a pod nor a Service nor a node can have: RFC 1122 3.2.1.3, RFC 3927, RFC 5771,
# RFC 1112 section 4; RFC 4291 sections 2.5.2, 2.5.3, 2.5.5.2, 2.5.6 and 2.7.
SPECIAL: Final[dict[Cidr, str]] = {
    IPv4Network("0.0.0.0/8"): "addresses of this network (RFC 1122)",
    IPv4Network("127.0.0.0/8"): "loopback addresses (RFC 1122)",
    IPv4Network("169.254.0.0/16"): "link-local addresses (RFC 3927)",
    IPv4Network("224.0.0.0/4"): "multicast addresses (RFC 5771)",
    IPv4Network("240.0.0.0/4"): "reserved addresses (RFC 1112)",
    IPv6Network("::/127"): "the unspecified and the loopback address (RFC 4291)",
    IPv6Network("::ffff:0:0/96"): "IPv4 addresses in IPv6 form (RFC 4291)",
    IPv6Network("fe80::/10"): "link-local addresses (RFC 4291)",
    IPv6Network("ff00::/8"): "multicast addresses (RFC 4291)",
}


def parse_cidr(text: str) -> Cidr:
    """The network of a CIDR, its host bits dropped (ValueError when it is none)."""
    return ip_network(text, strict=False)


def has_host_bits(text: str) -> bool:
    """Whether a CIDR's address is another one than its network's."""
    return ip_interface(text).ip != parse_cidr(text).network_address


def families(cidrs: Iterable[str]) -> tuple[Family, ...]:
    """4 or 6 for each CIDR, in order."""
    return tuple(_family(parse_cidr(cidr)) for cidr in cidrs)


def node_mask(cidr: Cidr) -> int:
    """Length of the prefix that a node gets of a pod CIDR."""
    return NODE_MASKS[_family(cidr)]


def node_networks(cidr: Cidr) -> int:
    """How many nodes can get a network of their own from a pod CIDR."""
    mask = node_mask(cidr)
    return 1 << mask - cidr.prefixlen if cidr.prefixlen <= mask else 0


def check_cidrs(cluster: Cluster, network: Network) -> None:
    """Hold the CIDRs of a cluster against each other and against its network.

    Raises:
        DefinitionError: CidrFamilies, CidrFamiliesDiffer, CidrReserved, CidrsOverlap,
            ClusterRangeOverlap, ServiceCidrTooSmall, ServiceCidrTooLarge, PodCidrTooLarge.
        NotAvailableError: Ipv6NotAvailable, where IPv4 is not the first family.
    """
    pods, services = ([parse_cidr(c) for c in cidrs] for cidrs in (cluster.pod_cidrs, cluster.service_cidrs))
    _check_families(cluster)
    for parameter, cidrs in (("podCidr", pods), ("serviceCidr", services)):
        for cidr in cidrs:
            _check_ordinary(parameter, cidr)
    for pod, service in product(pods, services):
        if pod.version == service.version and pod.overlaps(service):
            raise DefinitionError(
                "CidrsOverlap",
                f"the pod CIDR {pod} overlaps the service CIDR {service}",
                where="podCidr, serviceCidr",
                why="a pod and a Service would have the same address",
                fix="choose two ranges that share no address",
            )
    for kind, parameter, cidrs in (("pod", "podCidr", pods), ("service", "serviceCidr", services)):
        for cidr in cidrs:
            _check_apart(network, kind, parameter, cidr)
    for service in services:
        _check_service_size(service)
    for pod in pods:
        _check_pod_size(pod)
    _check_order(cluster)


def standard_overlaps(network: Network) -> tuple[str, ...]:
    """What of a network lies in AksHci's pod or service CIDR, as text; its clusters need other CIDRs."""
    return tuple(
        f"the network's {part} overlaps {standard}, the {kind} CIDR of a cluster without --{kind}-cidr"
        for kind, standard in (("pod", POD_CIDRS[4]), ("service", SERVICE_CIDRS[4]))
        for part in _parts_in(network, parse_cidr(standard))
    )


def _check_families(cluster: Cluster) -> None:
    for parameter, cidrs in (("podCidr", cluster.pod_cidrs), ("serviceCidr", cluster.service_cidrs)):
        if len(set(families(cidrs))) < len(cidrs) or not cidrs:
            raise DefinitionError(
                "CidrFamilies",
                f"{', '.join(cidrs) or 'nothing'} cannot be the CIDRs of a cluster",
                where=parameter,
                why="there is one CIDR, or one of each family, IPv4 and IPv6",
                fix="give one range, or an IPv4 and an IPv6 range with a comma between them",
            )
    if families(cluster.pod_cidrs) != families(cluster.service_cidrs):
        raise DefinitionError(
            "CidrFamiliesDiffer",
            f"the families of the pod CIDRs {cluster.pod_subnet} and the service CIDRs {cluster.service_subnet} differ",
            where="podCidr, serviceCidr",
            why=f"pods would have {_names(cluster.pod_cidrs)}, Services {_names(cluster.service_cidrs)}; "
            "the first family is the primary one of both",
            fix="give both in the same families and order, or leave one out: it follows the other",
        )


def _check_order(cluster: Cluster) -> None:
    """The API server's address, a VIP of an IPv4 network, must be of the first family."""
    if families(cluster.pod_cidrs)[0] == 6:
        raise NotAvailableError(
            "Ipv6NotAvailable",
            f"pods and Services cannot have {_names(cluster.pod_cidrs)}",
            where="podCidr, serviceCidr",
            why="networks are IPv4 only, so the first family is IPv4",
            fix="give the IPv4 CIDR first, as in 10.244.0.0/16,fd00:10:244::/56",
        )


def _check_ordinary(parameter: str, cidr: Cidr) -> None:
    for special, name in SPECIAL.items():
        if cidr.version == special.version and cidr.overlaps(special):
            raise DefinitionError(
                "CidrReserved",
                f"{cidr} cannot be a range of pods or Services",
                where=parameter,
                why=f"it overlaps {special}: {name}",
                fix="give a range of ordinary addresses, such as 10.244.0.0/16",
            )


def _check_apart(network: Network, kind: str, parameter: str, cidr: Cidr) -> None:
    """A node that has a pod's or Service's address beside it reaches the wrong one."""
    for part in _parts_in(network, cidr):
        raise DefinitionError(
            "ClusterRangeOverlap",
            f"the network's {part} overlaps the {kind} CIDR {cidr}",
            where=f"{parameter}, network {network.name}",
            why=f"a cluster keeps {cidr} for its {kind}s, so its nodes cannot reach machines with such addresses",
            fix=f"give --{kind}-cidr a range that is used nowhere else, or use another network",
        )


def _parts_in(network: Network, cidr: Cidr) -> list[str]:
    """What of a network (IPv4 only) lies in a CIDR."""
    if cidr.version == 6:
        return []
    prefix = network.ip_address_prefix  # none in a setting for DHCP
    at_odds = [f"prefix {prefix}"] if prefix and parse_cidr(prefix).overlaps(cidr) else []
    return at_odds + [f"DNS server {server}" for server in network.dns_servers if ip_address(server) in cidr]


def _check_service_size(cidr: Cidr) -> None:
    if cidr.num_addresses < _LEAST_SERVICES:
        raise DefinitionError(
            "ServiceCidrTooSmall",
            f"the service CIDR {cidr} has {cidr.num_addresses} addresses, and {_LEAST_SERVICES} are the least",
            where="serviceCidr",
            why="kubeadm wants that many: the API server's own Service has the 1st, the cluster's DNS the 10th",
            fix=f"give a /{cidr.max_prefixlen - 4} or larger; {SERVICE_CIDRS[_family(cidr)]} is usual",
        )
    longest = cidr.max_prefixlen - _SERVICE_HOST_BITS
    if cidr.prefixlen < longest:
        raise DefinitionError(
            "ServiceCidrTooLarge",
            f"the service CIDR {cidr} has {cidr.max_prefixlen - cidr.prefixlen} host bits, and "
            f"{_SERVICE_HOST_BITS} are the most",
            where="serviceCidr",
            why="the API server keeps a bitmap of all its addresses",
            fix=f"give a /{longest} or smaller",
        )


def _check_pod_size(cidr: Cidr) -> None:
    mask = node_mask(cidr)
    bits = mask - cidr.prefixlen
    if bits > _NODE_BITS:
        raise DefinitionError(
            "PodCidrTooLarge",
            f"the pod CIDR {cidr} is {bits} bits wider than a node's /{mask}, and {_NODE_BITS} are the most",
            where="podCidr",
            why=f"every node gets a /{mask} of it, and Kubernetes keeps a bitmap of them",
            fix=f"give a /{mask - _NODE_BITS} or smaller",
        )


def _family(cidr: Cidr) -> Family:
    return 4 if cidr.version == 4 else 6


def _names(cidrs: Sequence[str]) -> str:
    return " and then ".join(FAMILIES[family] for family in families(cidrs))
