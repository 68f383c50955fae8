"""What others have configured for the programs that make a node.  Pure.

Sources: Kubernetes' CHANGELOG of each minor for the flags that its kubelet no longer has; containerd's
docs/cri/config.md; "Configuring each kubelet in your cluster using kubeadm" for the places that flags come from.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from aksprov.checks.preflight.case import Case
from aksprov.cmdlets.versions import find_version
from aksprov.model.row import Row

_OWN_DROP_INS: Final = ("10-kubeadm.conf", "20-aksprov.conf")
_KUBEADMS: Final = ("--bootstrap-kubeconfig", "--kubeconfig", "--config")
# A kubelet that is given a flag it no longer has does not start.
_GONE: Final[Mapping[str, int]] = {
    "--network-plugin": 24,
    "--cni-bin-dir": 24,
    "--cni-conf-dir": 24,
    "--image-pull-progress-deadline": 24,
    "--log-dir": 26,
    "--logtostderr": 26,
    "--container-runtime": 27,
    "--pod-infra-container-image": 35,
}


def foreign_rows(case: Case) -> Iterator[Row]:
    """Of a node; what our own files replace is said, as the old ones count no more."""
    if case.runs_pods:
        yield from _kubelet(case)
        yield from _containerd(case)
    if case.situation.package_lock:
        yield case.warns(
            "PackageManagerBusy",
            f"{case.situation.package_lock} holds the package manager's lock",
            "wait until it has ended; it is never killed",
        )


def _kubelet(case: Case) -> Iterator[Row]:
    service = case.situation.services.get("kubelet")
    files = [f for f in (service.drop_ins if service else ()) if f.rpartition("/")[2] not in _OWN_DROP_INS]
    values = [*case.situation.kubelet_defaults.values(), *(service.environment.values() if service else ())]
    words = [*(service.command if service else ()), *(word for value in values for word in value.split())]
    flags = sorted({w.partition("=")[0] for w in words if w.startswith("--")} - set(_KUBEADMS))
    version = find_version(case.cluster.kubernetes_version)
    gone = [flag for flag in flags if flag in _GONE and version.number >= _GONE[flag]]
    if gone:
        yield case.stops(
            "KubeletFlags",
            f"the kubelet of Kubernetes {version.minor} has no {', '.join(gone)}, and does not start with it",
            "take it out of /etc/default/kubelet, /etc/sysconfig/kubelet or the drop-in that sets it",
        )
    elif files or flags:
        said = [*files, *([f"flags {', '.join(flags)}"] if flags else [])]
        yield case.warns(
            "KubeletFlags",
            f"the kubelet is also configured by {'; '.join(said)}, which count more than the cluster's configuration",
            "take out what is of another cluster; --node-settings is the place for what is meant",
        )


def _containerd(case: Case) -> Iterator[Row]:
    service = case.situation.services.get("containerd")
    words = service.command if service else ()
    other = next((_value(words, n) for n, word in enumerate(words) if word.split("=")[0] in ("--config", "-c")), "")
    if other and other != "/etc/containerd/config.toml":
        yield case.stops(
            "ContainerdConfiguration",
            f"containerd is started with {other}, so what aksprov writes to /etc/containerd/config.toml is not read",
            "take --config out of the unit or the drop-in that sets it (systemctl cat containerd)",
        )
    lost = sorted(_settings(case.situation.containerd_configuration))
    if lost:
        yield case.warns(
            "ContainerdConfiguration",
            f"/etc/containerd/config.toml is replaced, which ends {', '.join(lost)}; remove-cluster puts it back",
            "mirrors belong in /etc/containerd/certs.d; let programs that need the rest have a containerd of their own",
        )


def _value(words: tuple[str, ...], n: int) -> str:
    """The value of the option at ``n``: after its equals sign, or the next word."""
    _, equals, value = words[n].partition("=")
    return value if equals else "".join(words[n + 1 : n + 2])


def _settings(text: str) -> Iterator[str]:
    """What somebody has set in containerd's configuration that matters; never a value, as some are secrets."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        yield "what is in it, which cannot be read"
        return
    disabled = document.get("disabled_plugins")
    if isinstance(disabled, list) and ("cri" in disabled or "io.containerd.grpc.v1.cri" in disabled):
        yield "CRI being switched off (disabled_plugins)"
    if document.get("imports"):
        yield "its imports"
    plugins = document.get("plugins", {})
    if isinstance(plugins, dict):
        for name, plugin in plugins.items():
            registry = plugin.get("registry", {}) if isinstance(plugin, dict) else {}
            if isinstance(registry, dict) and any(_filled(registry.get(k)) for k in ("mirrors", "configs", "auths")):
                yield f"the mirrors in {name}"


def _filled(value: Any) -> bool:
    return isinstance(value, dict) and bool(value)
