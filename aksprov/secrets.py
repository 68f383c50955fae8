"""References to secrets: what is stored and shown is where a secret is, never the secret."""

from __future__ import annotations

import re
from typing import Literal

from aksprov.errors import DefinitionError

SourceKind = Literal["env", "file", "keyring", "prompt"]
_REFERENCE = re.compile(r"(?:(env|file|keyring):(\S.*)|(prompt))")


def parse_reference(text: str, *, where: str) -> tuple[SourceKind, str]:
    """Split ``env:NAME``, ``file:PATH``, ``keyring:SERVICE/USER`` or ``prompt``.

    Raises:
        DefinitionError: SecretReferenceInvalid; the text itself is not repeated, as it
            may be a secret that was typed in the wrong place.
    """
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise DefinitionError(
            "SecretReferenceInvalid",
            "this is not a reference to a secret",
            where=where,
            why="a password itself is never accepted here, as it would be stored and shown",
            fix="give env:NAME, file:PATH, keyring:SERVICE/USER or prompt",
        )
    kind = match.group(1) or match.group(3)
    return kind, match.group(2) or ""  # type: ignore[return-value]  # the pattern allows only SourceKind
