"""Goldens: files that are compared byte by byte with those in a folder beside the tests.

``pytest tests/golden --force-regen`` writes the expected files anew; read the diff before
it is committed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from aksprov.model.bundle import Bundle

Compare = Callable[[str, dict[str, str]], None]


def compare(case: str, files: dict[str, str], *, write: bool) -> None:
    """Hold files against those below a folder such as "bundles/worker", or write them there."""
    folder = Path(__file__).parent / case
    if write:
        shutil.rmtree(folder, ignore_errors=True)
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8", newline="")
    found = {p.relative_to(folder).as_posix(): p.read_bytes().decode() for p in folder.rglob("*") if p.is_file()}
    assert sorted(files) == sorted(found)
    for name, text in files.items():
        assert text == found[name], name


def texts(bundle: Bundle) -> dict[str, str]:
    """A bundle as files: each under its own path, and an index of what a path does not show."""
    index = [
        f"{f.mode} {f.owner} {f.reader} {f.cluster} {f.path}{f' late:{f.late}' * bool(f.late)}" for f in bundle.files
    ]
    index += [f"listen {x.unit} {x.address}:{x.port}" for x in bundle.listens]
    contents = {_below(f.path): f.content for f in bundle.files if f.content is not None}
    return {"index": "\n".join(index) + "\n", **contents}


def _below(path: str) -> str:
    """A path of a host as one below a folder: C:/k/x is C/k/x there, as Windows has no colon in names."""
    return path.replace(":/", "/").removeprefix("/")
