"""A pretended Windows host with stand-ins for a node's programs, and what they were asked for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PROGRAMS = (
    "Program Files/containerd/containerd.exe",
    "Program Files/containerd/containerd-shim-runhcs-v1.exe",
    "Program Files/containerd/crictl.exe",
    "k/kubeadm.exe",
    "k/kubelet.exe",
    "k/kube-log-runner.exe",
    "k/kube-proxy.exe",
)
RUN = "ProgramData/aksprov/run"


class WindowsNode:
    """The drives of a host, by the folder that stands for them."""

    def __init__(self, root: Path) -> None:
        self.root, self.drive, self.standin = root, root / "C", root / ".standin"

    def install(self) -> None:
        """Put the stand-ins where a node's programs are."""
        text = Path(__file__).with_name("kubernetes_exe.py").read_text()
        self.standin.mkdir(parents=True, exist_ok=True)
        for program in PROGRAMS:
            place = self.drive / program
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(f"#!{sys.executable}\n{text}")
            place.chmod(0o755)

    def knows(self, certificate: str) -> None:
        """The cluster that kubeadm finds has this CA."""
        (self.standin / "ca.crt").write_text(certificate)

    @property
    def windows(self) -> dict[str, Any]:
        """Services, tasks, networks as the host has them."""
        return dict(json.loads((self.root / ".winrmhost/windows.json").read_text()))

    def calls(self, verb: str) -> list[list[str]]:
        """What kubeadm was called with."""
        file = self.standin / "calls"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [line for line in lines if line[0] == verb]

    def secrets(self, *texts: str) -> list[str]:
        """Files of the host that have one of these texts, by path on drive C:."""
        files = [p for p in self.drive.rglob("*") if p.is_file() and not p.is_symlink()]
        return [str(p.relative_to(self.drive)) for p in files if any(t.encode() in p.read_bytes() for t in texts)]

    @property
    def left(self) -> list[str]:
        """What lies in our own folder of long steps."""
        return sorted(p.name for p in (self.drive / RUN).glob("aksprov-step-*"))
