"""containerd's configuration in the form that its release reads.

Release 1.x reads version 2 of its configuration.  Release 2.0 brought version 3, with other
names for the plugins, and 2.1 a list of folders for the network plugins' programs; 2.3 reads
version 3 as well.  A host's own containerd decides; where none is known, the one that usually
goes with the cluster's Kubernetes.

Sources: containerd's docs/cri/config.md and RELEASES.md.
"""

from __future__ import annotations

import re
from typing import Literal

from aksprov.cmdlets.versions import find_version
from aksprov.model.bundle import BundleFile
from aksprov.model.cluster import Cluster
from aksprov.model.facts import Facts
from aksprov.rendering.files import Renderer

_RELEASE = re.compile(r"(\d+)\.(\d+)")


def containerd_form(cluster: Cluster, facts: Facts | None) -> Literal["v2", "v3-bin-dir", "v3"]:
    """Which of the templates suits a host's containerd."""
    found = _RELEASE.match(facts.programs.get("containerd", "")) if facts else None
    major, minor = found.groups() if found else find_version(cluster.kubernetes_version).containerd.usual.split(".")
    if int(major) < 2:
        return "v2"
    return "v3-bin-dir" if (int(major), int(minor)) == (2, 0) else "v3"


def containerd_file(cluster: Cluster, facts: Facts | None, render: Renderer) -> BundleFile:
    """The configuration of a Linux host's containerd, at its fixed place.

    Raises:
        DefinitionError: RenderUnsafe, VersionNotAvailable.
    """
    values = {
        "sandbox_image": pause_image(cluster, render),
        "registry_config": "/etc/containerd/certs.d",
        "cni_bin": "/opt/cni/bin",
        "cni_conf": "/etc/cni/net.d",
        "restrict_oom_score_adj": cluster.node_settings.containerd.restrict_oom_score_adj,
    }
    template = f"node/linux/containerd-{containerd_form(cluster, facts)}.toml.toml.j2"
    return render.file("/etc/containerd/config.toml", template, "containerd", values)


def pause_image(cluster: Cluster, render: Renderer) -> str:
    """The image that kubeadm of the cluster's Kubernetes expects; of any other the kubelet frees the space."""
    version = find_version(cluster.kubernetes_version)
    return f"{render.templates.image_hosts.kubernetes_of(version)}/pause:{version.pause}"
