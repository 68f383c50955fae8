"""The documents that kubeadm reads: one to begin a cluster, one to join it, in the shape that its version has.

The version of kubeadm's API follows the cluster's Kubernetes: the kubeadm of that minor and of
the next one, which may deploy it, both read it.  Nothing that kubeadm does by itself is written
down: it sets the runtime's endpoint, the control plane's taint and the flags of old kubelets as
its own version wants them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from aksprov.cmdlets.versions import KubernetesVersion, find_version
from aksprov.cni.kube_proxy import kube_proxy_mode
from aksprov.ipam.dual_stack import is_dual_stack, node_ipv6
from aksprov.model.base import Value
from aksprov.model.bundle import BundleFile
from aksprov.model.cluster import DEFAULT_MAX_PODS, Cluster, Node, Taint
from aksprov.model.derived import API_PORT, endpoint
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts
from aksprov.rendering.files import Renderer
from aksprov.rendering.pools import pool_of

POOL_LABEL: Final = "aksprov/node-pool"
RESOLV_CONF: Final = "/etc/resolv.conf"


class Registration(Value, frozen=True, kw_only=True):
    """How a node introduces itself to its cluster: kubeadm's nodeRegistration.

    Args:
        cri_socket: with its scheme, which kubeadm asks for from 1.24 on and takes before.
        node_ip: the kubelet's --node-ip, "10.0.0.11" or one address of each family.
        node_labels: its --node-labels, "" for none.
        max_pods: its --max-pods, "" where the node has the cluster's.
        resolv_conf: its --resolv-conf, "" where the node has the cluster's.
        taints: besides what kubeadm gives control planes.
    """

    name: str
    cri_socket: str
    node_ip: str
    node_labels: str = ""
    max_pods: str = ""
    resolv_conf: str = ""
    taints: tuple[Taint, ...] = ()


def registration(cluster: Cluster, node: Node, facts: Facts | None, cri_socket: str) -> Registration:
    """What a node is registered with.

    The cluster has one KubeletConfiguration for all nodes, so a pool that departs from its
    ``maxPods`` says so by flag.  So does a host with systemd-resolved, whose /etc/resolv.conf no pod can use: kubeadm
    would let all nodes have what is right for the first control plane.
    """
    pool = pool_of(cluster, node)
    ipv6 = node_ipv6(facts, node.interface) if is_dual_stack(cluster) else ""
    departs = pool is not None and pool.max_pods != DEFAULT_MAX_PODS
    resolver = facts.resolver if facts and "resolvConf" not in cluster.node_settings.kubelet else ""
    return Registration(
        name=node.name,
        cri_socket=cri_socket,
        node_ip=f"{node.address},{ipv6}" if ipv6 else node.address,
        node_labels=f"{POOL_LABEL}={pool.name}" if pool else "",
        max_pods=str(pool.max_pods) if pool and departs else "",
        resolv_conf=resolver if resolver != RESOLV_CONF else "",
        taints=pool.taints if pool else (),
    )


def kubeadm_file(desired: Desired, node: Node, facts: Facts | None, cri_socket: str, render: Renderer) -> BundleFile:
    """The document for ``kubeadm init`` on the first control plane, for ``kubeadm join`` elsewhere.

    In a folder of our own below kubeadm's: kubeadm reads what it is told to and reset leaves it.

    Raises:
        DefinitionError: RenderUnsafe, VersionNotAvailable.
    """
    own = registration(desired.cluster, node, facts, cri_socket)
    first = node == desired.by_role("control-plane")[0]
    text = _init_text(desired, node, own, render) if first else join_text(desired, node, own, render)
    return render.text(f"/etc/kubernetes/aksprov/kubeadm-{'init' if first else 'join'}.yaml", text, "kubeadm")


def join_text(desired: Desired, node: Node, own: Registration, render: Renderer) -> str:
    """JoinConfiguration without its token, which is added at the end of a copy, at the moment of use.

    Raises:
        DefinitionError: RenderUnsafe, VersionNotAvailable.
    """
    values = {
        "node": node,
        "registration": own,
        "control_plane": node.role == "control-plane",
        "endpoint": endpoint(desired.vip, API_PORT),
        "api_port": API_PORT,
    }
    return render.templates.render(_template("join", find_version(desired.cluster.kubernetes_version)), values)


def _init_text(desired: Desired, node: Node, own: Registration, render: Renderer) -> str:
    """InitConfiguration and ClusterConfiguration, then the kubelet's and kube-proxy's documents."""
    cluster, version = desired.cluster, find_version(desired.cluster.kubernetes_version)
    mode, images = kube_proxy_mode(cluster), render.templates.image_hosts.kubernetes_of(version)
    values = {
        "cluster": cluster,
        "node": node,
        "registration": own,
        "cert_sans": (desired.vip, *cluster.api_server_dns_names),
        "endpoint": endpoint(desired.vip, API_PORT),
        "api_port": API_PORT,
        "image_repository": images,
        "dns_repository": f"{images}/coredns" if version.coredns_folder else "",
        "without_kube_proxy": mode is None,
        "kube_proxy_mode": mode or "",
        "max_pods": DEFAULT_MAX_PODS,
        "resolv_conf": RESOLV_CONF,
    }
    names = [_template("init", version), "node/linux/kubelet-configuration.yaml.yaml.j2"]
    if mode is not None:
        names.append("node/linux/kube-proxy-configuration.yaml.yaml.j2")
    texts = [render.templates.render(name, values) for name in names]
    texts[1] = _with_fields(texts[1], cluster.node_settings.kubelet)
    texts[2:] = [_with_fields(text, cluster.node_settings.kube_proxy) for text in texts[2:]]
    return "---\n".join(texts)


def _with_fields(text: str, fields: Mapping[str, object]) -> str:
    """A document of plain fields with others in their place or after them, as JSON, which is YAML too."""
    kept = [line for line in text.splitlines() if line.partition(":")[0] not in fields]
    return "\n".join([*kept, *(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in fields.items())]) + "\n"


def _template(verb: str, version: KubernetesVersion) -> str:
    return f"node/linux/kubeadm-{verb}-{version.kubeadm}.yaml.yaml.j2"
