"""From a new-cluster request to the cluster's node pools.

With ``nodePoolName`` there is one pool as described; without it there are those that older
releases of AksHci made: NAME-linux, and NAME-windows where the request asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aksprov.cmdlets.cluster_parameters import LEGACY_SET
from aksprov.errors import DefinitionError
from aksprov.inventory.fields import label_key, label_value
from aksprov.model.cluster import NodePool, Taint
from aksprov.model.host import OperatingSystem
from aksprov.model.names import check_name
from aksprov.model.request import Request

# operating system of a pool of older releases -> the parameters of its node count and VM size
_LEGACY: dict[OperatingSystem, tuple[str, str]] = {
    "linux": ("linuxNodeCount", "linuxNodeVmSize"),
    "windows": ("windowsNodeCount", "windowsNodeVmSize"),
}
_LONGEST_NAME = 63


def read_pools(request: Request, cluster: str, recorded: tuple[NodePool, ...]) -> tuple[NodePool, ...]:
    """The node pools that a request defines.

    Args:
        cluster: the cluster's name.
        recorded: the cluster's pools; empty for a new cluster.  They stand in for what was left out.

    Raises:
        DefinitionError: InvalidName, ReservedName.
    """
    if request.parameter_set != LEGACY_SET:
        first = recorded[0] if recorded else None
        return (_described(request, first), *recorded[1:])
    pools = {pool.name.lower(): pool for pool in recorded}
    for os in _LEGACY:
        name = legacy_pool_name(cluster, os)
        old = pools.get(name.lower())
        if old is not None or _is_wanted(request, os, new=not recorded):
            pools[name.lower()] = _legacy(request, name, os, old)
    if recorded and not _legacy_pools(tuple(pools.values()), cluster):
        first = _alike(request, recorded[0], new=False)
        pools[first.name.lower()] = first
    return tuple(pools.values())


def legacy_pool_name(cluster: str, os: OperatingSystem) -> str:
    """AksHci's name for the pool of a cluster made without -nodePoolName, of 63 characters at most."""
    return cluster[: _LONGEST_NAME - len(os) - 1].rstrip("-") + f"-{os}"


def pool_values(request: Request, cluster: str, pools: tuple[NodePool, ...]) -> dict[str, str]:
    """Parameter name -> value, under the names that the request uses."""
    if request.parameter_set != LEGACY_SET:
        pool = pools[0]
        return {
            "nodePoolName": pool.name,
            "nodeCount": str(pool.count),
            "nodeVmSize": pool.vm_size,
            "osType": pool.os_type,
            "osSku": pool.os_sku or "not given",
            **_common_values(pool),
        }
    values: dict[str, str] = {}
    by_name = {pool.name.lower(): pool for pool in pools}
    for os, (count, size) in _LEGACY.items():
        found = by_name.get(legacy_pool_name(cluster, os).lower())
        values |= {count: str(found.count) if found else "not given", size: found.vm_size if found else "not given"}
    return values | _common_values((_legacy_pools(pools, cluster) or pools)[0])


def _common_values(pool: NodePool) -> dict[str, str]:
    return {"taints": ", ".join(map(str, pool.taints)) or "not given", "nodeMaxPodCount": str(pool.max_pods)}


def _legacy_pools(pools: tuple[NodePool, ...], cluster: str) -> tuple[NodePool, ...]:
    names = {legacy_pool_name(cluster, os).lower() for os in _LEGACY}
    return tuple(pool for pool in pools if pool.name.lower() in names)


def _is_wanted(request: Request, os: OperatingSystem, *, new: bool) -> bool:
    """Whether a pool is made where none is: one of no nodes only where its size was given."""
    count, size = _LEGACY[os]
    return (os == "linux" and new) or size in request.given or (count in request.given and request.integer(count) != 0)


def _described(request: Request, recorded: NodePool | None) -> NodePool:
    def value(parameter: str, old: Any) -> Any:
        return _value(request, parameter, old, new=recorded is None)

    base = recorded or NodePool(name="")
    name = check_name("node pool", value("nodePoolName", base.name))
    pool = msgspec.structs.replace(
        base,
        name=base.name if name.lower() == base.name.lower() else name,
        count=value("nodeCount", base.count),
        vm_size=value("nodeVmSize", base.vm_size),
        os_type=value("osType", base.os_type).lower(),
        os_sku=value("osSku", base.os_sku),
    )
    return _alike(request, pool, new=recorded is None)


def _legacy(request: Request, name: str, os: OperatingSystem, recorded: NodePool | None) -> NodePool:
    base = recorded or NodePool(name=name, os_type=os)
    count, size = _LEGACY[os]
    pool = msgspec.structs.replace(
        base,
        count=_value(request, count, base.count, new=recorded is None),
        vm_size=_value(request, size, base.vm_size, new=recorded is None),
    )
    return _alike(request, pool, new=recorded is None)


def _alike(request: Request, pool: NodePool, *, new: bool) -> NodePool:
    """The pool with what a request says of every pool that it makes."""
    taints = tuple(read_taint(t) for t in request.texts("taints")) if "taints" in request.given else pool.taints
    return msgspec.structs.replace(
        pool, taints=taints, max_pods=_value(request, "nodeMaxPodCount", pool.max_pods, new=new)
    )


def _value(request: Request, parameter: str, old: Any, *, new: bool) -> Any:
    """What was given, else for a new pool the declared default, else what is there."""
    found = request.values.get(parameter) if new or parameter in request.given else None
    return old if found is None else found


def read_host_labels(pairs: Mapping[str, str]) -> tuple[str, ...]:
    """Labels that hosts of a pool must have, in the form that the inventory's have: "key=value", sorted.

    Raises:
        DefinitionError: LabelInvalid.
    """
    try:
        return tuple(sorted(f"{label_key(key)}={label_value(value)}" for key, value in pairs.items()))
    except ValueError as error:
        raise DefinitionError(
            "LabelInvalid",
            f"hosts cannot have the label: {error}",
            where="hostLabels",
            why="no host of the inventory can have it, so the pool would never find one",
            fix="write it as in the hosts file, for example rack=r1",
        ) from error


def read_taint(text: str) -> Taint:
    """The taint in a text whose form the declaration has checked already."""
    name, _, effect = text.rpartition(":")
    key, _, value = name.partition("=")
    return Taint(key=key, value=value, effect=effect)
