"""The README's chapters that need no host are run as they are printed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
AKSPROV = Path(sys.executable).with_name("aksprov")


def chapter(title: str) -> str:
    text = README.read_text()
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def code_blocks(text: str) -> list[str]:
    """The indented blocks of a chapter, without their indent."""
    found = re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", text, re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in found]


def run_all(commands: str, folder: Path) -> list[str]:
    """Runs each line in a folder with a state of its own; what each printed."""
    printed = []
    for line in commands.replace("\\\n", " ").splitlines():
        program, *words = shlex.split(line, comments=True)
        assert program == "aksprov"
        done = subprocess.run(
            [AKSPROV, *words],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "AKSPROV_STATE": str(folder / "state.db")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        printed.append(done.stdout)
    return printed


def test_the_chapter_on_networks_runs_as_printed(tmp_path: Path) -> None:
    first, pools, sites = code_blocks(chapter("Networks"))
    commands, _, drawn = pools.partition("\n\n")
    run_all(first, tmp_path)
    *_, picture = run_all(commands, tmp_path)
    assert picture.endswith(drawn)
    assert len(run_all(sites, tmp_path)) == 4


def test_the_chapter_on_definitions_runs_as_printed(tmp_path: Path) -> None:
    (blocks,) = code_blocks(chapter("Definitions"))
    hosts, commands = blocks.split("\n\n")
    (tmp_path / "hosts.yaml").write_text(hosts + "\n")
    assert len(run_all(commands, tmp_path)) == 7
    assert list((tmp_path / "review/cp1").rglob("*flannel*"))
    assert (tmp_path / "review/win1/C").is_dir()


def test_every_document_that_the_readme_names_is_there() -> None:
    links = re.findall(r"\]\((docs/[^)]+)\)", README.read_text())
    assert links
    assert [link for link in links if not (README.parent / link).is_file()] == []
