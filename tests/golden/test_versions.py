"""What a version decides of a node's files, for a few versions that differ; the schemas see all of them."""

from __future__ import annotations

import pytest
from goldens import Compare
from matrix import CELLS, Cell

FILES = ("kubeadm-init.yaml", "kubeadm-join.yaml", "config.toml", "99-zz-aksprov-kubernetes.conf")


def decided(cell: Cell) -> dict[str, str]:
    """Host and file -> text: the first control plane, a further one, and the worker with taints."""
    return {
        f"{bundle.host}/{name}": file.content or ""
        for bundle in cell.bundles
        if bundle.host in ("cp1", "cp2", "w2")
        for file in bundle.files
        if (name := file.path.rpartition("/")[2]) in FILES
    }


@pytest.mark.parametrize(
    ("minor", "title"),
    [
        ("1.20", "calico, iptables"),
        ("1.24", "calico, iptables"),
        ("1.30", "calico, iptables"),
        ("1.31", "calico, iptables"),
        ("1.37", "calico, iptables"),
        ("1.24", "calico, ebpf"),
        ("1.37", "calico, ebpf"),
        ("1.37", "calico, nftables"),
        ("1.37", "calico, dual stack"),
    ],
)
def test_files_of_a_version(minor: str, title: str, compare: Compare) -> None:
    cell = next(c for c in CELLS if (c.version.minor, c.variant.title) == (minor, title))
    case = f"versions/{minor}-{title.rpartition(', ')[2].replace(' ', '-')}"
    compare(case, decided(cell))
