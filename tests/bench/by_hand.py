"""Clusters by plain commands over ssh: what somebody types who has the configuration files already."""

from __future__ import annotations

import io
import itertools
import subprocess
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from minilab import Lab

ADMIN = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
INIT = (
    "kubeadm init --config /etc/kubernetes/aksprov/kubeadm-init.yaml --skip-phases addon/coredns "
    "--ignore-preflight-errors ImagePull"
)
NODE = "modprobe -a overlay br_netfilter; sysctl -q --system; systemctl daemon-reload; systemctl restart containerd"
BALANCER = "sysctl -q --system; systemctl restart haproxy keepalived"


def by_hand(lab: Lab, review: Path, hosts: dict[str, str], plugin: str) -> dict[str, float]:
    """One cluster of a control plane, a worker and a load balancer; seconds by phase.

    Args:
        review: has each host's files, as ``--output-dir`` writes them.
        hosts: role -> the host.
    """
    plane, worker, balancer = (hosts[role] for role in ("control-plane", "worker", "load-balancer"))
    began = time.monotonic()
    authority = _ssh(lab, plane, "kubeadm init phase certs ca >/dev/null && cat /etc/kubernetes/pki/ca.crt")
    late = {f"etc/haproxy/aksprov/{review.name}-ca.crt": authority}
    with ThreadPoolExecutor(3) as pool:
        pushes = [
            pool.submit(_push, lab, plane, review / plane, NODE),
            pool.submit(_push, lab, worker, review / worker, NODE),
            pool.submit(_push, lab, balancer, review / balancer, BALANCER, late),
        ]
        for push in pushes:
            push.result()
    configured = time.monotonic()
    _ssh(lab, plane, INIT)
    started = time.monotonic()
    join = _ssh(lab, plane, "kubeadm token create --print-join-command").decode().strip()
    _ssh(lab, worker, f"{join} --cri-socket unix:///run/containerd/containerd.sock")
    joined = time.monotonic()
    _ssh(lab, plane, f"{ADMIN} apply -f -", plugin.encode())
    _ssh(lab, plane, f"{ADMIN} wait --for=condition=Ready node --all --timeout=240s")
    ready = time.monotonic()
    moments = (began, configured, started, joined, ready)
    names = ("configure", "init", "join", "plugin, Ready")
    return dict(zip(names, (b - a for a, b in itertools.pairwise(moments)), strict=True))


def _push(lab: Lab, host: str, folder: Path, then: str, late: dict[str, bytes] | None = None) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.add(path, str(path.relative_to(folder)), filter=_as_root)
        for name, text in (late or {}).items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o644
            archive.addfile(entry, io.BytesIO(text))
    _ssh(lab, host, f"tar x -C / && {then}", packed.getvalue())


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _ssh(lab: Lab, host: str, command: str, stdin: bytes = b"") -> bytes:
    argv = lab.inside(["ssh", "-F", lab.ssh_config, host, command])
    done = subprocess.run(argv, input=stdin, capture_output=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"{host}: {command}: {done.stdout[-500:]!r} {done.stderr[-1000:]!r}")
    return done.stdout
