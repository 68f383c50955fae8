"""A plan: per host, which files and steps change, in which wave."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from aksprov.model.base import Wire
from aksprov.model.bundle import Reader

PLAN_SCHEMA = 1
# What is done on a host, as plans, events and the journal name it: files put in place for whoever reads them, and what
# is more than files.
StepName = Literal[
    Reader, "ca", "manifest", "prepare-host", "push-bundle", "fetch-bundle", "init-control-plane",
    "join-control-plane", "join-worker", "apply-network-plugin", "end-kubernetes", "drain-node", "delete-node",
    "remove-etcd-member",
]  # fmt: skip


class FileChange(Wire, frozen=True, kw_only=True):
    """One file that a host would get, get anew or lose.

    Args:
        sha256_after: None when the content is a late value that is not recorded yet.
        late: names of the late values in it.
        diff: unified diff; outside the hash.
    """

    path: str
    change: Literal["add", "change", "remove"]
    mode: str
    owner: str
    sha256_before: str | None
    sha256_after: str | None
    late: tuple[str, ...] = ()
    diff: str = ""


class PlanStep(Wire, frozen=True, kw_only=True):
    """One idempotent action on one host."""

    id: StepName
    title: str


class HostPlan(Wire, frozen=True, kw_only=True):
    """What happens on one host, and in which wave."""

    name: str
    wave: int
    files: tuple[FileChange, ...] = ()
    steps: tuple[PlanStep, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing changes on this host."""
        return not self.files and not self.steps


class PlannedAddress(Wire, frozen=True, kw_only=True):
    """An address that the request takes or has."""

    address: str
    network: str
    owner: str


class PoolChange(Wire, frozen=True, kw_only=True):
    """Addresses that a network's pool gets or loses, that are reserved or released, or leave quarantine.

    Args:
        addresses: "A-B", or one address.
    """

    network: str
    pool: Literal["VIP", "Node", "Reserved", "Quarantine"]
    change: Literal["add", "remove"]
    addresses: str
    count: int


class Sizing(Wire, frozen=True, kw_only=True):
    """How many addresses a cluster needs of its network, and how many the network's pools have.

    Args:
        upgrade_reserve: kept for the cluster's upgrades; a setting of its network.
        node_addresses, vips: what the cluster needs: control planes, workers, load balancers and
            reserve; its API server's VIP.  Each exposed Service needs one more VIP.
        all_node_addresses, all_vips: the same of all clusters on the network.
        node_pool, vip_pool: what the pools have; nodes that use DHCP have no pool.
    """

    network: str
    control_planes: int
    workers: int
    load_balancers: int
    upgrade_reserve: int
    node_addresses: int
    vips: int
    all_node_addresses: int
    all_vips: int
    node_pool: int | None
    vip_pool: int


class Plan(Wire, frozen=True, kw_only=True):
    """Desired against recorded and observed.

    Args:
        objects: "cluster/demo" ... what the plan makes or changes.
        late: names of late values that the run will fill in.
        hosts: only those where something changes, by wave, then name.
        sizing: for information; outside the hash, as it changes with other clusters.
        pools: of set-cluster-network alone.
    """

    schema: int = PLAN_SCHEMA
    hash: str = ""
    verb: str
    objects: tuple[str, ...]
    addresses: tuple[PlannedAddress, ...]
    late: tuple[str, ...] = ()
    hosts: tuple[HostPlan, ...] = ()
    sizing: Sizing | None = None
    pools: tuple[PoolChange, ...] | msgspec.UnsetType = msgspec.UNSET

    @property
    def empty(self) -> bool:
        """Whether nothing changes on any host."""
        return not self.hosts


def plan_hash(plan: Plan) -> str:
    """SHA-256 (hex) over the canonical JSON of the plan without its diffs, sizing and hash."""
    bare = msgspec.structs.replace(
        plan,
        hash="",
        sizing=None,
        hosts=tuple(
            msgspec.structs.replace(h, files=tuple(msgspec.structs.replace(f, diff="") for f in h.files))
            for h in plan.hosts
        ),
    )
    return hashlib.sha256(msgspec.json.encode(bare, order="sorted")).hexdigest()
