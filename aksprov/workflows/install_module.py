"""install-module: put the PowerShell module where PowerShell finds it."""

from __future__ import annotations

import os
import shutil
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory

from aksprov import __version__
from aksprov.errors import DefinitionError, UsageError
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.workflows.session import Session

_OURS = "Aksprov"


def run(request: Request, session: Session) -> Outcome:
    """Copy the module into each folder, in place of an older one of ours.

    Raises:
        DefinitionError: ModuleNotOurs; nothing was written.
        UsageError: ModuleNotWritten.
    """
    given = request.text("path")
    folders = (Path(given).expanduser().absolute(),) if given else tuple(_own_folders())
    names = (_OURS, "AksHci") if request.flag("akshci") else (_OURS,)
    targets = [folder / name for folder in folders for name in names]
    for target in targets:
        _check(target)
    for target in targets:
        _write(target)
    return Outcome(objects=tuple({"Name": t.name, "Version": __version__, "Path": str(t)} for t in targets))


def _own_folders() -> tuple[Path, ...]:
    """The user's own folders of modules.

    Source: about_PSModulePath (learn.microsoft.com/powershell), for PowerShell 7 and Windows PowerShell 5.1.
    """
    if os.name != "nt":
        return (Path.home() / ".local/share/powershell/Modules",)
    from platformdirs import user_documents_path  # not needed where a path is given

    return tuple(user_documents_path() / name / "Modules" for name in ("PowerShell", "WindowsPowerShell"))


def _sources() -> Traversable:
    packaged = resources.files("aksprov") / "_data" / "modules"  # where the wheel puts them
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "modules"


def _check(target: Path) -> None:
    """Another's module of that name stays: AksHci itself may be there."""
    manifest = target / f"{target.name}.psd1"
    try:
        theirs = target.exists() and "aksprov" not in manifest.read_text(encoding="utf-8", errors="replace").lower()
    except OSError:
        theirs = True
    if theirs:
        raise DefinitionError(
            "ModuleNotOurs",
            f"another module {target.name} is there",
            where=str(target),
            why="it is none that aksprov put there, and would be lost",
            fix="remove it, or give another folder with --path",
        )


def _write(target: Path) -> None:
    """A whole new folder, swapped in: a PowerShell that loads it meanwhile sees the old one or the new one."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
            new = Path(scratch) / "new"
            new.mkdir(mode=0o755)
            for entry in (_sources() / target.name).iterdir():
                (new / entry.name).write_bytes(entry.read_bytes())
            if target.exists():
                shutil.move(target, Path(scratch) / "old")
            shutil.move(new, target)
    except OSError as error:
        raise UsageError(
            "ModuleNotWritten",
            "the module cannot be put there",
            where=str(target),
            why=error.strerror or str(error),
            fix="give a folder that can be written with --path",
        ) from None
