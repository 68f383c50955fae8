"""What a site sets otherwise in the documents of its nodes, and what kubeadm is to leave out."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from aksprov.model.base import Wire


class ContainerdSettings(Wire, frozen=True, kw_only=True):
    """Fields of containerd's CRI plugin.

    Args:
        restrict_oom_score_adj: for hosts that are containers themselves and may not lower it.
    """

    restrict_oom_score_adj: bool = False


class NodeSettings(Wire, frozen=True, kw_only=True):
    """The object of --node-settings.

    Args:
        kubelet, kube_proxy: fields that count instead of ours, by their names in Kubernetes' documents.
        skip_addons: of kubeadm's, not installed.
        ignore_preflight_errors: kubeadm goes on in spite of these; never all of them.
    """

    containerd: ContainerdSettings = ContainerdSettings()
    kubelet: dict[str, Any] = msgspec.field(name="KubeletConfiguration", default_factory=dict)
    kube_proxy: dict[str, Any] = msgspec.field(name="KubeProxyConfiguration", default_factory=dict)
    skip_addons: tuple[Literal["coredns"], ...] = ()
    ignore_preflight_errors: tuple[Literal["ImagePull"], ...] = ()

    def __hash__(self) -> int:
        """By its JSON text, as dictionaries have none."""
        return hash(msgspec.json.encode(self, order="sorted"))
