"""Every Kubernetes version with everything that a definition may ask of it, possible or refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
from sample_cluster import POOLS, desired

from aksprov.cmdlets.versions import OFFERED, KubernetesVersion
from aksprov.cni.capabilities import check
from aksprov.cni.choice import Choice
from aksprov.errors import AksprovError
from aksprov.model.bundle import Bundle
from aksprov.model.cluster import NodePool
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts, Interface
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates

TEMPLATES = Templates.load()
WINDOWS_POOL = NodePool(name="windowspool", os_type="windows", os_sku="Windows2022", max_pods=200)
FLANNEL = {"primary_network_plugin": "flannel"}
DUAL_STACK = {"pod_cidrs": ("10.244.0.0/16", "fd00::/56"), "service_cidrs": ("10.96.0.0/16", "fd01::/112")}


@dataclass(frozen=True)
class Variant:
    """What a definition asks for beside the version; ``fields`` are the cluster's."""

    title: str
    fields: dict[str, Any]
    windows: bool = False


VARIANTS = (
    Variant("calico, iptables", {}),
    Variant("calico, nftables", {"calico_dataplane": "nftables"}),
    Variant("calico, ebpf", {"calico_dataplane": "ebpf"}),
    Variant("calico, dual stack", DUAL_STACK),
    Variant("calico, Windows nodes", {}, windows=True),
    Variant("flannel", FLANNEL),
    Variant("flannel, Windows nodes", FLANNEL, windows=True),
)


@dataclass(frozen=True)
class Cell:
    """One version with one variant."""

    version: KubernetesVersion
    variant: Variant

    @cached_property
    def desired(self) -> Desired:
        """Two control planes, a worker of each pool, and no load balancer: that one's files know no version."""
        pools = (*POOLS, WINDOWS_POOL) if self.variant.windows else POOLS
        plain = desired(control_planes=2, load_balancers=0, pools=pools)
        fields = {"kubernetes_version": self.version.version, **self.variant.fields}
        return msgspec.structs.replace(plain, cluster=msgspec.structs.replace(plain.cluster, **fields))

    @cached_property
    def refusal(self) -> str:
        """Why a definition is refused, "" where it is not."""
        try:
            check(Choice(cluster=self.desired.cluster))
        except AksprovError as error:
            return error.what.partition(": ")[2]
        return ""

    @cached_property
    def bundles(self) -> tuple[Bundle, ...]:
        """Of every host, as its facts show an address of each family."""
        hosts = [node.host for node in self.desired.nodes]
        facts = {
            node.host: Facts(interfaces=(Interface(name=node.interface, addresses=(f"fd77::{n}/64",)),))
            for n, node in enumerate(self.desired.nodes, start=1)
        }
        return tuple(render_bundle(self.desired, host, facts, {}, TEMPLATES) for host in hosts)


CELLS = tuple(Cell(version, variant) for version in OFFERED for variant in VARIANTS)


def possible() -> Iterator[Cell]:
    """The cells that are not refused."""
    return (cell for cell in CELLS if not cell.refusal)
