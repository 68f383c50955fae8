"""The wheel is whole: what is outside the package's folder in the tree is inside it once it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sample_cluster import desired

from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates

ROOT = Path(__file__).parents[2]
RENDER = """
import sys
from sample_cluster import desired
import aksprov
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates
sys.stderr.write(aksprov.__file__)
for host in ("cp1", "lb1"):
    print(render_bundle(desired(), host, {}, {}, Templates.load()))
"""


def test_an_installed_wheel_renders_what_the_tree_renders(tmp_path: Path) -> None:
    """Built without a network or isolation, installed without the tree."""
    wheels, installed = tmp_path / "wheels", tmp_path / "installed"
    _run("-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels), cwd=ROOT)
    (wheel,) = wheels.iterdir()
    _run("-m", "pip", "install", "-qq", "--no-index", "--no-deps", "--target", str(installed), str(wheel), cwd=tmp_path)

    done = _run("-c", RENDER, cwd=tmp_path, path=[installed, Path(__file__).parent])
    assert done.stderr == str(installed / "aksprov/__init__.py")
    in_the_tree = [f"{render_bundle(desired(), host, {}, {}, Templates.load())}\n" for host in ("cp1", "lb1")]
    assert done.stdout == "".join(in_the_tree)
    modules = tmp_path / "modules"
    install = "import sys; from aksprov.cli.main import run; sys.exit(run(['install-module', '--path', sys.argv[1]]))"
    _run("-c", install, str(modules), cwd=tmp_path, path=[installed])
    of_the_tree = {path.name: path.read_bytes() for path in (ROOT / "modules/Aksprov").iterdir()}
    assert {path.name: path.read_bytes() for path in (modules / "Aksprov").iterdir()} == of_the_tree


def _run(*arguments: str, cwd: Path, path: list[Path] | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path or []))}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
    return done
