"""What a hosts file says before its meaning is known: texts, lists and mappings with their places.

Every form (YAML, JSON, CSV) is read into this one tree, so that one set of rules judges all three.
A scalar is the text as it was written: ``010``, ``no`` and ``1.30`` stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

# Deeper than any entry of a hosts file; what nests deeper is refused before it costs anything.
MAX_DEPTH = 16


class Mark(NamedTuple):
    """A place in a text; lines and columns count from 1, columns in characters."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text as written; None for nothing (an empty value, ``null``)."""

    text: str | None
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in their order; a key may be there twice."""

    entries: tuple[tuple[Scalar, Node], ...]
    mark: Mark | None


Node = Scalar | Sequence | Mapping


class FormError(Exception):
    """The text is not in the form that it should have.

    Args:
        mark: where.
        why: what is wrong there, one line.
    """

    def __init__(self, mark: Mark, why: str) -> None:
        super().__init__(why)
        self.mark = mark
        self.why = why


class Places:
    """Turns offsets in a text into marks.

    Offsets must be asked for in ascending order: the text is walked once.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._line = 1
        self._line_start = 0

    def mark(self, offset: int) -> Mark:
        """The place of the character at ``offset``; LF, CRLF and CR end a line."""
        text = self._text
        at = self._line_start
        while True:
            ends = [end for end in (text.find("\n", at, offset), text.find("\r", at, offset)) if end >= 0]
            if not ends:
                return Mark(self._line, offset - self._line_start + 1)
            at = min(ends) + 1
            if text[at - 1] == "\r" and text[at : at + 1] == "\n":
                at += 1
            if at > offset:  # between CR and LF: still the line that they end
                return Mark(self._line, offset - self._line_start + 1)
            self._line, self._line_start = self._line + 1, at
