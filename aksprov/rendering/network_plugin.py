"""Documents of the network plugin: they go to control planes only.

On Linux nodes its own DaemonSet writes /etc/cni/net.d, so nothing of ours goes there.
"""

from __future__ import annotations

from collections.abc import Iterator

from aksprov.model.bundle import BundleFile
from aksprov.model.desired import Desired
from aksprov.rendering.calico import calico_files
from aksprov.rendering.files import Renderer
from aksprov.rendering.flannel import flannel_files


def plugin_files(desired: Desired, render: Renderer) -> Iterator[BundleFile]:
    """What every control plane gets of the network plugin.

    Raises:
        DefinitionError: RenderUnsafe, VersionNotAvailable.
    """
    if desired.cluster.primary_network_plugin == "flannel":
        return flannel_files(desired, render)
    return calico_files(desired, render)
