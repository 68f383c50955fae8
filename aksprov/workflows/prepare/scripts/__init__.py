"""The scripts of preparation; values come before them, as assignments."""

from __future__ import annotations

from importlib.resources import files

from aksprov.workflows.bring_up.scripts import script


def preparation(*names: str, values: dict[str, str]) -> str:
    """The text of scripts, one after the other, with the shell variables that they need.

    Args:
        names: of files here, without .sh.
    """
    return script(values=values) + "".join((files(__name__) / f"{name}.sh").read_text("utf-8") for name in names)
