"""Which host takes which role, at which address: the desired picture of a cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from ipaddress import IPv4Network

from aksprov.ipam.allocate import propose_router_id, propose_vip
from aksprov.ipam.candidates import Candidate, Reason, find_candidates
from aksprov.ipam.capacity import Fit, fit
from aksprov.ipam.dhcp import offer_rows, scope_rows
from aksprov.ipam.dual_stack import is_dual_stack
from aksprov.ipam.groups import Group, groups_of
from aksprov.ipam.lease_moves import follow
from aksprov.ipam.matching import fill
from aksprov.ipam.placement_rows import capacity_rows, definition_rows, dual_stack_rows
from aksprov.ipam.ranges import in_prefix, listed, natural
from aksprov.ipam.sharing import neighbours, recorded_vip, shared_nodes
from aksprov.ipam.spread import turns
from aksprov.ipam.static import with_addresses
from aksprov.ipam.too_few import too_few
from aksprov.model.cluster import Cluster, Node
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.host import ROLES
from aksprov.model.network import STATIC, Lease, Network
from aksprov.model.row import Row


def place(cluster: Cluster, network: Network, snapshot: Snapshot, *, offline: bool = False) -> Desired:
    """Give a cluster its hosts, its VIP and its router id.

    What is recorded for a cluster of that name stays, save where a DHCP lease changed; the rest is proposed.
    Roles choose in the order control plane, load balancer, node pools as defined.  A role takes, among the
    hosts of its operating system that it is allowed on, first those that reach the VM size, then those that may take
    fewest roles, then one of each rack and site in turn, then by name (host2 before host10); a host is moved to
    another role when only that lets all roles be filled.  Within a role, hosts are numbered by name.  Nothing but the
    arguments decides.

    Args:
        cluster: the definition, checked.
        network: the one that it names.
        snapshot: hosts, facts, and what is taken; networks of pools, too.
        offline: hosts are folders: one without facts is taken by its inventory entry.

    Raises:
        DefinitionError: TooFewHosts, with what is missing for each role and why hosts were kept out;
            VipPoolExhausted, NodeRangeExhausted, RouterIdsExhausted.
    """
    elsewhere = {p.name: snapshot.networks[p.network.lower()] for p in cluster.node_pools if p.network}
    mine = (n for n in snapshot.nodes if n.cluster == cluster.key)
    moves = follow(mine, network, elsewhere, snapshot, cluster.name)
    recorded = list(moves.nodes)
    recorded += shared_nodes(cluster, network, recorded, snapshot)
    groups = groups_of(cluster, network, elsewhere, recorded)
    added, rows = (
        _choose(cluster, network, snapshot, groups, recorded, offline=offline)
        if any(group.missing for group in groups)
        else ([], [])
    )
    given = with_addresses(added, network, elsewhere, snapshot)
    nodes = tuple(sorted((*recorded, *given.nodes), key=lambda node: (ROLES.index(node.role), node.index)))
    vip = recorded_vip(cluster.key, snapshot) or propose_vip(network, snapshot)
    return Desired(
        cluster=cluster,
        network=network,
        nodes=nodes,
        vip=vip,
        router_id=_recorded_router_id(cluster, network, snapshot) or propose_router_id(network, snapshot),
        leases=_leases(cluster, network, elsewhere, vip, nodes, given.hosts, snapshot),
        pool_networks=elsewhere,
        beside=neighbours(cluster, nodes, snapshot),
        rows=(
            *definition_rows(cluster),
            *scope_rows(network, cluster.name),
            *offer_rows(network, snapshot, cluster.name),
            *moves.rows,
            *capacity_rows(cluster, groups, nodes, snapshot),
            *dual_stack_rows(cluster, nodes, snapshot),
            *rows,
        ),
    )


def _choose(
    cluster: Cluster,
    network: Network,
    snapshot: Snapshot,
    groups: list[Group],
    recorded: list[Node],
    *,
    offline: bool,
) -> tuple[list[Node], list[Row]]:
    """New nodes, and a row for each host that was kept out."""
    found: dict[str, dict[str, Candidate]] = {}
    reasons: dict[str, Reason] = {}
    for one in {group.network.key: group.network for group in groups}.values():
        found[one.key], why = find_candidates(one, snapshot, offline=offline, dual_stack=is_dual_stack(cluster))
        reasons = why | reasons
    apart = {key for key, candidate in found[network.key].items() if not _reaches_vips(candidate, network)}
    chosen = _match(groups, found, apart, recorded, snapshot)
    reasons = {key: reason for key, reason in reasons.items() if not any(key in there for there in found.values())}
    reasons |= _unfit(groups, found, apart, {host for hosts in chosen for host in hosts}, network)
    reasons = dict(sorted(reasons.items(), key=lambda item: natural(item[0])))
    if any(len(hosts) < group.missing for group, hosts in zip(groups, chosen, strict=True)):
        raise too_few(cluster, network, snapshot, groups, chosen, reasons)
    rows = [reason.row(snapshot.hosts[key].name, cluster.name) for key, reason in reasons.items()]
    return _nodes(cluster, groups, chosen, found, recorded), rows


def _reaches_vips(candidate: Candidate, network: Network) -> bool:
    """Whether the VIPs are on the host's own segment, so that it can answer for them; so share two hosts one."""
    if not candidate.own.subnet:
        return True
    subnet = IPv4Network(candidate.own.subnet)
    return all(in_prefix(address, subnet) for run in network.vip_ranges for address in (run.start, run.end))


