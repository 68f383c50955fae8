"""A host as get-host, add-host and set-host print it, and how one is found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from aksprov.errors import NotFoundError
from aksprov.inventory.fields import nearest
from aksprov.model.desired import Snapshot
from aksprov.model.facts import Facts
from aksprov.model.host import Host
from aksprov.model.quarantine import is_quarantine
from aksprov.planning.quarantine import quarantined_hosts


def find_host(name: str, snapshot: Snapshot) -> Host:
    """The host of that name, in any case.

    Raises:
        NotFoundError: HostNotFound.
    """
    host = snapshot.hosts.get(name.lower())
    if host is None:
        raise NotFoundError(
            "HostNotFound",
            f"there is no host {name!r}",
            where="name",
            why=f"{len(snapshot.hosts)} hosts are recorded, none of that name"
            + nearest(name, [recorded.name for recorded in snapshot.hosts.values()]),
            fix="look at get-host, or record the host with add-host",
        )
    return host


def chosen_hosts(name: str | None, snapshot: Snapshot) -> dict[str, Host]:
    """The host of that name, or all of them, by key and in the order of their names."""
    if name is not None:
        host = find_host(name, snapshot)
        return {host.key: host}
    return dict(sorted(snapshot.hosts.items()))


def clusters_by_host(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """Key of each host that is in clusters -> their names; those in quarantine for one that was removed are not."""
    found: dict[str, set[str]] = defaultdict(set)
    for node in snapshot.nodes:
        if is_quarantine(node.cluster):
            continue
        found[node.host.lower()].add(snapshot.clusters[node.cluster.lower()].name)
    return {key: tuple(sorted(names)) for key, names in found.items()}


def host_objects(hosts: Iterable[Host], snapshot: Snapshot) -> tuple[dict[str, Any], ...]:
    """The properties of hosts: what is recorded of each, what it said, and what it is used for."""
    clusters, apart = clusters_by_host(snapshot), quarantined_hosts(snapshot)
    return tuple(
        _object(host, snapshot.facts.get(host.key, Facts()), clusters.get(host.key, ()), apart=host.key in apart)
        for host in hosts
    )


def _object(host: Host, facts: Facts, clusters: tuple[str, ...], *, apart: bool) -> dict[str, Any]:
    capacity, maintenance = host.capacity, host.maintenance
    return {
        "Name": host.name,
        "Address": host.address,
        "Os": host.os,
        "Connection": host.connection,
        "Port": host.port,
        "User": host.user,
        "Auth": host.auth,
        "KeyFile": host.key_file,
        "KeyPassphraseRef": host.key_passphrase_ref,
        "PasswordRef": host.password_ref,
        "Become": host.become,
        "BecomePasswordRef": host.become_password_ref,
        "HostKey": host.host_key,
        "CaFile": host.ca_file,
        "CertificateSha256": host.certificate_sha256,
        "JumpHost": host.jump_host,
        "Labels": host.labels,
        "Roles": list(host.roles),
        "Capacity": {"Cpus": capacity.cpus, "MemoryGb": capacity.memory_gb, "DiskGb": capacity.disk_gb},
        "Interfaces": host.interfaces,
        "Maintenance": {"Reason": maintenance.reason, "Until": maintenance.until} if maintenance else None,
        "Cpus": capacity.cpus or facts.cpus or None,
        "MemoryGb": capacity.memory_gb or round(facts.memory_mb / 1024, 1) or None,
        "OsVersion": f"{facts.os_id} {facts.os_version}".strip(),
        "MachineId": facts.machine_id,
        "Clusters": list(clusters),
        "State": _state(host, facts, clusters, apart=apart),
    }


def _state(host: Host, facts: Facts, clusters: tuple[str, ...], *, apart: bool) -> str:
    """Maintenance, InCluster, Quarantined (it left a cluster without an answer), Unseen (never answered) or Free."""
    if host.maintenance:  # until somebody ends it: a repair may be late, and placement reads no clock
        return "Maintenance"
    if clusters:
        return "InCluster"
    if apart:
        return "Quarantined"
    return "Free" if facts != Facts() else "Unseen"
