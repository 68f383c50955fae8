"""Files that an option names with @: the text of an object."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from pathlib import Path

from aksprov.cmdlets.binding import unquote
from aksprov.cmdlets.declaration import Verb
from aksprov.errors import DefinitionError, NotFoundError

_LARGEST = 1 << 20  # bytes; a setting has a few hundred


def with_files(verb: Verb, given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """``given`` with the content of each file in place of its @name.

    Raises:
        NotFoundError: ObjectFileNotFound.
        DefinitionError: ObjectFileNotText.
    """
    objects = {p.name: p.option for p in verb.parameters if p.kind == "object" and not p.unavailable}
    return {
        name: [_content(objects[name], text) if name in objects else text for text in texts]
        for name, texts in given.items()
    }


def _content(option: str, text: str) -> str:
    name = unquote(text)
    if not name.startswith("@"):
        return text
    return read_text(option, name[1:])


def read_text(option: str, name: str) -> str:
    """The text of a file that an option names.

    Raises:
        NotFoundError: ObjectFileNotFound.
        DefinitionError: ObjectFileNotText.
    """
    path = Path(unquote(name))
    try:
        with path.expanduser().open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except (OSError, ValueError, RuntimeError) as error:  # no such file, no path at all, no home
        raise NotFoundError(
            "ObjectFileNotFound",
            f"the file for {option} cannot be read",
            where=str(path),
            why=getattr(error, "strerror", None) or str(error),
            fix="give the path of a JSON file",
        ) from None
    try:
        if len(raw) > _LARGEST:
            raise ValueError("it is larger than 1 MiB")
        return _decoded(raw)
    except ValueError as error:
        raise DefinitionError(
            "ObjectFileNotText",
            f"the file for {option} is not JSON text",
            where=str(path),
            why=str(error),
            fix="save it as JSON, in UTF-8",
        ) from None


def _decoded(raw: bytes) -> str:
    """Windows PowerShell's ``>`` writes UTF-16 with a byte-order mark, other tools UTF-8 with one."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16")
    return raw.decode("utf-8-sig")