def _match(
    groups: list[Group],
    found: Mapping[str, Mapping[str, Candidate]],
    apart: Container[str],
    recorded: Iterable[Node],
    snapshot: Snapshot,
) -> list[list[str]]:
    """The hosts of each group, by name; no load balancer is one of ``apart``.

    Args:
        found: by network, then host.
    """
    there = {(n.role, n.pool, n.host): snapshot.hosts[n.host] for n in recorded if n.host in snapshot.hosts}
    sized, usable = [], []
    for group in groups:
        mine = [host for (role, pool, _), host in there.items() if (role, pool) == (group.role, group.pool)]
        there_found = found[group.network.key]
        turn = turns((c.host for c in there_found.values() if _allowed(group, c)), mine)
        sized.append(_preferred(group, there_found, apart, Fit.SIZE, turn))
        usable.append(_preferred(group, there_found, apart, Fit.MINIMUM, turn))
    group_of = [number for number, group in enumerate(groups) for _ in range(group.missing)]
    holders: dict[str, int] = {}
    fill([sized[number] for number in group_of], holders)
    fill([usable[number] for number in group_of], holders)
    chosen: list[list[str]] = [[] for _ in groups]
    for host in sorted(holders, key=natural):
        chosen[group_of[holders[host]]].append(host)
    return chosen


def _preferred(
    group: Group,
    found: Mapping[str, Candidate],
    apart: Container[str],
    worst: Fit,
    turn: Mapping[str, tuple[int, int]],
) -> list[str]:
    """Hosts that a group may take, the best first; those that are alike stay in the order of their names."""
    allowed = {key: c for key, c in found.items() if _allowed(group, c)}
    if group.role == "load-balancer":
        allowed = {key: c for key, c in allowed.items() if key not in apart}
    fits = {key: fit(c.capacity, group.need) for key, c in allowed.items()}
    usable = [key for key, how in fits.items() if how <= worst]
    return sorted(usable, key=lambda key: (fits[key], len(found[key].host.roles or ROLES), turn[key]))


def _allowed(group: Group, candidate: Candidate) -> bool:
    host = candidate.host
    fits_role = not host.roles or group.role in host.roles
    labels = {f"{key}={value}" for key, value in host.labels.items()}
    return host.os == group.os and fits_role and labels.issuperset(group.labels)


def _unfit(
    groups: list[Group],
    found: Mapping[str, Mapping[str, Candidate]],
    apart: Container[str],
    chosen: Container[str],
    network: Network,
) -> dict[str, Reason]:
    """Hosts that were left over because every role they may take has found them unfit."""
    reasons: dict[str, Reason] = {}
    for on, key, candidate in ((on, key, c) for on, there in found.items() for key, c in there.items()):
        asking = [g for g in groups if g.missing and g.network.key == on and _allowed(g, candidate)]
        if key in chosen or not asking:
            continue
        if all(fit(candidate.capacity, group.need) is Fit.NO for group in asking):
            cpus, memory = min((group.need.least_cpus, group.need.least_memory_mb) for group in asking)
            reasons[key] = Reason(
                test_name="HostTooSmall",
                details=f"it has {candidate.capacity}, the least is {cpus} CPUs, {memory} MB",
                recommendation="use a larger host, or correct the capacity that its entry declares",
            )
        elif key in apart and any(group.role == "load-balancer" for group in asking):
            reasons[key] = Reason(
                test_name="HostOnOtherSegment",
                details=f"it cannot be a load balancer: its subnet {candidate.own.subnet} on {candidate.own.interface} "
                f"does not hold the VIP pool {listed(network.vip_ranges)}, so it shares no segment with the other one",
                recommendation=f"correct the mask of its address; the network's prefix is {network.ip_address_prefix}",
                result="Warning",
            )
    return reasons


def _nodes(
    cluster: Cluster,
    groups: list[Group],
    chosen: list[list[str]],
    found: Mapping[str, Mapping[str, Candidate]],
    recorded: Iterable[Node],
) -> list[Node]:
    indexes: defaultdict[str, int] = defaultdict(int)
    for node in recorded:
        indexes[node.role] = max(indexes[node.role], node.index + 1)
    nodes: list[Node] = []
    for group, hosts in zip(groups, chosen, strict=True):
        for host in hosts:
            own = found[group.network.key][host].own
            nodes.append(
                Node(
                    host=host,
                    cluster=cluster.key,
                    role=group.role,
                    index=indexes[group.role],
                    address=own.address,
                    interface=own.interface,
                    pool=group.pool,
                )
            )
            indexes[group.role] += 1
    return nodes


def _leases(
    cluster: Cluster,
    network: Network,
    elsewhere: Mapping[str, Network],
    vip: str,
    nodes: Iterable[Node],
    given: Container[str],
    snapshot: Snapshot,
) -> tuple[Lease, ...]:
    """What the cluster has or takes; a shared load balancer's address stays leased as it was.

    Args:
        given: hosts that are given their address.
    """
    held = {(x.network, x.address, x.owner): x for x in snapshot.leases}

    def lease(on: Network, address: str, purpose: str, owner: str) -> Lease:
        new = Lease(address=address, network=on.key, purpose=purpose, owner=owner, cluster=cluster.key)
        return held.get((on.key, address, owner), new)

    purpose = {True: STATIC, False: "node"}
    own = (lease(elsewhere.get(n.pool, network), n.address, purpose[n.host in given], f"host/{n.host}") for n in nodes)
    return (lease(network, vip, "vip", f"cluster/{cluster.key}"), *own)


def _recorded_router_id(cluster: Cluster, network: Network, snapshot: Snapshot) -> int:
    subnet = (network.scope, network.ip_address_prefix)
    mine = (r for r in snapshot.router_ids if r.cluster == cluster.key and (r.site, r.prefix) == subnet)
    return next((r.router_id for r in mine), 0)
