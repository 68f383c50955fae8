"""Names of objects: one form everywhere, checked before anything else happens."""

from __future__ import annotations

import re

from aksprov.errors import DefinitionError

OBJECT_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
# Names that Windows keeps for devices; a folder of that name cannot be made there.
RESERVED = frozenset({"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)})


def check_name(kind: str, name: str) -> str:
    """Return ``name`` when it has the form that every object's name must have.

    Args:
        kind: what is named, for the message: "cluster", "network", "host", "node pool".

    Raises:
        DefinitionError: InvalidName or ReservedName.
    """
    if not OBJECT_NAME.fullmatch(name):
        raise DefinitionError(
            "InvalidName",
            f"{name!r} cannot be the name of a {kind}",
            where=f"{kind} name",
            why="a name has 1 to 63 letters, digits and hyphens, and begins and ends with a letter or digit",
            fix=f"choose another name for the {kind}",
        )
    if name.lower() in RESERVED:
        raise DefinitionError(
            "ReservedName",
            f"{name!r} cannot be the name of a {kind}",
            where=f"{kind} name",
            why="Windows keeps this name for a device, so no file or folder can have it there",
            fix=f"choose another name for the {kind}",
        )
    return name
