"""Hosts that have Kubernetes' programs and images already: the kit that AKSPROV_TEST_KUBERNETES names, put there."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from minilab import Lab
from repository import debian_packages

VERSION = "v1.20.2"
PACKAGES = ["containerd", "runc", "ethtool", "containernetworking-plugins", "conntrack", "socat", "iptables"]
WORKER_IMAGES = ("kube-proxy", "pause", "httpd")
BALANCER_PACKAGES = ["haproxy", "keepalived"]
TOOLS = ("kubeadm", "kubelet", "kubectl", "crictl")
KUBELET_UNIT = """[Unit]
Description=kubelet: The Kubernetes Node Agent
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
"""
KUBEADM_DROP_IN = """[Service]
Environment="FIRST=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf"
Environment="THEN=--kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $FIRST $THEN $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""
# What the lab asks for besides: the machine's cloud has no metadata service.
LAB = "ip route replace unreachable 169.254.169.254"
# And what a preinstalled host has that Debian's packages do not bring: they have the plugins elsewhere.
HOST = f"""
{LAB}
mkdir -p /opt/cni/bin && cp -s /usr/lib/cni/* /opt/cni/bin/
mkdir -p /etc/systemd/system/kubelet.service.d
systemctl daemon-reload && systemctl restart containerd
"""


class Kit:
    """The kit's programs and images, unpacked once on this machine."""

    def __init__(self) -> None:
        packed = Path(os.environ["AKSPROV_TEST_KUBERNETES"]) / VERSION
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aksprov-kubernetes"
        self.folder = cache / hashlib.sha256((packed / "SHA256SUMS").read_bytes()).hexdigest()[:12]
        if not self.folder.is_dir():
            self._unpack(packed)

    def _unpack(self, packed: Path) -> None:
        subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=packed, check=True)
        part = self.folder.with_name(f"{self.folder.name}.{os.getpid()}")
        part.mkdir(parents=True)
        for file in (*packed.glob("bin/*.xz"), packed / "images.tar.xz"):
            with lzma.open(file) as source, (part / file.stem).open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        (part / "kubectl").chmod(0o755)
        _subset(part / "images.tar", part / "worker.tar", _is_workers)
        part.rename(self.folder)

    def program(self, name: str) -> Path:
        """A program of the kit that runs on this machine."""
        return self.folder / name

    def prepare(self, lab: Lab, control_planes: Sequence[str], workers: Sequence[str]) -> None:
        """Make these hosts what a site has where everything is installed before aksprov comes."""
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda name: self._host(lab, name, "images.tar"), control_planes))
            list(pool.map(lambda name: self._host(lab, name, "worker.tar"), workers))

    def bundle_source(self, folder: Path) -> Path:
        """The folder that new-offline-bundle takes: the kit's programs and images, and packages of Debian."""
        for tool in TOOLS:
            _put(self.folder / tool, folder / "linux/bin")
        _put(self.folder / "worker.tar", folder / "linux/images")
        control = folder / "linux/images/control-plane.tar"
        _subset(self.folder / "images.tar", control, lambda name: not _is_workers(name))
        for place, names in (("node", PACKAGES), ("load-balancer", BALANCER_PACKAGES)):
            for deb in debian_packages(names).glob("*.deb"):
                _put(deb, folder / "linux/packages" / place)
        return folder

    def _host(self, lab: Lab, name: str, images: str) -> None:
        lab[name].write("/etc/systemd/system/kubelet.service", KUBELET_UNIT)
        lab[name].write("/etc/systemd/system/kubelet.service.d/10-kubeadm.conf", KUBEADM_DROP_IN)
        for tool in TOOLS:
            _inside(lab, name, f"cat > /usr/bin/{tool} && chmod 755 /usr/bin/{tool}", self.folder / tool)
        _inside(lab, name, HOST)
        _inside(lab, name, "ctr -n k8s.io images import -", self.folder / images)


def _inside(lab: Lab, name: str, command: str, stdin: Path | None = None) -> None:
    """In the host, without ssh: no encryption to pay for when 600 MB go in."""
    enter = [
        "nsenter",
        "--mount",
        "--pid",
        "-t",
        str(lab.holder),
        "nsenter",
        "--all",
        "-t",
        str(lab[name].info()["pid"]),
    ]
    with open(stdin or os.devnull, "rb") as file:
        done = subprocess.run([*enter, "sh", "-ec", command], stdin=file, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, (name, command, done.stdout[-2000:], done.stderr[-2000:])


def _put(source: Path, folder: Path) -> None:
    """A file in a folder, without its bytes being copied where that can be."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, folder / source.name)
    except OSError:  # another file system
        shutil.copy(source, folder / source.name)


def _is_workers(tag: str) -> bool:
    """Whether a worker needs the image of that tag."""
    return any(f"/{name}:" in tag for name in WORKER_IMAGES)


def _subset(source: Path, target: Path, wanted: Callable[[str], bool]) -> None:
    """An archive with only some images of another one."""
    with tarfile.open(source) as archive, tarfile.open(target, "w") as smaller:
        first = archive.next()
        assert first is not None
        index = archive.extractfile(first)
        assert index is not None
        keep = [m for m in json.load(index) if wanted(m["RepoTags"][0])]
        files = {name for m in keep for name in (m["Config"], *m["Layers"])}
        text = json.dumps(keep).encode()
        first.size = len(text)
        smaller.addfile(first, io.BytesIO(text))
        for member in archive:
            if member.name in files:
                smaller.addfile(member, archive.extractfile(member))
