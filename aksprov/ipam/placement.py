"""Which host takes which role, at which address: the desired picture of a cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import Final

from aksprov.errors import DefinitionError
from aksprov.ipam.allocate import at_site, propose_router_id, propose_vip
from aksprov.ipam.candidates import NOT_YET, Candidate, Reason, find_candidates
from aksprov.ipam.capacity import Capacity, Fit, Need, capacity_of, fit, need
from aksprov.ipam.dhcp import offer_rows, scope_rows
from aksprov.ipam.dual_stack import is_dual_stack, node_ipv6
from aksprov.ipam.lease_moves import follow
from aksprov.ipam.matching import fill
from aksprov.ipam.ranges import in_prefix, listed, natural
from aksprov.ipam.sharing import neighbours, shared_nodes
from aksprov.ipam.spread import turns
from aksprov.model.base import Value
from aksprov.model.cluster import Cluster, Node, NodePool
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.host import ROLES, OperatingSystem, Role
from aksprov.model.network import Lease, Network
from aksprov.model.quarantine import is_quarantine
from aksprov.model.row import Result, Row

_MANY: Final = 5  # names that an error lists for one reason


class _Group(Value, frozen=True, kw_only=True):
    """Nodes of a cluster that are alike.

    Args:
        os: what their hosts run.
        network: that their hosts are on.
        labels: that their hosts must have.
        missing: how many of them have no host yet.
    """

    role: Role
    pool: str
    os: OperatingSystem
    network: Network
    labels: tuple[str, ...] = ()
    need: Need
    count: int
    missing: int

    @property
    def title(self) -> str:
        system = "Windows " if self.os == "windows" else ""
        asked = " with " + ", ".join(self.labels) if self.labels else ""
        return f"{system}worker of pool {self.pool}{asked}" if self.pool else self.role.replace("-", " ")


def place(cluster: Cluster, network: Network, snapshot: Snapshot, *, offline: bool = False) -> Desired:
    """Give a cluster its hosts, its VIP and its router id.

    What is recorded for a cluster of that name stays, save where a DHCP lease changed; the rest is proposed.  Roles choose in
    the order control plane, load balancer, node pools as defined.  A role takes, among the
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
            VipPoolExhausted, RouterIdsExhausted.
    """
    elsewhere = {p.name: snapshot.networks[p.network.lower()] for p in cluster.node_pools if p.network}
    mine = (n for n in snapshot.nodes if n.cluster == cluster.key)
    moves = follow(mine, network, elsewhere, snapshot, cluster.name)
    recorded = list(moves.nodes)
    recorded += shared_nodes(cluster, network, recorded, snapshot)
    groups = _groups(cluster, network, elsewhere, recorded)
    added, rows = (
        _choose(cluster, network, snapshot, groups, recorded, offline=offline)
        if any(group.missing for group in groups)
        else ([], [])
    )
    nodes = tuple(sorted((*recorded, *added), key=lambda node: (ROLES.index(node.role), node.index)))
    vip = _recorded_vip(cluster, network, snapshot) or propose_vip(network, snapshot)
    return Desired(
        cluster=cluster,
        network=network,
        nodes=nodes,
        vip=vip,
        router_id=_recorded_router_id(cluster, network, snapshot) or propose_router_id(network, snapshot),
        leases=_leases(cluster, network, elsewhere, vip, nodes, snapshot),
        pool_networks=elsewhere,
        beside=neighbours(cluster, nodes, snapshot),
        rows=(
            *_definition_rows(cluster),
            *scope_rows(network, cluster.name),
            *offer_rows(network, snapshot, cluster.name),
            *moves.rows,
            *_capacity_rows(cluster, groups, nodes, snapshot),
            *_dual_stack_rows(cluster, nodes, snapshot),
            *rows,
        ),
    )


def _groups(cluster: Cluster, network: Network, elsewhere: Mapping[str, Network], recorded: list[Node]) -> list[_Group]:
    def group(role: Role, vm_size: str, count: int, pool: NodePool | None = None) -> _Group:
        name = pool.name if pool else ""
        have = sum(1 for node in recorded if (node.role, node.pool) == (role, name))
        return _Group(
            role=role,
            pool=name,
            os=pool.os_type if pool else "linux",
            network=elsewhere.get(name, network),
            labels=pool.host_labels if pool else (),
            need=need(role, vm_size),
            count=count,
            missing=max(0, count - have),
        )

    return [
        group("control-plane", cluster.control_plane_vm_size, cluster.control_plane_node_count),
        group("load-balancer", cluster.load_balancer.vm_size, cluster.load_balancer.count),
        *(group("worker", pool.vm_size, pool.count, pool) for pool in cluster.node_pools),
    ]


def _choose(
    cluster: Cluster,
    network: Network,
    snapshot: Snapshot,
    groups: list[_Group],
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
        raise _too_few(cluster, network, snapshot, groups, chosen, reasons)
    rows = [reason.row(snapshot.hosts[key].name, cluster.name) for key, reason in reasons.items()]
    return _nodes(cluster, groups, chosen, found, recorded), rows


def _reaches_vips(candidate: Candidate, network: Network) -> bool:
    """Whether the VIPs are on the host's own segment, so that it can answer for them; so share two hosts one."""
    if not candidate.own.subnet:
        return True
    subnet = IPv4Network(candidate.own.subnet)
    return all(in_prefix(address, subnet) for run in network.vip_ranges for address in (run.start, run.end))


