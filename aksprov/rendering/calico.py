"""Calico's documents, by the release that goes with the cluster's Kubernetes; control planes get them."""

from __future__ import annotations

from collections.abc import Iterator

from aksprov.cni import calico
from aksprov.cni.choice import Choice
from aksprov.model.bundle import BundleFile
from aksprov.model.cluster import Cluster
from aksprov.model.derived import API_PORT
from aksprov.model.desired import Desired
from aksprov.rendering.files import Renderer
from aksprov.rendering.pools import on_windows

_FOLDER = "/etc/kubernetes/aksprov/calico"


def calico_files(desired: Desired, render: Renderer) -> Iterator[BundleFile]:
    """What every control plane gets of Calico.

    Applied in the order of their names, after the operator's own manifest: the API server's address
    has to be known before the installation asks for Windows or eBPF; the installation makes the API
    server's kind work, and that one Felix's and the IPAM's.

    Raises:
        DefinitionError: RenderUnsafe, VersionNotAvailable.
    """
    choice = Choice(cluster=desired.cluster)
    if choice.windows or choice.dataplane("ebpf"):
        yield _document(render, "05-services-endpoint", {"vip": desired.vip, "api_port": str(API_PORT)})
    yield _document(render, "10-installation", _installation(desired, choice))
    yield _document(render, "20-apiserver", {})
    yield _document(render, "30-felixconfiguration", {"vxlan_port": calico.VXLAN_PORT, "vxlan_vni": calico.VXLAN_VNI})
    if choice.windows:
        yield _document(render, "40-ipamconfiguration", {})
    # calicoctl's fixed place.
    yield render.file("/etc/calico/calicoctl.cfg", "cni/calico/calicoctl.cfg.yaml.j2", "data", {})


def _document(render: Renderer, name: str, values: dict[str, object]) -> BundleFile:
    kind = name.partition("-")[2]
    return render.file(f"{_FOLDER}/{name}.yaml", f"cni/calico/{kind}.yaml.yaml.j2", "data", values)


def _installation(desired: Desired, choice: Choice) -> dict[str, object]:
    cluster, release = desired.cluster, choice.version.calico
    pools = [_pool(cidr, cluster, release) for cidr in cluster.pod_cidrs]
    return {
        "linux_dataplane": calico.DATAPLANES[cluster.calico_dataplane],
        "windows": choice.windows,
        "windows_adapter": _windows_adapter(desired),
        "service_cidrs": cluster.service_cidrs,
        "ipv4": any(pool["family"] == 4 for pool in pools),
        "ipv6": any(pool["family"] == 6 for pool in pools),
        "node_internal_ip": calico.has(release, calico.NODE_INTERNAL_IP),
        "node_cidrs": tuple(network.ip_address_prefix for network in desired.networks),  # the older form of the same
        "pools": pools,
    }


def _windows_adapter(desired: Desired) -> str:
    """The adapter that carries pods of Windows nodes; "" where its names differ, as Calico knows one for all.

    Without a name Calico takes the adapter that Windows takes first, which on a host of several may be another one.
    """
    names = {node.interface for node in desired.nodes if on_windows(desired.cluster, node)}
    return names.pop() if len(names) == 1 else ""


def _pool(cidr: str, cluster: Cluster, release: str) -> dict[str, object]:
    family = 6 if ":" in cidr else 4
    max_pods = calico.largest_max_pods(cluster)
    return {
        "family": family,
        "name": f"default-ipv{family}-ippool" if calico.has(release, calico.POOL_NAMES) else "",
        "cidr": cidr,
        "block_size": calico.block_size(max_pods, family),
    }
