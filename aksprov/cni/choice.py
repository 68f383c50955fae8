"""What a cluster's definition asks of its network plugin."""

from __future__ import annotations

from aksprov.cmdlets.versions import KubernetesVersion, find_version
from aksprov.cni.calico import has
from aksprov.model.base import Value
from aksprov.model.cluster import CalicoDataplane, Cluster


class Choice(Value, frozen=True, kw_only=True):
    """A definition, as the table of capabilities looks at it.

    Args:
        given: names of the parameters that the user gave himself.
        networks: how many networks the cluster is to be on; those of pools are not counted.
        running: the definition before it of a cluster on which Kubernetes runs.
    """

    cluster: Cluster
    given: frozenset[str] = frozenset()
    networks: int = 1
    running: Cluster | None = None

    @property
    def flannel(self) -> bool:
        """Whether the plugin is flannel; else it is calico."""
        return self.cluster.primary_network_plugin == "flannel"

    @property
    def windows(self) -> bool:
        """Whether there is a Windows node pool, with or without nodes."""
        return _has_windows(self.cluster)

    @property
    def first_windows(self) -> bool:
        """Whether the first Windows pool comes to a cluster on which Kubernetes runs."""
        return self.windows and self.running is not None and not _has_windows(self.running)

    @property
    def pool_elsewhere(self) -> bool:
        """Whether a pool is on another network than the cluster."""
        return any(pool.network for pool in self.cluster.node_pools)

    @property
    def ipv6(self) -> bool:
        """Whether pods or Services have IPv6 addresses, alone or beside IPv4."""
        return any(":" in cidr for cidr in (*self.cluster.pod_cidrs, *self.cluster.service_cidrs))

    @property
    def version(self) -> KubernetesVersion:
        """What goes with the cluster's Kubernetes.

        Raises:
            DefinitionError: VersionNotAvailable.
        """
        return find_version(self.cluster.kubernetes_version)

    def dataplane(self, name: CalicoDataplane) -> bool:
        """Whether that data plane of Calico is asked for."""
        return not self.flannel and self.cluster.calico_dataplane == name

    def calico_before(self, minor: int) -> bool:
        """Whether the plugin is a Calico older than 3.``minor``."""
        return not self.flannel and not has(self.version.calico, minor)


def _has_windows(cluster: Cluster) -> bool:
    return any(pool.os_type == "windows" for pool in cluster.node_pools)
