"""A Kubernetes that is none of ours, or what one left.  Pure.

Sources: kubeadm's preflight (the files and folders that must not be there); "Clean up", which says what reset leaves.
"""

from __future__ import annotations

from collections.abc import Iterator

from aksprov.checks.preflight.case import Case
from aksprov.model.row import Row

_LINKS = ("cni0", "flannel.1", "flannel.4096", "vxlan.calico", "kube-ipvs0", "kube-bridge", "cilium_host", "weave")
# Names under which the plugins write their own; the runtime takes the first file by name.
_OURS = {"calico": "10-calico.conflist", "flannel": "10-flannel.conflist"}


def leftover_rows(case: Case) -> Iterator[Row]:
    """None where our own Kubernetes has begun."""
    if case.ours or not case.runs_pods:
        return
    kubeadm = [path for path in case.situation.remains if path.startswith("/")]
    if kubeadm:
        # also where hosts are only configured, as that restarts the containerd of its pods
        yield case.row(
            "HostInOtherCluster",
            "Failed",
            f"a Kubernetes that aksprov did not begin is or was here: {', '.join(kubeadm)}",
            "end it there (kubeadm reset), or take the host out; aksprov leaves it as it is",
        )
    rest = [what for what in case.situation.remains if not what.startswith("/")]
    rest += [f"interface {i.name}" for i in case.facts.interfaces if i.name in _LINKS]
    if rest:
        yield case.warns(
            "ClusterLeftovers",
            f"an older cluster has left {', '.join(rest)}",
            "take them away (ip link delete, iptables -F and -X of those chains), or boot the host anew",
        )
    plugin = case.cluster.primary_network_plugin
    foreign = sorted(name for name in case.situation.cni_files if name != _OURS[plugin])
    if foreign:
        first = [name for name in foreign if name < _OURS[plugin]]
        effect = f"; {first[0]} comes before the plugin's {_OURS[plugin]}, so pods would get it" if first else ""
        yield case.warns(
            "CniFilesOfOthers",
            f"/etc/cni/net.d has {', '.join(foreign)}{effect}",
            "move them elsewhere where no other program needs them; aksprov never deletes them",
        )
