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


def test_the_chapter_on_definitions_runs_as_printed(tmp_path: Path) -> None:
    (blocks,) = code_blocks(chapter("Definitions"))
    hosts, commands = blocks.split("\n\n")
    (tmp_path / "hosts.yaml").write_text(hosts + "\n")
    lines = commands.replace("\\\n", " ").splitlines()
    assert len(lines) == 7
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "aksprov"
        done = subprocess.run(
            [AKSPROV, *words],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "AKSPROV_STATE": str(tmp_path / "state.db")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert list((tmp_path / "review/cp1").rglob("*flannel*"))
    assert (tmp_path / "review/win1/C").is_dir()


def test_every_document_that_the_readme_names_is_there() -> None:
    links = re.findall(r"\]\((docs/[^)]+)\)", README.read_text())
    assert links
    assert [link for link in links if not (README.parent / link).is_file()] == []
