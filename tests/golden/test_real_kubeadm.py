"""Kubernetes 1.20's documents by its own kubeadm, which says what it does not know and still goes on: so not a word."""

from __future__ import annotations

import lzma
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from matrix import Cell, possible
from sample_cluster import VIP

from aksprov.rendering.node import CRI_SOCKET

pytestmark = pytest.mark.kubernetes

CELLS = [cell for cell in possible() if cell.version.minor == "1.20"]
VERSION = "v1.20.2"
# What the step that joins a node appends to its copy of the document.
TOKEN = "    token: abcdef.0123456789abcdef\n    unsafeSkipCAVerification: true\n"
# The machine that tests run on need not run systemd.
EXPECTED = re.compile(r"W\d+ .* cannot determine if systemd-resolved is active: .*")


@pytest.fixture(scope="module")
def kubeadm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, unpacked."""
    program = tmp_path_factory.mktemp("bin") / "kubeadm"
    packed = Path(os.environ["AKSPROV_TEST_KUBERNETES"]) / VERSION / "bin/kubeadm.xz"
    program.write_bytes(lzma.decompress(packed.read_bytes()))
    program.chmod(0o755)
    return program


def kubeadm_documents(cell: Cell) -> dict[str, str]:
    """Host -> its document for kubeadm, complete, and a Windows node's with a socket that Linux' kubeadm knows."""
    texts = {
        b.host: (f.content or "").replace("npipe:////./pipe/containerd-containerd", CRI_SOCKET)
        for b in cell.bundles
        for f in b.files
        if f.reader == "kubeadm"
    }
    return {host: text if "InitConfiguration" in text else text + TOKEN for host, text in texts.items()}


def run(program: Path, *arguments: str) -> tuple[str, list[str]]:
    """What kubeadm prints, and what it says against its input."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if not EXPECTED.fullmatch(line)]
    assert done.returncode == 0 or said, arguments
    return done.stdout, said


def migrated(kubeadm: Path, folder: Path, text: str) -> tuple[list[dict[str, Any]], list[str]]:
    """A document as kubeadm has it after it read it, and what it says against it."""
    (folder / "in.yaml").write_text(text)
    (folder / "out.yaml").unlink(missing_ok=True)
    names = ("--old-config", str(folder / "in.yaml"), "--new-config", str(folder / "out.yaml"))
    _, said = run(kubeadm, "config", "migrate", *names)
    written = folder / "out.yaml"
    return list(yaml.safe_load_all(written.read_text())) if written.exists() else [], said


@pytest.mark.parametrize("cell", CELLS, ids=lambda c: c.variant.title)
def test_kubeadm_reads_back_what_was_written(cell: Cell, kubeadm: Path, tmp_path: Path) -> None:
    """Every host's, with pools that have taints, labels and more pods."""
    for host, text in kubeadm_documents(cell).items():
        read, said = migrated(kubeadm, tmp_path, text)
        assert said == [], host
        wanted = next(d for d in yaml.safe_load_all(text) if "nodeRegistration" in d)
        found = next(d for d in read if d["kind"] == wanted["kind"])
        default = {"taints": [{"effect": "NoSchedule", "key": "node-role.kubernetes.io/master"}]}
        control_plane = wanted["kind"] == "InitConfiguration" or "controlPlane" in wanted
        registration = {**(default if control_plane else {}), **wanted["nodeRegistration"]}
        assert _plain(found["nodeRegistration"]) == _plain(registration), host


def _plain(registration: dict[str, Any]) -> dict[str, Any]:
    """Without what stands for nothing: no taints, a taint without a value."""
    taints = [{k: v for k, v in taint.items() if v} for taint in registration.get("taints") or ()]
    return {**registration, "taints": taints}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("clusterName", "clusterNaem", "clusterNaem"),
        ("maxPods", "maxPoods", "maxPoods"),
        ("kubeadm.k8s.io/v1beta2", "kubeadm.k8s.io/v1beta3", "v1beta3"),
        ("    node-ip:", "    - name: node-ip\n      value:", "kubeletExtraArgs"),
    ],
)
def test_another_versions_shape_is_seen(old: str, new: str, words: str, kubeadm: Path, tmp_path: Path) -> None:
    """The check above can fail."""
    text = kubeadm_documents(CELLS[0])["cp1"]
    assert words in "\n".join(migrated(kubeadm, tmp_path, text.replace(old, new))[1])


def test_containerd_gets_the_pause_image_that_kubeadm_expects(kubeadm: Path, tmp_path: Path) -> None:
    """And all images come from the host that is configured."""
    files = {f.path: f.content or "" for f in CELLS[0].bundles[0].files}
    (tmp_path / "init.yaml").write_text(files["/etc/kubernetes/aksprov/kubeadm-init.yaml"])
    printed, said = run(kubeadm, "config", "images", "list", "--config", str(tmp_path / "init.yaml"))
    images = printed.split()
    assert said == [] and len(images) == 7
    assert all(image.startswith("k8s.gcr.io/") for image in images)  # where the kubeadm of that time has them from
    (pause,) = (image for image in images if "/pause:" in image)
    assert f'"{pause}"' in files["/etc/containerd/config.toml"]


@pytest.mark.skipif(os.geteuid() != 0, reason="kubeadm changes its root folder, which only root may")
def test_a_rehearsal_of_init_has_the_definitions_values(kubeadm: Path, tmp_path: Path) -> None:
    """In a root folder of its own: certificates, static pods and the documents that it would store."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "init.yaml").write_text(kubeadm_documents(CELLS[0])["cp1"])
    phases = "preflight,kubelet-start,wait-control-plane"
    printed, said = run(
        kubeadm, "init", "--dry-run", f"--skip-phases={phases}", "--rootfs", str(tmp_path), "--config", "/init.yaml"
    )
    assert said == []
    (made,) = (tmp_path / "etc/kubernetes/tmp").iterdir()
    pods = {p.stem: p.read_text() for p in made.glob("kube-*.yaml")}
    assert "--advertise-address=10.77.0.11\n" in pods["kube-apiserver"]
    assert "--service-cluster-ip-range=10.96.0.0/12\n" in pods["kube-apiserver"]
    assert "--cluster-cidr=10.244.0.0/16\n" in pods["kube-controller-manager"]
    assert "--cluster-name=demo\n" in pods["kube-controller-manager"]
    for line in ("cgroupDriver: systemd", "maxPods: 110", "mode: iptables", f"controlPlaneEndpoint: {VIP}:6443"):
        assert f" {line}\n" in printed, line
    certificate = x509.load_pem_x509_certificate((made / "apiserver.crt").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert VIP in map(str, names.get_values_for_type(x509.IPAddress))
