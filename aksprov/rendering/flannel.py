"""Flannel's manifest, which control planes get."""

from __future__ import annotations

from collections.abc import Iterator

from aksprov.cmdlets.versions import find_version
from aksprov.cni import flannel
from aksprov.model.bundle import BundleFile
from aksprov.model.desired import Desired
from aksprov.rendering.files import Renderer


def flannel_files(desired: Desired, render: Renderer) -> Iterator[BundleFile]:
    """What every control plane gets of Flannel: one manifest, applied once the API server serves.

    Raises:
        DefinitionError: RenderUnsafe, VersionNotAvailable.
    """
    release = find_version(desired.cluster.kubernetes_version).flannel
    images = render.templates.image_hosts.flannel
    values = {
        **flannel.backend(desired.cluster),
        "image": f"{images}/flannel:{release}",
        "plugin_image": f"{images}/flannel-cni-plugin:{flannel.CNI_PLUGIN[release]}",
        "arguments": flannel.linux_arguments(desired.network),
    }
    yield render.file(
        "/etc/kubernetes/aksprov/flannel/10-kube-flannel.yaml", "cni/flannel/kube-flannel.yaml.yaml.j2", "data", values
    )
