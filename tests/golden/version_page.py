"""docs/versions.md, made from the table of versions and from the matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from matrix import CELLS, VARIANTS

from aksprov.cmdlets.versions import OFFERED, KubernetesVersion

_INTRODUCTION = """\
# Versions

Made from the table in `aksprov/cmdlets/versions.py` and from what is rendered. To write it anew:
`pytest tests/golden/test_matrix.py --force-regen`.

`-kubernetesVersion` takes any patch of these minors; left out, it is the newest. Another minor is refused (65).

## What goes with each
"""
_POSSIBLE = """
`get-kubernetes-version` prints the same. Patch: the newest known one. Usual: the containerd that is taken for a host of
which nothing is known; else the host's own decides. Where Calico was not tested with the version by its makers,
`new-cluster` says so in a row. Flannel's makers name no versions of Kubernetes; there is one release for all.

## What can be had
"""
_REFUSED = """
What is refused, and why:
"""
_CHANGES = """
## What changes with the version
"""
_CONTAINERD = """
containerd 1.x gets version 2 of its configuration, 2.0 version 3 with `bin_dir`, newer ones version 3 with `bin_dirs`.

## How it is proved
"""
_PROOF = (
    ("kubeadm's documents", "the schemas of v1beta2, v1beta3 and v1beta4, unknown fields refused; a neighbour's "
     "schema refuses them where shapes differ"),
    ("kubeadm's documents of 1.20", "kubeadm 1.20.2 itself, reading and rehearsing `init`"),
    ("the kubelet's and kube-proxy's", "the schemas of 1.20 to 1.36; those of 1.37 by 1.36's"),
    ("Calico's", "the schemas of its release, unknown fields refused"),
    ("objects of Kubernetes' API", "`kubernetes-validate` from 1.25 on; older ones by comparison with files that were "
     "read by a person"),
    ("containerd's", "`containerd config dump` of 1.6 and 1.7 (Debian 12 and 13); version 3 by comparison"),
    ("HAProxy's, keepalived's", "two releases of each (Debian 12 and 13)"),
    ("Windows' files", "their formats' own parsers, and comparison; no Windows host has read them"),
    ("values", "types only, where a schema is all there is: a right name with a wrong value passes"),
)  # fmt: skip
_FEATURES: tuple[tuple[str, Callable[[KubernetesVersion], object]], ...] = (
    ("CoreDNS' image is coredns/coredns", lambda v: v.coredns_folder),
    ("kube-proxy can be left out (`--calico-dataplane ebpf`)", lambda v: "ebpf" in v.calico_dataplanes),
    ("kube-proxy has nftables (`--calico-dataplane nftables`)", lambda v: "nftables" in v.calico_dataplanes),
    ("the kubelet refuses cgroup v1", lambda v: v.needs_cgroup_v2),
    ("Windows: kubelet flags `--log-dir`, `--logtostderr`", lambda v: v.kubelet_log_flags),
    ("Windows: kubelet flag `--container-runtime`", lambda v: v.kubelet_runtime_flag),
    ("Windows: kubelet flag `--pod-infra-container-image`", lambda v: v.kubelet_pause_flag),
    ("Windows: a joined kubelet's configuration has paths without a drive", lambda v: v.windows_relative_paths),
    ("Windows: kube-proxy's feature gate WinDSR", lambda v: v.windows_proxy_gates),
    ("Windows: kube-proxy's field windowsRunAsService", lambda v: v.windows_proxy_service),
)  # fmt: skip


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join(
        [
            _INTRODUCTION,
            *_table(("Kubernetes", "patch", "kubeadm", "pause", "containerd", "usual", "Calico", "operator", "tested",
                     "Flannel"), map(_goes_with, OFFERED)),
            _POSSIBLE,
            *_table(("Kubernetes", *(v.title for v in VARIANTS)), map(_possible, OFFERED)),
            _REFUSED,
            *_refused(),
            _CHANGES,
            *_table(("what", "from", "to"), _features()),
            _CONTAINERD,
            *_table(("documents", "by"), _PROOF),
            "",
        ]
    )  # fmt: skip


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    titles = tuple(titles)
    for row in (titles, ["---"] * len(titles), *rows):
        yield f"| {' | '.join(row)} |"


def _goes_with(version: KubernetesVersion) -> tuple[str, ...]:
    return (
        version.minor,
        str(version.patch),
        version.kubeadm,
        version.pause,
        str(version.containerd),
        version.containerd.usual,
        version.calico,
        version.calico_release.operator,
        "yes" if version.calico_tested else "no",
        version.flannel,
    )


def _possible(version: KubernetesVersion) -> tuple[str, ...]:
    return (version.minor, *("no" if cell.refusal else "yes" for cell in CELLS if cell.version is version))


def _refused() -> Iterator[str]:
    """One line for each variant and reason, with the minors that it is about."""
    minors: dict[tuple[str, str], list[str]] = {}
    for cell in CELLS:
        if cell.refusal:
            minors.setdefault((cell.variant.title, cell.refusal), []).append(cell.version.minor)
    for (title, why), those in minors.items():
        yield f"- {title}, {those[0]}" + (f" to {those[-1]}" if len(those) > 1 else "") + f": {why}"


def _features() -> Iterator[tuple[str, str, str]]:
    for title, has in _FEATURES:
        those = [version.minor for version in OFFERED if has(version)]
        yield title, those[0], those[-1] if those[-1] != OFFERED[-1].minor else ""