def _match(
    groups: list[_Group],
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
    group: _Group,
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


def _allowed(group: _Group, candidate: Candidate) -> bool:
    host = candidate.host
    fits_role = not host.roles or group.role in host.roles
    labels = {f"{key}={value}" for key, value in host.labels.items()}
    return host.os == group.os and fits_role and labels.issuperset(group.labels)


def _unfit(
    groups: list[_Group],
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
    groups: list[_Group],
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
    snapshot: Snapshot,
) -> tuple[Lease, ...]:
    """What the cluster has or takes; a shared load balancer's address stays leased as it was."""
    held = {(x.network, x.address, x.owner): x for x in snapshot.leases}

    def lease(on: Network, address: str, purpose: str, owner: str) -> Lease:
        new = Lease(address=address, network=on.key, purpose=purpose, owner=owner, cluster=cluster.key)
        return held.get((on.key, address, owner), new)

    own = (lease(elsewhere.get(n.pool, network), n.address, "node", f"host/{n.host}") for n in nodes)
    return (lease(network, vip, "vip", f"cluster/{cluster.key}"), *own)


def _recorded_vip(cluster: Cluster, network: Network, snapshot: Snapshot) -> str:
    owner = f"cluster/{cluster.key}"
    mine = (x for x in snapshot.leases if x.network == network.key and x.purpose == "vip" and x.owner == owner)
    return next((x.address for x in mine), "")


def _recorded_router_id(cluster: Cluster, network: Network, snapshot: Snapshot) -> int:
    subnet = (network.scope, network.ip_address_prefix)
    mine = (r for r in snapshot.router_ids if r.cluster == cluster.key and (r.site, r.prefix) == subnet)
    return next((r.router_id for r in mine), 0)


def _definition_rows(cluster: Cluster) -> list[Row]:
    count = cluster.control_plane_node_count
    if count % 2:
        return []
    return [
        _row(
            cluster,
            "ControlPlaneCountEven",
            "Warning",
            f"{count} control plane nodes survive the loss of {(count - 1) // 2}, as many as {count - 1} do: "
            "etcd needs a majority",
            f"use {count - 1} or {count + 1}",
        )
    ]


def _capacity_rows(cluster: Cluster, groups: list[_Group], nodes: Iterable[Node], snapshot: Snapshot) -> list[Row]:
    needs = {(group.role, group.pool): group.need for group in groups}
    rows: list[Row] = []
    for node in nodes:
        host, wanted = snapshot.hosts.get(node.host), needs.get((node.role, node.pool))
        if host is None or wanted is None:
            continue
        capacity = capacity_of(host, snapshot.facts.get(node.host))
        if fit(capacity, wanted) is not Fit.SIZE:
            rows.append(_smaller(cluster, host.name, node.role, capacity, wanted))
        elif capacity.cpus is None or capacity.memory_mb is None:
            rows.append(
                _row(
                    cluster,
                    "CapacityUnknown",
                    "Skipped",
                    f"it has {capacity}; that counts as enough for {wanted.vm_size}",
                    "run test-host, or declare its capacity",
                    host.name,
                )
            )
    return rows


def _dual_stack_rows(cluster: Cluster, nodes: Iterable[Node], snapshot: Snapshot) -> list[Row]:
    """Nodes of a dual-stack cluster that are placed and have, or show, no IPv6 address."""
    missing = [n for n in nodes if is_dual_stack(cluster) and not node_ipv6(snapshot.facts.get(n.host), n.interface)]
    return [
        _row(
            cluster,
            "HostWithoutIpv6",
            "Warning",
            f"no IPv6 address of it on {node.interface} is known, so its files have none",
            "give it one there and run test-host, then the same command again",
            snapshot.hosts[node.host].name if node.host in snapshot.hosts else node.host,
        )
        for node in missing
    ]


def _smaller(cluster: Cluster, host: str, role: Role, capacity: Capacity, wanted: Need) -> Row:
    return _row(
        cluster,
        "HostSmallerThanVmSize",
        "Warning",
        f"it has {capacity}; {wanted.vm_size} for a {role.replace('-', ' ')} means {wanted.cpus} CPUs, "
        f"{wanted.memory_mb} MB",
        "use a larger host, or a smaller VM size",
        host,
    )


def _row(cluster: Cluster, name: str, result: Result, details: str, cure: str, host: str = "") -> Row:
    return Row(
        test_name=name,
        category="Placement",
        test_result=result,
        details=details,
        recommendation=cure,
        host=host,
        cluster=cluster.name,
    )


def _too_few(
    cluster: Cluster,
    network: Network,
    snapshot: Snapshot,
    groups: list[_Group],
    chosen: list[list[str]],
    reasons: Mapping[str, Reason],
) -> DefinitionError:
    missing = [
        f"{group.missing - len(hosts)} of {group.count} {group.title}"
        for group, hosts in zip(groups, chosen, strict=True)
        if len(hosts) < group.missing
    ]
    kept_out = "; ".join(_kept_out(cluster, network, snapshot, reasons))
    cures = dict.fromkeys(reason.recommendation for reason in reasons.values() if reason.test_name == NOT_YET)
    return DefinitionError(
        "TooFewHosts",
        f"cluster {cluster.name} lacks hosts: {', '.join(missing)}",
        where=f"cluster {cluster.name}, network {network.name}",
        why=f"the inventory has {len(snapshot.hosts)} hosts" + (f"; kept out are {kept_out}" if kept_out else ""),
        fix="; ".join(
            ("add hosts with add-host, allow more roles on those that are there, or ask for fewer nodes", *cures)
        ),
    )


def _kept_out(cluster: Cluster, network: Network, snapshot: Snapshot, reasons: Mapping[str, Reason]) -> Iterator[str]:
    """The hosts of each reason, with what is to be said of the first of them."""
    busy = {node.host for node in snapshot.nodes}
    apart = sorted({node.host for node in snapshot.nodes if is_quarantine(node.cluster)}, key=natural)
    others = sorted({node.host for node in snapshot.nodes if node.cluster != cluster.key} - {*apart}, key=natural)
    elsewhere = (host.name for key, host in snapshot.hosts.items() if key not in busy and not at_site(host, network))
    known = (("InACluster", others), ("HostQuarantined", apart), ("HostOfOtherSite", sorted(elsewhere, key=natural)))
    for title, names in known:
        if names:
            yield f"{title}: {_some(names)}"
    by_name: dict[str, list[str]] = {}
    for key, reason in reasons.items():
        by_name.setdefault(reason.test_name, []).append(key)
    for title, keys in by_name.items():
        yield f"{title}: {_some([snapshot.hosts[key].name for key in keys])} ({reasons[keys[0]].details})"


def _some(names: list[str]) -> str:
    return ", ".join(names[:_MANY]) + (f" and {len(names) - _MANY} more" if len(names) > _MANY else "")
